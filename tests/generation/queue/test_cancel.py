"""Whoever asked may change their mind, at any time."""

import pytest

from generation import services
from generation.errors import Failure
from generation.models import Job
from tests.generation.queue.cast import (
    a_visitor,
    ask,
    claimed,
    finish,
    lane_sums,
    now_of,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_waiting_job_is_cancelled_and_leaves_its_lane() -> None:
    job = ask(a_visitor())
    other = ask(a_visitor())
    assert services.cancel(job)
    row = now_of(job)
    assert (row.status, row.started) == (Job.Status.CANCELLED, None)
    assert row.finished is not None
    assert lane_sums() == row_sums() == {("ink", 2): (1, other.cost, other.toll)}
    assert claimed().pk == other.pk


def test_a_running_job_is_cancelled_and_its_worker_finds_out() -> None:
    ask(a_visitor())
    job = claimed()
    assert services.cancel(job)
    row = now_of(job)
    assert (row.status, row.worker, row.lease_until) == (Job.Status.CANCELLED, "", None)
    assert row.started is not None
    assert services.renew("easel", {(job.pk, 1): 0.5}) == set()
    assert not finish(job)
    assert lane_sums() == row_sums() == {}


def test_cancelling_frees_the_owner_for_the_next() -> None:
    alice = a_visitor()
    services.cancel(ask(alice))
    ask(alice)


@pytest.mark.parametrize("end", ["finished", "failed", "cancelled"])
def test_what_has_ended_stays_as_it_ended(end: str) -> None:
    job = ask(a_visitor())
    if end == "finished":
        finish(claimed())
    elif end == "failed":
        for _ in range(3):
            services.fail(claimed(), Failure.HUNG)
    else:
        services.cancel(job)
    before = Job.objects.values().get()
    assert not services.cancel(job)
    assert Job.objects.values().get() == before
    assert lane_sums() == {}


def test_the_callers_row_may_be_out_of_date() -> None:
    job = ask(a_visitor())
    services.fail(claimed(), Failure.HUNG)
    claimed()
    assert services.cancel(job)
    assert now_of(job).status == Job.Status.CANCELLED
    assert lane_sums() == row_sums() == {}
