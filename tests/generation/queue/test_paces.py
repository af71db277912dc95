"""How long a call takes is learned from calls."""

import pytest

from generation import scheduling
from generation.models import Pace
from generation.queue import paces
from tests.generation.queue.cast import a_checkpoint

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

CALL = {"width": 64, "height": 64, "steps": 4}


def test_nothing_is_expected_before_the_first_call() -> None:
    assert paces.expected_seconds("gpu", "ink", **CALL, images=9) is None


def test_a_line_is_learned_from_calls_of_several_sizes() -> None:
    for images in (1, 5, 9) * 10:
        paces.observe("gpu", "ink", **CALL, images=images, seconds=0.5 + 0.25 * images)
    for images in (1, 3, 9):
        expected = paces.expected_seconds("gpu", "ink", **CALL, images=images)
        assert expected == pytest.approx(0.5 + 0.25 * images)


def test_what_was_seen_lately_counts_most() -> None:
    for seconds in (10.0,) * 50 + (1.0,) * 200:
        paces.observe("gpu", "ink", **CALL, images=9, seconds=seconds)
    assert paces.expected_seconds("gpu", "ink", **CALL, images=9) == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize(
    "other", [{"worker_kind": "cpu"}, {"checkpoint": "oil"}, {"width": 128}, {"steps": 8}], ids=str
)
def test_each_kind_of_call_is_learned_by_itself(other: dict[str, object]) -> None:
    call = {"worker_kind": "gpu", "checkpoint": "ink", **CALL}
    paces.observe(**call, images=9, seconds=1.0)  # type: ignore[arg-type]
    assert paces.expected_seconds(**{**call, **other}, images=9) is None  # type: ignore[arg-type]
    paces.observe(**{**call, **other}, images=9, seconds=5.0)  # type: ignore[arg-type]
    assert paces.expected_seconds(**call, images=9) == pytest.approx(1.0)  # type: ignore[arg-type]
    assert Pace.objects.count() == 2


class TestSpeeds:
    def test_are_those_of_the_size_on_offer_that_is_slowest(self) -> None:
        ink = a_checkpoint("ink")
        for (width, height), seconds in zip(ink.sizes[:2], (1.0, 8.0), strict=True):
            for _ in range(2):
                call = {"width": width, "height": height, "steps": ink.steps}
                paces.observe("gpu", "ink", **call, images=1, seconds=seconds)
        width, height = ink.sizes[1]
        slowest = scheduling.cost_of(1, width, height, ink.steps) / 8
        assert paces.speeds(ink) == {"gpu": pytest.approx(slowest)}

    def test_take_what_is_no_longer_drawn_only_where_nothing_else_is_known(self) -> None:
        ink = a_checkpoint("ink")
        width, height = ink.sizes[0]
        for size, seconds in (((96, 32), 50.0), ((width, height), 1.0)):
            for _ in range(2):
                call = {"width": size[0], "height": size[1], "steps": ink.steps}
                paces.observe("gpu", "ink", **call, images=1, seconds=seconds)
        now = scheduling.cost_of(1, width, height, ink.steps)
        assert paces.speeds(ink) == {"gpu": pytest.approx(now)}

    def test_take_the_first_call_of_a_size_only_where_nothing_else_is_known(self) -> None:
        """It takes longer than any after it: once in a large size must not slow all quotes down."""
        ink = a_checkpoint("ink")
        (width, height), (wide, high) = ink.sizes[:2]
        paces.observe("gpu", "ink", width=wide, height=high, steps=4, images=1, seconds=80.0)
        cold = paces.speeds(ink)["gpu"]
        for _ in range(2):
            paces.observe("gpu", "ink", width=width, height=height, steps=4, images=9, seconds=1.0)
        assert paces.speeds(ink)["gpu"] > 100 * cold
