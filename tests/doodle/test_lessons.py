"""Lessons: what is composed for a training, by one processor or by several."""

from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader

from doodle.lessons import Lessons, mix_at
from doodle.paint import layout_of
from doodle.scenes import SINGLES, Mix, random_scene
from doodle.tokenizer import LENGTH, START, new_tokenizer


def test_a_lesson_is_scenes_in_numbers_with_the_tokens_of_their_captions() -> None:
    layout, tokens = next(Lessons(3, seed=1, fresh=False).composed(torch.device("cpu")))
    assert layout.figures.shape[0] == len(layout.ground) == len(layout.style) == 3
    assert tokens.shape == (3, LENGTH)
    assert set(tokens[:, 0].tolist()) == {new_tokenizer().get_vocab()[START]}


def test_training_from_nothing_begins_with_single_subjects_and_ends_with_everything() -> None:
    assert mix_at(0.0, fresh=True) == SINGLES
    assert mix_at(1.0, fresh=True) == mix_at(0.0, fresh=False) == Mix()
    assert 0 < mix_at(0.2, fresh=True).pair < Mix().pair


def test_who_composes_sees_how_far_the_training_is() -> None:
    lessons = Lessons(40, seed=1, fresh=True)
    composed = lessons.composed(torch.device("cpu"))
    first = max((next(composed)[0].figures["size"] > 0).sum(1))
    lessons.progress[0] = 1.0
    later = max((next(composed)[0].figures["size"] > 0).sum(1))
    assert first <= 2 < later


def test_two_processors_compose_different_lessons() -> None:
    lessons = Lessons(8, seed=1, fresh=False)
    one, other = islice(DataLoader(lessons, batch_size=None, num_workers=2), 2)
    assert not np.array_equal(one[0].ground, other[0].ground)
    assert not torch.equal(one[1], other[1])


def test_numbers_say_all_of_a_scene() -> None:
    rng = np.random.default_rng(0)
    scenes = [random_scene(rng, Mix()) for _ in range(200)]
    layout = layout_of(scenes)
    for row, scene in enumerate(scenes):
        figures = layout.figures[row][: len(scene.figures)]
        places = [(one.artist, one.size, one.x, one.y) for one in scene.figures]
        assert [tuple(one[["artist", "size", "x", "y"]]) for one in figures] == places
        assert not layout.figures[row][len(scene.figures) :]["size"].any()
        assert not any(figures["tint"] >= 0) or any(one.tint for one in scene.figures)
    assert (layout.style > 0).tolist() == [bool(one.style) for one in scenes]
