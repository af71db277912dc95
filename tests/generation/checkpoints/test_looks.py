"""A picture can be looked at while it is drawn, and is the same picture all the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL.Image import Image

from generation.checkpoints import Checkpoint
from generation.drawing import latents
from generation.drawing.pipeline import Drawing, Pipeline

FOX = Drawing("a fox", "", 1)
CALL: dict[str, Any] = {"width": 96, "height": 64, "steps": 4}


def drawn(pipeline: Pipeline, *drawings: Drawing) -> tuple[list[Image], dict[Any, Image]]:
    """The pictures, and the looks by place and number."""
    seen: dict[Any, Image] = {}

    def look(place: int, number: int, picture: Image) -> None:
        assert (place, number) not in seen
        seen[place, number] = picture

    guidance = pipeline.checkpoint.guidance
    return pipeline.draw(drawings, guidance=guidance, on_look=look, **CALL), seen


def test_it_is_seen_as_often_as_asked_for_in_its_size(pipeline: Pipeline) -> None:
    twice, never, once = replace(FOX, looks=2), replace(FOX, seed=2), replace(FOX, seed=3, looks=1)
    _, seen = drawn(pipeline, twice, never, once, once)
    assert sorted(seen) == [(0, 0), (0, 1), (2, 0), (3, 0)]
    assert {picture.size for picture in seen.values()} == {(96, 64)}
    assert len({picture.tobytes() for picture in seen.values()}) == 3


def test_its_pixels_do_not_depend_on_being_watched(pipeline: Pipeline) -> None:
    watched, _ = drawn(pipeline, replace(FOX, looks=3), replace(FOX, seed=2))
    alone, _ = drawn(pipeline, FOX, replace(FOX, seed=2))
    assert [picture.tobytes() for picture in watched] == [picture.tobytes() for picture in alone]
    assert "step" not in vars(pipeline._pipe.scheduler)


def test_the_guess_after_the_last_step_is_the_picture(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = lambda step, steps, looks: 0 if looks and step == steps else None  # noqa: E731
    monkeypatch.setattr(latents, "look_after", last)
    [picture], seen = drawn(pipeline, replace(FOX, looks=1))
    apart = np.abs(np.asarray(picture, int) - np.asarray(seen[0, 0], int))
    assert apart.mean() < 3


def test_latents_that_nobody_understands_are_drawn_without_looks(
    tiny_checkpoint: Callable[[str], Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline.load(tiny_checkpoint("doodle_like"), device="cpu")

    def unknown(*_: Any) -> Any:
        raise ValueError("what is this?")

    monkeypatch.setattr(latents, "decoded", unknown)
    pictures, seen = drawn(pipeline, replace(FOX, looks=2))
    assert len(pictures) == 1
    assert seen == {}


@pytest.mark.parametrize(
    ("steps", "looks", "after"),
    [(8, 3, [2, 4, 6]), (8, 1, [4]), (4, 3, [1, 2, 3]), (2, 3, [1]), (1, 3, []), (8, 0, [])],
)
def test_looks_are_spread_over_the_steps(steps: int, looks: int, after: list[int]) -> None:
    found = {step: latents.look_after(step, steps, looks) for step in range(1, steps + 1)}
    due = {step: number for step, number in found.items() if number is not None}
    assert list(due) == after
    assert list(due.values()) == list(range(len(after)))
