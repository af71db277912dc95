"""How long a call takes is learned from calls."""

import pytest

from generation import paces
from generation.models import Pace

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
