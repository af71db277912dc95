"""A worker that is told to stop gives back what it holds."""

import pytest

from generation import services
from generation.errors import Failure
from generation.models import ATTEMPTS, Job
from tests.generation.queue.cast import a_visitor, ask, claimed, finish, lane_sums, now_of, row_sums

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_released_job_is_the_next_again_and_the_attempt_is_not_counted() -> None:
    first = ask(a_visitor())
    ask(a_visitor())
    job = claimed()
    services.renew("easel", {(job.pk, 1): 0.7})
    assert services.release(job)
    row = now_of(first)
    assert (row.status, row.attempts, row.progress) == (Job.Status.QUEUED, 0, 0)
    assert (row.worker, row.lease_until) == ("", None)
    assert lane_sums() == row_sums()
    assert claimed("palette").pk == first.pk


def test_no_number_of_deployments_makes_a_job_fail() -> None:
    job = ask(a_visitor())
    for turn in range(2 * ATTEMPTS):
        assert services.release(claimed(f"easel {turn}"))
    assert finish(claimed("palette"))
    assert now_of(job).attempts == 1


def test_what_failed_before_still_counts() -> None:
    job = ask(a_visitor())
    services.fail(claimed(), Failure.HUNG)
    services.release(claimed())
    services.fail(claimed(), Failure.HUNG)
    services.fail(claimed(), Failure.HUNG)
    assert now_of(job).status == Job.Status.FAILED


def test_it_is_given_back_once() -> None:
    ask(a_visitor())
    job = claimed()
    assert services.release(job)
    assert not services.release(job)
    assert lane_sums() == row_sums()
