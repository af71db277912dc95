"""Scenes hold together, and their captions say what they show."""

import numpy as np
import pytest

from doodle.captions import english, french
from doodle.places import SIDE, Background, backgrounds, painted
from doodle.scenes import (
    CELLS,
    SINGLES,
    Figure,
    Mix,
    Relation,
    Scene,
    held_out,
    paint,
    random_scene,
)
from doodle.sprites import Pixels, resized, tinted
from doodle.subjects import COLOURS, index_of, subjects
from doodle.tokenizer import LENGTH, new_tokenizer, token


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


def test_a_painted_scene_shows_its_sprite_where_it_says(sprites: Pixels) -> None:
    scene = Scene(Background(colour="blue"), (Figure(2, 0, 8, 8, 0),))
    picture = paint(scene, sprites)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.dtype == np.uint8
    assert tuple(picture[64, 192]) == tuple(sprites[2, 0, 96, 96, :3])
    assert tuple(picture[200, 40]) == COLOURS["blue"]


def test_every_background_is_a_different_picture() -> None:
    pictures = [painted(background).astype(int) for background in backgrounds()]
    for row, one in enumerate(pictures):
        for other in pictures[:row]:
            assert np.abs(one - other).mean() > 2


@pytest.mark.parametrize("colour", COLOURS)
def test_a_tinted_sprite_keeps_its_shape_and_takes_the_colour(sprites: Pixels, colour: str) -> None:
    gray = sprites[0, 0].copy()
    gray[..., :3] = 120
    result = tinted(gray, colour)
    assert np.array_equal(result[..., 3], gray[..., 3])
    distance = np.abs(result[96, 96, :3].astype(int) - COLOURS[colour]).max()
    assert distance < 40


def test_a_smaller_sprite_has_no_dark_rim(sprites: Pixels) -> None:
    white = sprites[0, 0].copy()
    white[..., :3] = np.where(white[..., 3:] > 0, 255, 0)
    small = resized(white, 64)
    assert small[small[..., 3] > 16][:, :3].min() > 240


def test_captions_name_every_subject_the_scene_shows() -> None:
    tokenizer, rng = new_tokenizer(), np.random.default_rng(5)
    for scene in many_scenes(250):
        for say in (english, french):
            prompt = say(scene, rng)
            tokens = tokenizer.tokenize(prompt)
            assert len(tokens) + 2 <= LENGTH, prompt
            for figure in scene.figures:
                assert tokens.count(token(subjects()[figure.subject])) == 1, prompt


def test_captions_leave_no_word_of_the_vocabulary_unused() -> None:
    tokenizer, rng = new_tokenizer(), np.random.default_rng(11)
    seen: set[str] = set()
    for _ in range(1000):
        scene = random_scene(rng, Mix())
        seen.update(tokenizer.tokenize(english(scene, rng)))
        seen.update(tokenizer.tokenize(french(scene, rng)))
    unused = set(tokenizer.get_vocab()) - seen - {"<|startoftext|>", "<|endoftext|>", "one"}
    assert not unused


def test_both_languages_say_the_colour_and_the_number() -> None:
    figures = tuple(Figure(0, 0, 8, x, 4, tint="green") for x in (0, 8))
    scene = Scene(Background(colour="white"), figures)
    tokenizer, rng = new_tokenizer(), np.random.default_rng(0)
    for say in (english, french):
        tokens = tokenizer.tokenize(say(scene, rng, untold=False))
        assert {"two", "green", "white"} <= set(tokens)
