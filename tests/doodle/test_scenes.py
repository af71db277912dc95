"""Scenes hold together, and their captions say what they show."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from doodle.captions import ENGLISH_PLACES, TONE_WORDS, english, french
from doodle.paint import FALLING, PIXEL, Painter, resized, tinted
from doodle.places import SIDE, Background, backgrounds, painted
from doodle.scenes import (
    CELL,
    CELLS,
    FIVE,
    SINGLES,
    STYLES,
    WEARERS,
    WEATHERS,
    Figure,
    Mix,
    Relation,
    Scene,
    held_out,
    outdoors,
    random_scene,
    recoloured,
    styled,
)
from doodle.sprites import Pixels
from doodle.subjects import COLOURS, PEOPLE, TONES, drawings, index_of, sprite_row, subjects
from doodle.tokenizer import LENGTH, new_tokenizer, token

Say = Callable[..., str]


def many_scenes(count: int = 400) -> list[Scene]:
    """Scenes of all kinds."""
    rng = np.random.default_rng(7)
    return [random_scene(rng, Mix()) for _ in range(count)]


def test_every_figure_is_inside_the_picture() -> None:
    for scene in many_scenes():
        for figure in scene.figures:
            assert 0 <= figure.x <= CELLS - figure.size
            assert 0 <= figure.y <= CELLS - figure.size


def test_figures_that_stand_side_by_side_do_not_overlap() -> None:
    for scene in many_scenes():
        if scene.relation in (Relation.LEFT, Relation.RIGHT, Relation.NEXT, Relation.AND):
            one, other = sorted(scene.figures, key=lambda figure: figure.x)
            assert one.x + one.size <= other.x


def test_what_is_said_to_be_left_is_left() -> None:
    for scene in many_scenes():
        if scene.relation is Relation.LEFT:
            assert scene.figures[0].x < scene.figures[1].x
        if scene.relation is Relation.RIGHT:
            assert scene.figures[0].x > scene.figures[1].x


def test_what_is_worn_sits_on_its_wearer() -> None:
    worn = [scene for scene in many_scenes() if scene.relation is Relation.WEARING]
    assert worn
    for scene in worn:
        wearer, thing = scene.figures
        assert subjects()[wearer.subject].name in WEARERS
        assert wearer.x < thing.x
        assert thing.x + thing.size < wearer.x + wearer.size
        assert thing.y < wearer.y + wearer.size / 2


def test_it_rains_and_snows_outdoors_only_and_the_caption_says_so() -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(5)
    wet = [scene for scene in many_scenes(800) if scene.weather]
    assert {scene.weather for scene in wet} == set(WEATHERS)
    for scene in wet:
        assert outdoors(scene.background)
        for say in (english, french):
            assert scene.weather in tokenizer.tokenize(say(scene, rng))


def test_a_style_that_is_no_artists_is_always_said() -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(5)
    for scene in many_scenes():
        for say in (english, french):
            tokens = set(tokenizer.tokenize(say(scene, rng)))
            assert tokens & set(STYLES) == ({scene.style} if scene.style else set())


def test_people_vary_evenly_and_keep_the_skin_they_have() -> None:
    figures = [figure for scene in many_scenes(4000) for figure in scene.figures]
    some = [one for one in figures if subjects()[one.subject].kind == PEOPLE]
    drawn = [subjects()[one.subject].drawings[one.drawing] for one in some]
    assert not any(one.tint for one in some)
    tones = Counter(one.tone for one in drawn)
    assert set(tones) == set(TONES)
    assert min(tones.values()) > 0.7 * max(tones.values())
    either = Counter(
        drawing.gender
        for one, drawing in zip(some, drawn, strict=True)
        if subjects()[one.subject].either
    )
    assert min(either.values()) > 0.7 * max(either.values())


@pytest.mark.parametrize("say", [english, french])
def test_who_is_not_told_to_be_a_woman_or_a_man_is_as_often_either(say: Say) -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(6)
    row, untold = index_of("cook"), Counter[str]()
    for number, drawing in enumerate(subjects()[row].drawings * 60):
        scene = Scene(Background(place="space"), (Figure(row, 0, 8, 4, 4, drawing=number % 10),))
        if not {"woman_", "man_"} & set(tokenizer.tokenize(say(scene, rng))):
            untold[drawing.gender] += 1
    assert min(untold.values()) > 0.8 * max(untold.values())


@pytest.mark.parametrize("background", [Background(place="space"), Background(colour="teal")])
def test_a_caption_tells_no_skin_or_gender_but_those_that_are_shown(background: Background) -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(6)
    row = index_of("cook")
    told = set()
    for number, drawing in enumerate(subjects()[row].drawings):
        for say in (english, french) * 20:
            scene = Scene(background, (Figure(row, 0, 8, 4, 4, drawing=number),))
            tokens = set(tokenizer.tokenize(say(scene, rng)))
            assert tokens & {"white", "brown", "black"} <= set(TONE_WORDS[drawing.tone])
            assert tokens & {"woman_", "man_"} <= {f"{drawing.gender}_"}
            told |= tokens
    assert {"white", "brown", "black", "woman_", "man_"} <= told


def test_nothing_is_told_of_several_people_who_differ() -> None:
    tokenizer, rng, row = new_tokenizer(teaching=True), np.random.default_rng(6), index_of("cook")
    figures = tuple(Figure(row, 0, 8, x, 4, drawing=x) for x in (0, 8))
    for say in (english, french) * 20:
        tokens = tokenizer.tokenize(say(Scene(Background(place="space"), figures), rng))
        assert not set(tokens) & {"white", "brown", "black", "woman_", "man_"}


def test_a_caption_never_calls_the_colour_of_a_background_that_of_the_subject() -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(6)
    scene = Scene(Background(colour="red"), (Figure(index_of("cat"), 0, 8, 4, 4),))
    for say in (english, french) * 50:
        tokens = tokenizer.tokenize(say(scene, rng, untold=False))
        assert "background" in tokens, tokens


def test_where_nothing_but_falling_snow_is_said_there_is_snow_on_the_ground() -> None:
    rng = np.random.default_rng(6)
    for scene in [scene for scene in many_scenes(800) if scene.weather == "snowfall"]:
        if scene.background.place != "snow":
            said = english(scene, rng)
            places = (*ENGLISH_PLACES[scene.background.place], "over", "flying")
            assert any(place in said for place in places), said


def test_of_two_kinds_one_or_each_has_a_colour_of_its_own() -> None:
    rng = np.random.default_rng(3)
    pairs = [random_scene(rng, Mix(place=0, pair=1, tint=1)) for _ in range(300)]
    coloured = Counter(
        tuple(figure.tint is not None for figure in scene.figures)
        for scene in pairs
        if all(recoloured(figure.subject) for figure in scene.figures)
    )
    assert set(coloured) == {(True, False), (False, True), (True, True)}
    assert min(coloured.values()) > 0.2 * coloured.total()
    for scene in pairs:
        tints = {figure.tint for figure in scene.figures if figure.tint}
        assert scene.background.colour not in tints


def test_a_moon_over_something_means_night() -> None:
    found = [s for s in many_scenes() if s.relation is Relation.UNDER_SKY]
    moons = [s for s in found if s.figures[0].subject == index_of("moon")]
    assert moons
    assert all(scene.background.time == "night" for scene in moons)


def test_no_scene_shows_a_combination_that_is_held_out() -> None:
    for scene in many_scenes():
        assert not any(held_out(figure.subject, scene.background) for figure in scene.figures)


def test_every_subject_has_combinations_to_learn_and_some_held_out() -> None:
    for row in range(len(subjects())):
        kept = [held_out(row, background) for background in backgrounds()]
        assert any(kept)
        assert kept.count(False) > 20


def test_early_scenes_have_one_subject_in_one_spot_or_one_under_the_sky() -> None:
    rng = np.random.default_rng(3)
    scenes = [random_scene(rng, SINGLES) for _ in range(200)]
    alone = [scene for scene in scenes if scene.relation is not Relation.UNDER_SKY]
    assert {len(scene.figures) for scene in alone} == {1}
    assert len({(scene.figures[0].x, scene.figures[0].y) for scene in alone}) == 2


def seen(sprites: Pixels, scene: Scene) -> NDArray[np.int64]:
    """The scene painted, as whole numbers from 0 to 255: (SIDE, SIDE, 3)."""
    picture = (Painter(sprites).paint([scene])[0] + 1) * 127.5
    return picture.round().permute(1, 2, 0).numpy().astype(int)


def test_a_painted_scene_shows_its_sprite_where_it_says(sprites: Pixels) -> None:
    scene = Scene(Background(colour="blue"), (Figure(2, 0, 8, 8, 0),))
    picture = seen(sprites, scene)
    assert picture.shape == (SIDE, SIDE, 3)
    assert tuple(picture[64, 192]) == tuple(sprites[2, 0, 96, 96, :3])
    assert tuple(picture[200, 40]) == COLOURS["blue"]


def test_each_drawing_of_somebody_is_painted_from_its_own_sprite(sprites: Pixels) -> None:
    row = index_of("cook")
    rows = [sprite_row(row, number) for number in range(10)]
    assert [drawings()[one] for one in rows] == [(row, one) for one in subjects()[row].drawings]
    middles = [
        tuple(seen(sprites, Scene(Background(colour="blue"), (one,)))[128, 128])
        for one in (Figure(row, 0, 8, 4, 4, drawing=number) for number in range(10))
    ]
    assert middles == [tuple(sprites[one, 0, 96, 96, :3]) for one in rows]
    assert len(set(middles)) == 10


def test_scenes_painted_together_are_those_painted_alone(sprites: Pixels) -> None:
    scenes, painter = many_scenes(40), Painter(sprites)
    together = painter.paint(scenes)
    for row, scene in enumerate(scenes):
        assert torch.equal(painter.paint([scene])[0], together[row])


def test_a_flipped_figure_is_its_mirror_image(sprites: Pixels) -> None:
    halved = sprites.copy()
    halved[..., : halved.shape[3] // 2, 3] = 0
    figure, background = Figure(2, 0, 8, 4, 4), Background(colour="blue")
    straight, mirrored = (
        seen(halved, Scene(background, (replace(figure, flipped=flipped),)))
        for flipped in (False, True)
    )
    assert not np.array_equal(straight, mirrored)
    assert np.array_equal(straight, mirrored[:, ::-1])


def test_what_is_in_front_hides_a_part_of_the_other_and_is_said_first(sprites: Pixels) -> None:
    scenes = [scene for scene in many_scenes(3000) if scene.relation is Relation.FRONT]
    assert scenes
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(2)
    for scene in scenes[:20]:
        behind, before = scene.figures
        alone = seen(sprites, replace(scene, figures=(before,), style=""))
        both = seen(sprites, replace(scene, style=""))
        down = slice(before.y * CELL + 9, before.y * CELL + 13)
        across = slice(before.x * CELL + 60, before.x * CELL + 68)
        assert np.array_equal(both[down, across], alone[down, across])
        for say in (english, french):
            tokens = tokenizer.tokenize(say(scene, rng))
            named = [tokens.index(token(subjects()[one.subject])) for one in (before, behind)]
            assert named[0] < tokens.index("front") < named[1]


def test_five_stand_apart_as_on_a_die_and_captions_say_five() -> None:
    scenes = [scene for scene in many_scenes(3000) if len(scene.figures) == 5]
    assert scenes
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(2)
    for scene in scenes[:20]:
        assert {(one.x, one.y) for one in scene.figures} == set(FIVE)
        for say in (english, french):
            assert "five" in tokenizer.tokenize(say(scene, rng))


def test_pixels_are_squares_and_a_drawing_has_lines_on_paper(sprites: Pixels) -> None:
    scene = Scene(Background(colour="orange"), (Figure(2, 0, 8, 4, 4),))
    plain, pixels, drawn = (
        seen(sprites, styled(scene, style)) for style in ("", "pixel", "drawing")
    )
    squares = pixels.reshape(SIDE // PIXEL, PIXEL, SIDE // PIXEL, PIXEL, 3)
    assert (squares == squares[:, :1, :, :1]).all()
    assert not np.array_equal(plain, pixels)
    assert (drawn[0, 0] > plain[0, 0]).any()
    assert drawn.min() < 50 < plain.min()


def test_weather_falls_behind_what_stands_in_it(sprites: Pixels) -> None:
    dry = Scene(Background(place="meadow"), (Figure(2, 0, 8, 4, 6),))
    plain, *wet = (seen(sprites, replace(dry, weather=one)) for one in ("", *WEATHERS))
    for picture, weather in zip(wet, WEATHERS, strict=True):
        fallen = np.abs(picture - FALLING[weather]).max(-1) < 30
        assert 0.005 < fallen[192:].mean() < 0.2
        assert np.array_equal(picture[144:176, 112:144], plain[144:176, 112:144])
    assert np.abs(wet[0] - wet[1]).max() > 60


def test_every_background_is_a_different_picture() -> None:
    pictures = [painted(background).astype(int) for background in backgrounds()]
    for row, one in enumerate(pictures):
        for other in pictures[:row]:
            assert np.abs(one - other).mean() > 2


@pytest.mark.parametrize("colour", COLOURS)
def test_a_tinted_sprite_keeps_its_shape_and_takes_the_colour(sprites: Pixels, colour: str) -> None:
    gray = resized(torch.from_numpy(sprites[:1, 0]), 192)
    gray[:, :3] = 120
    shade = torch.tensor(COLOURS[colour]).float()
    result = tinted(gray, shade[None])
    assert torch.equal(result[:, 3], gray[:, 3])
    assert (result[0, :3, 96, 96] - shade).abs().max() < 40


def test_a_smaller_sprite_has_no_dark_rim(sprites: Pixels) -> None:
    white = sprites[0, 0].copy()
    white[..., :3] = np.where(white[..., 3:] > 0, 255, 0)
    small = resized(torch.from_numpy(white[None]), 64)
    assert small[:, :3][(small[:, 3:] > 16).expand(-1, 3, -1, -1)].min() > 240


def test_captions_name_every_subject_the_scene_shows() -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(5)
    for scene in many_scenes(250):
        for say in (english, french):
            prompt = say(scene, rng)
            tokens = tokenizer.tokenize(prompt)
            assert len(tokens) + 2 <= LENGTH, prompt
            for figure in scene.figures:
                assert tokens.count(token(subjects()[figure.subject])) == 1, prompt


def test_captions_leave_no_word_of_the_vocabulary_unused() -> None:
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(11)
    seen: set[str] = set()
    for _ in range(5000):
        scene = random_scene(rng, Mix())
        seen.update(tokenizer.tokenize(english(scene, rng)))
        seen.update(tokenizer.tokenize(french(scene, rng)))
    unused = set(tokenizer.get_vocab()) - seen - {"<|startoftext|>", "<|endoftext|>", "one"}
    assert not unused


def test_both_languages_say_the_colour_and_the_number() -> None:
    figures = tuple(Figure(0, 0, 8, x, 4, tint="green") for x in (0, 8))
    scene = Scene(Background(colour="white"), figures)
    tokenizer, rng = new_tokenizer(teaching=True), np.random.default_rng(0)
    for say in (english, french):
        tokens = tokenizer.tokenize(say(scene, rng, untold=False))
        assert {"two", "green", "white"} <= set(tokens)
