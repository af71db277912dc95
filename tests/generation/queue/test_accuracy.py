"""How good past estimates were is counted in the table of jobs."""

from datetime import timedelta

import pytest

from generation.models import Job
from generation.queue import accuracy
from tests.generation.queue.cast import a_user, a_visitor, ask
from tests.generation.queue.conftest import checkpoints  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checkpoints")]


def started_after(seconds: float, *, plan: str = "", days_ago: float = 0) -> None:
    """A job that was told 10 to 20 seconds and started after so many."""
    job = ask(a_user(f"u{Job.objects.count()}", plan) if plan else a_visitor())
    created = job.created - timedelta(days=days_ago)
    start = created + timedelta(seconds=seconds)
    Job.objects.filter(pk=job.pk).update(
        created=created, started=start, quoted_low=10, quoted_high=20
    )


def test_each_grid_was_early_within_or_late() -> None:
    for seconds in (5, 11, 15, 19, 25):
        started_after(seconds)
    found = accuracy.counted()
    assert (found.early, found.within, found.late) == (1, 3, 1)
    assert found.in_time == 80


def test_only_free_grids_of_the_last_days_that_started_count() -> None:
    started_after(25, plan="premium")
    started_after(25, days_ago=8)
    ask(a_visitor())
    assert accuracy.counted() == accuracy.Accuracy()
    assert accuracy.counted().in_time == 0


def test_all_in_time_is_not_said_while_one_was_late() -> None:
    assert accuracy.Accuracy(early=0, within=999, late=1).in_time == 99
    assert accuracy.Accuracy(early=1, within=999, late=0).in_time == 100
