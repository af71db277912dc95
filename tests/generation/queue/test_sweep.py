"""What a dead worker held goes back to the queue."""

import pytest

from generation import services
from generation.errors import Failure
from generation.models import ATTEMPTS, Job
from tests.generation.queue.cast import (
    a_visitor,
    ask,
    claimed,
    lane_sums,
    now_of,
    row_sums,
    time_passes,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

OVER = services.LEASE.total_seconds() + 1


def test_an_expired_job_goes_back_to_its_old_place() -> None:
    first, second = ask(a_visitor()), ask(a_visitor())
    claimed()
    time_passes(OVER)
    assert services.sweep() == 1
    row = now_of(first)
    assert (row.status, row.attempts, row.worker) == (Job.Status.QUEUED, 1, "")
    assert (row.lease_until, row.progress, row.start_tag) == (None, 0, first.start_tag)
    assert lane_sums() == row_sums()
    assert [claimed("palette").pk, claimed("palette").pk] == [first.pk, second.pk]


def test_a_lease_that_lasts_is_left_alone() -> None:
    for _ in range(2):
        ask(a_visitor())
    claimed()
    time_passes(OVER)
    alive = claimed()
    assert services.sweep() == 1
    assert now_of(alive).status == Job.Status.RUNNING
    assert services.sweep() == 0


def test_what_was_lost_three_times_has_failed() -> None:
    job = ask(a_visitor())
    for _ in range(ATTEMPTS):
        claimed()
        time_passes(OVER)
        assert services.sweep() == 1
    row = now_of(job)
    assert (row.status, row.error_code) == (Job.Status.FAILED, Failure.LOST)
    assert row.finished is not None
    assert lane_sums() == row_sums() == {}


def test_a_sweep_takes_the_longest_expired_first_and_no_more_than_it_is_told() -> None:
    for _ in range(4):
        ask(a_visitor())
    held = []
    for _ in range(4):
        held.append(claimed().pk)
        time_passes(1)
    time_passes(OVER)
    assert services.sweep(most=3) == 3
    assert Job.objects.get(status=Job.Status.RUNNING).pk == held[3]
    assert services.sweep() == 1
    assert lane_sums() == row_sums()
