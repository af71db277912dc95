"""The examination asks what training never showed, and its judges tell right from wrong."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from doodle import judges, questions
from doodle.classifier import CROWD, labelled
from doodle.evaluate import FIGURES, KINDS, PHRASINGS, evenness, phrasings, sharpness
from doodle.eyes import (
    Eyes,
    Seen,
    figures_in,
    nothing,
    person_of,
    persons,
    shrunk,
    sky,
    styles,
    window,
)
from doodle.judges import edge_colour
from doodle.paint import Painter
from doodle.places import Background
from doodle.questions import Question
from doodle.scenes import (
    CELL,
    KEEP_THEIR_COLOURS,
    USUAL,
    WEATHERS,
    Figure,
    Relation,
    Scene,
    held_out,
)
from doodle.sprites import Pixels
from doodle.subjects import COLOURS, TONES, index_of, subjects
from doodle.tokenizer import new_tokenizer, token

CAT, DOG, FOX = (index_of(name) for name in ("cat", "dog", "fox"))


def rng() -> np.random.Generator:
    """The same chance every time."""
    return np.random.default_rng(4)


def asked(*figures: Figure, relation: Relation | None = None, colour: str = "white") -> Question:
    """A question with this right answer."""
    return Question("", Scene(Background(colour=colour), figures, relation))


def figure(subject: int, tint: str | None = None) -> Figure:
    """A figure in the middle."""
    return Figure(subject, 0, USUAL, 4, 4, tint=tint)


def in_gray(sprites: Pixels) -> Pixels:
    """The sprites in a colour that takes any other."""
    gray = sprites.copy()
    gray[..., :3] = 120
    return gray


@pytest.mark.parametrize("kind", [questions.singles, questions.coloured, questions.several])
def test_single_subjects_are_asked_for_where_training_never_showed_them(kind) -> None:  # type: ignore[no-untyped-def]
    scenes = kind(rng(), 40)
    assert len(scenes) == 40
    assert all(held_out(scene.figures[0].subject, scene.background) for scene in scenes)


def test_both_languages_ask_for_the_same() -> None:
    scenes, tokenizer = questions.singles(rng(), 30), new_tokenizer()
    english, french = (questions.told(rng(), scenes, one) for one in ("english", "french"))
    for one, other in zip(english, french, strict=True):
        assert one.scene == other.scene
        wanted = token(subjects()[one.scene.figures[0].subject])
        assert wanted in tokenizer.tokenize(one.prompt)
        assert wanted in tokenizer.tokenize(other.prompt)


def test_counts_and_relations_come_by_turns() -> None:
    several, pairs = questions.several(rng(), 6), questions.pairs(rng(), 4)
    assert [len(scene.figures) for scene in several] == [2, 3, 4, 2, 3, 4]
    assert [scene.relation for scene in pairs] == list(questions.SIDES)
    assert all(one.figures[0].subject != one.figures[1].subject for one in pairs)


@pytest.mark.parametrize("kind", [questions.pairs, questions.several, questions.wearing])
def test_who_is_asked_for_with_others_is_drawn_in_a_way_that_there_is(kind) -> None:  # type: ignore[no-untyped-def]
    scenes = kind(rng(), 300)
    for figure in (figure for scene in scenes for figure in scene.figures):
        assert figure.drawing < len(subjects()[figure.subject].drawings)
    for language in ("english", "french"):
        assert len(questions.told(rng(), scenes, language)) == 300


def test_somebody_elses_phrasings_name_subjects_and_backgrounds_of_the_world() -> None:
    others = questions.phrased(phrasings(PHRASINGS))
    assert len(others) > 60
    for question in others:
        background = question.scene.background
        assert bool(background.colour) != bool(background.place)


def test_a_subject_is_right_when_it_is_what_is_seen_most_surely() -> None:
    picture = torch.zeros(3, 256, 256)
    cat, dog = Seen(CAT, 0, 4, 0.9), Seen(DOG, 8, 4, 0.7)
    assert judges.subject_right(asked(figure(CAT)), picture, [cat, dog])
    assert not judges.subject_right(asked(figure(CAT)), picture, [dog, cat])
    assert not judges.subject_right(asked(figure(CAT)), picture, [])


def test_a_count_is_right_only_with_nothing_too_many() -> None:
    picture = torch.zeros(3, 256, 256)
    two = asked(figure(CAT), figure(CAT))
    cats = [Seen(CAT, x, 4, 0.9) for x in (0, 8)]
    assert judges.count_right(two, picture, cats)
    assert not judges.count_right(two, picture, cats[:1])
    assert not judges.count_right(two, picture, [*cats, Seen(DOG, 4, 8, 0.6)])


@pytest.mark.parametrize(
    ("relation", "right"),
    [
        (Relation.LEFT, True),
        (Relation.RIGHT, False),
        (Relation.ABOVE, False),
        (Relation.BELOW, True),
    ],
)
def test_a_relation_is_judged_by_where_both_are(relation: Relation, right: bool) -> None:
    question = asked(figure(CAT), figure(DOG), relation=relation)
    seen = [Seen(DOG, 8, 0, 0.9), Seen(CAT, 0, 8, 0.8)]
    picture = torch.zeros(3, 256, 256)
    assert judges.relation_right(question, picture, seen) is right
    assert not judges.relation_right(question, picture, seen[:1])


@pytest.mark.parametrize("colour", COLOURS)
def test_backgrounds_are_told_apart_as_they_are_painted(sprites: Pixels, colour: str) -> None:
    scene = Scene(Background(colour=colour), (figure(CAT),))
    assert edge_colour(Painter(sprites).paint([scene])[0]) == colour


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_is_right_where_the_figure_is_seen_and_not_where_it_was_expected(
    sprites: Pixels, colour: str
) -> None:
    background, painter = "teal" if colour != "teal" else "red", Painter(in_gray(sprites))
    other = "gray" if colour != "gray" else "pink"
    aside, elsewhere = replace(figure(CAT, colour), x=0), replace(figure(DOG, other), x=8)
    (picture,) = painter.paint([Scene(Background(colour=background), (aside, elsewhere))])
    judge, seen = judges.colour_right(painter), [Seen(CAT, 0, 4, 1.0)]
    wanted = asked(replace(elsewhere, subject=CAT, tint=colour), colour=background)
    assert judge(wanted, picture, seen)
    assert not judge(wanted, picture, [])
    assert not judge(asked(figure(CAT, other), colour=background), picture, seen)


def test_a_colour_is_told_from_drawings_by_others_where_the_figure_is_moved(
    sprites: Pixels,
) -> None:
    background, painter = Background(colour="teal"), Painter(in_gray(sprites))
    moved = replace(figure(CAT, "purple"), x=5)
    (picture,) = painter.paint([Scene(background, (moved,))])
    seen = judges.colour_seen(picture, figure(CAT), background, painter, (1, 2, 3))
    assert seen == "purple"


def test_what_is_mostly_white_or_black_is_asked_for_in_no_other_colour() -> None:
    named = {subjects()[one.figures[0].subject].name for one in questions.coloured(rng(), 600)}
    assert not named & {*KEEP_THEIR_COLOURS}
    assert len(named) > 200


class Spots(torch.nn.Module):
    """Sees a fox wherever the middle of a window is white."""

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        white = seen[:, :, 28:36, 28:36].mean((1, 2, 3)) > 0.9
        scores = torch.zeros(len(seen), nothing() + 1)
        scores[white, FOX] = 20.0
        scores[~white, nothing()] = 20.0
        return scores


def test_each_figure_is_found_once_and_nothing_where_nothing_is() -> None:
    pictures = -torch.ones(2, 3, 256, 256)
    pictures[0, :, 48:80, 48:80] = 1
    pictures[0, :, 176:208, 176:208] = 1
    eyes = Eyes()
    eyes.windows = Spots()  # type: ignore[assignment]
    both, none = figures_in(eyes, pictures)
    assert [one.subject for one in both] == [FOX, FOX]
    assert {(one.x < 4, one.y < 4) for one in both} == {(True, True), (False, False)}
    assert none == []


def test_a_window_goes_on_beyond_the_edge_of_the_picture() -> None:
    picture = torch.full((3, 256, 256), 0.25)
    assert torch.allclose(window(picture, -1, 8), torch.tensor(0.25), atol=1e-5)


def test_the_eyes_learn_from_windows_on_figures_and_beside_them(sprites: Pixels) -> None:
    looks = labelled(rng(), Painter(sprites), 60)
    assert len(looks.weather) == 60
    assert len(looks.windows) == len(looks.named) == len(looks.style)
    assert len(looks.windows) > len(looks.wholes) == len(looks.where) == 60
    assert len(looks.people) == len(looks.person) == 60 // CROWD
    assert nothing() in looks.named
    assert len(set(looks.style.tolist())) == len(styles()) == 6
    assert Eyes().windows(looks.windows[:2]).shape == (2, len(subjects()) + 1)


def test_newer_looks_take_the_place_of_the_oldest(sprites: Pixels) -> None:
    looks, fresh = (
        labelled(rng(), Painter(sprites), 20),
        labelled(np.random.default_rng(1), Painter(sprites), 8),
    )
    kept = looks.people.clone()
    looks.renew(fresh)
    assert torch.equal(looks.people[:2], fresh.people)
    assert torch.equal(looks.people[2:], kept[2:])
    looks.renew(fresh)
    assert torch.equal(looks.people[2:4], fresh.people)
    looks.renew(fresh)
    assert torch.equal(looks.people[[4, 0]], fresh.people)


class Says(torch.nn.Module):
    """Answers the same to everything, or by turns."""

    def __init__(self, *answers: int) -> None:
        super().__init__()
        self.answers, self.asked = answers, 0

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        answer = self.answers[self.asked % len(self.answers)]
        self.asked += 1
        return torch.nn.functional.one_hot(torch.full((len(seen),), answer), nothing() + 1).float()


class White(torch.nn.Module):
    """Sees one subject in windows that are white, and nothing in others."""

    def __init__(self, subject: int) -> None:
        super().__init__()
        self.subject = subject

    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        white = seen.mean((1, 2, 3)) > 0.9
        answer = torch.where(white, self.subject, nothing())
        return torch.nn.functional.one_hot(answer, nothing() + 1).float()


def test_something_worn_is_right_where_it_is_worn_alone() -> None:
    (scene,) = questions.wearing(rng(), 1)
    question, (wearer, worn) = Question("", scene), scene.figures
    eyes = Eyes()
    eyes.windows = White(worn.subject)  # type: ignore[assignment]
    there, elsewhere = torch.zeros(3, 256, 256), torch.zeros(3, 256, 256)
    there[:, : (worn.y + worn.size + 1) * CELL, (worn.x - 1) * CELL :] = 1
    elsewhere[:, 200:] = 1
    seen = [Seen(wearer.subject, wearer.x, wearer.y, 0.9)]
    assert judges.worn_right(eyes)(question, there, seen)
    assert not judges.worn_right(eyes)(question, elsewhere, seen)
    assert not judges.worn_right(eyes)(question, there, [Seen(worn.subject, 4, 4, 0.9)])


def test_styles_are_asked_for_by_turns_and_told_by_the_figure() -> None:
    asked_for = questions.styled(rng(), 12)
    assert [one.scene.manner for one in asked_for] == [*styles()] * 2
    assert all(held_out(o.scene.figures[0].subject, o.scene.background) for o in asked_for)
    eyes, picture = Eyes(), torch.zeros(3, 256, 256)
    eyes.style = Says(styles().index("pixel"))  # type: ignore[assignment]
    judge, seen = judges.style_right(eyes), [Seen(CAT, 4, 4, 1.0)]
    assert [judge(one, picture, seen) for one in asked_for] == ([False] * 5 + [True]) * 2
    assert not judge(asked_for[5], picture, [])


def test_it_is_wet_in_places_that_training_never_showed() -> None:
    scenes = questions.weather(rng(), 8)
    assert [scene.weather for scene in scenes] == ["rain", "snowfall"] * 4
    assert all(held_out(scene.figures[0].subject, scene.background) for scene in scenes)


def test_weather_is_right_when_what_was_asked_falls_and_nothing_else() -> None:
    eyes, picture = Eyes(), torch.zeros(3, 256, 256)
    asked_for = [Question("", scene) for scene in questions.weather(rng(), 2)]
    for answer, right in ((0, [False, False]), (1, [True, False]), (2, [False, True])):
        eyes.weather = Says(answer)  # type: ignore[assignment]
        judge = judges.weather_right(eyes)
        assert [judge(one, picture, []) for one in asked_for] == right


def test_drops_and_flakes_stand_out_more_in_the_part_of_the_sky_that_is_looked_at(
    sprites: Pixels,
) -> None:
    dry = Scene(Background(place="meadow", time="night"), ())
    for weather in WEATHERS:
        clear, wet = Painter(sprites).paint([dry, replace(dry, weather=weather)])[:, None]
        fallen = [(look(wet) - look(clear)).std() for look in (sky, shrunk)]
        assert fallen[0] > 1.15 * fallen[1], fallen


class Same(torch.nn.Module):
    """An autoencoder that loses nothing but some of the light."""

    def __init__(self, light: float) -> None:
        super().__init__()
        self.light = light

    def encoder(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures

    def decoder(self, latents: torch.Tensor) -> torch.Tensor:
        return self.light * latents


def test_reconstructions_of_every_kind_are_measured_in_decibels(sprites: Pixels) -> None:
    sharp, inverted = (sharpness(Same(light), Painter(sprites), count=2) for light in (0.99, -1))
    for line, low, high in ((sharp, 40, 70), (inverted, -1, 20)):
        found = [float(level) for level in re.findall(r"([\d.]+) dB", line)]
        assert len(found) == len(KINDS)
        assert all(low < level < high for level in found), line


def test_people_are_asked_for_in_every_tone_and_gender_and_judged_by_both() -> None:
    asked_for = questions.people(rng(), 60)
    assert len(asked_for) == 60
    wanted = {person_of(one.scene.figures[0]) for one in asked_for}
    assert wanted == set(persons())
    eyes, picture = Eyes(), torch.zeros(3, 256, 256)
    eyes.people = Says(persons().index(("woman", "dark")))  # type: ignore[assignment]
    judge = judges.person_right(eyes)
    for one in asked_for:
        figure = one.scene.figures[0]
        seen = [Seen(figure.subject, 4, 4, 1.0)]
        assert judge(one, picture, seen) is (person_of(figure) == ("woman", "dark"))
        assert not judge(one, picture, [])


def test_evenness_counts_people_alone() -> None:
    eyes, cook = Eyes(), index_of("cook")
    order = [persons().index(one) for one in (("woman", "dark"), ("man", "light"))]
    eyes.people = Says(*order)  # type: ignore[assignment]
    seen = [[Seen(cook, 4, 4, 1.0)], [Seen(cook, 4, 4, 1.0)], [Seen(CAT, 4, 4, 1.0)], []]
    said = evenness(eyes, torch.zeros(4, 3, 256, 256), seen)
    assert (said["people"], said["women"]) == (0.5, 0.5)
    assert [said[f"{tone} skin"] for tone in TONES] == [0.5, 0.0, 0.0, 0.0, 0.5]


def test_a_girl_is_a_woman_to_the_eyes_and_a_baby_neither() -> None:
    girl, baby = (Figure(index_of(name), 0, USUAL, 4, 4, drawing=4) for name in ("girl", "baby"))
    assert person_of(girl) == ("woman", "dark")
    assert person_of(baby) not in persons()


def test_the_table_of_the_readme_is_what_was_found() -> None:
    found = json.loads(FIGURES.read_text(encoding="utf-8"))
    table = (FIGURES.parent / "README.md").read_text(encoding="utf-8")
    rows = {
        "the subject, English": ("english, subject",),
        "the subject, French": ("french, subject",),
        "a colour that is not its own": ("coloured, colour", "coloured, subject"),
        "two, three or four of a subject": ("several, count",),
        "two subjects, both there": ("two, both",),
        "their relation": ("two, relation",),
        "a hat, a crown or glasses": ("wearing, worn",),
        "rain or snowfall": ("wet, weather", "wet, subject"),
        "the six styles": ("styled, style", "styled, subject"),
        "people of a gender": ("people, gender and skin", "people, subject"),
        "phrasings by two others": ("other phrasings, subject",),
    }
    for begins, names in rows.items():
        said = re.search(rf"^\| {begins}[^|]*\| ([^|]*)\|", table, re.MULTILINE)
        assert said is not None, begins
        percents = [float(one) for one in re.findall(r"([\d.]+)%", said[1])]
        assert percents[: len(names)] == [round(100 * found[name], 1) for name in names], begins
