"""The examination asks what training never showed, and its judges tell right from wrong."""

import numpy as np
import pytest
import torch

from doodle import evaluate, questions
from doodle.classifier import Eyes, Seen, figures_in, labelled, new_eyes, nothing, window
from doodle.evaluate import PHRASINGS, edge_colour, figure_colour, phrasings
from doodle.places import Background
from doodle.questions import Question
from doodle.run import pictures_to_tensor
from doodle.scenes import USUAL, Figure, Relation, Scene, held_out, paint
from doodle.sprites import Pixels
from doodle.subjects import COLOURS, index_of, subjects
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


def test_somebody_elses_phrasings_name_subjects_and_backgrounds_of_the_world() -> None:
    others = questions.phrased(phrasings(PHRASINGS))
    assert len(others) > 60
    for question in others:
        background = question.scene.background
        assert bool(background.colour) != bool(background.place)


def test_a_subject_is_right_when_it_is_what_is_seen_most_surely() -> None:
    picture = torch.zeros(3, 256, 256)
    cat, dog = Seen(CAT, 0, 4, 0.9), Seen(DOG, 8, 4, 0.7)
    assert evaluate.subject_right(asked(figure(CAT)), picture, [cat, dog])
    assert not evaluate.subject_right(asked(figure(CAT)), picture, [dog, cat])
    assert not evaluate.subject_right(asked(figure(CAT)), picture, [])


def test_a_count_is_right_only_with_nothing_too_many() -> None:
    picture = torch.zeros(3, 256, 256)
    two = asked(figure(CAT), figure(CAT))
    cats = [Seen(CAT, x, 4, 0.9) for x in (0, 8)]
    assert evaluate.count_right(two, picture, cats)
    assert not evaluate.count_right(two, picture, cats[:1])
    assert not evaluate.count_right(two, picture, [*cats, Seen(DOG, 4, 8, 0.6)])


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
    assert evaluate.relation_right(question, picture, seen) is right
    assert not evaluate.relation_right(question, picture, seen[:1])


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_are_told_apart_as_they_are_painted(sprites: Pixels, colour: str) -> None:
    gray = sprites.copy()
    gray[..., :3] = 120
    background = "teal" if colour != "teal" else "red"
    scene = Scene(Background(colour=background), (figure(CAT, colour),))
    (picture,) = pictures_to_tensor([paint(scene, gray)])
    assert edge_colour(picture) == background
    assert figure_colour(picture, Seen(CAT, 4, 4, 1.0), background) == colour


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
    eyes = Eyes(Spots(), Spots())  # type: ignore[arg-type]
    both, none = figures_in(eyes, pictures)
    assert [one.subject for one in both] == [FOX, FOX]
    assert {(one.x < 4, one.y < 4) for one in both} == {(True, True), (False, False)}
    assert none == []


def test_a_window_goes_on_beyond_the_edge_of_the_picture() -> None:
    picture = torch.full((3, 256, 256), 0.25)
    assert torch.allclose(window(picture, -1, 8), torch.tensor(0.25), atol=1e-5)


def test_the_eyes_learn_from_windows_on_figures_and_beside_them(sprites: Pixels) -> None:
    seen, named, pictures, where = labelled(rng(), sprites, 60)
    assert len(seen) == len(named) > len(pictures) == len(where) == 60
    assert nothing() in named
    eyes = new_eyes()
    assert eyes.windows(seen[:2]).shape == (2, len(subjects()) + 1)
