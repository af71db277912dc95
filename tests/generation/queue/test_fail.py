"""A failed attempt is nobody's fault: three, and no price."""

import pytest

from accounts.models import Usage
from generation import services
from generation.errors import Failure
from generation.models import ATTEMPTS, Job
from tests.generation.queue.cast import (
    a_visitor,
    allow_everything,
    ask,
    claimed,
    lane_sums,
    now_of,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_failed_attempt_goes_back_to_its_old_place() -> None:
    allow_everything()
    alice = a_visitor()
    first = ask(alice)
    others = [ask(a_visitor()).pk for _ in range(3)]
    assert services.fail(claimed(), Failure.DRAWING_FAILED)
    row = now_of(first)
    assert (row.status, row.attempts, row.progress) == (Job.Status.QUEUED, 1, 0)
    assert (row.worker, row.lease_until, row.finished) == ("", None, None)
    assert (row.start_tag, row.finish_tag) == (first.start_tag, first.finish_tag)
    assert row.started is not None
    assert lane_sums() == row_sums()
    assert [claimed().pk for _ in range(4)] == [first.pk, *others]


def test_the_moment_of_the_first_start_is_kept() -> None:
    ask(a_visitor())
    started = claimed().started
    services.fail(now_of(Job.objects.get()), Failure.HUNG)
    assert claimed().started == started
    assert Job.objects.get().started == started


def test_the_third_failed_attempt_is_the_last() -> None:
    job = ask(a_visitor())
    for attempt in range(1, ATTEMPTS + 1):
        held = claimed()
        assert held.attempts == attempt
        assert services.fail(held, Failure.OUT_OF_MEMORY)
        assert lane_sums() == row_sums()
    row = now_of(job)
    assert (row.status, row.error_code) == (Job.Status.FAILED, Failure.OUT_OF_MEMORY)
    assert row.finished is not None
    assert (row.worker, row.lease_until) == ("", None)
    assert services.claim("easel", {"ink": 9}) is None
    assert not Usage.objects.exists()


def test_every_code_comes_with_a_sentence_and_fits_its_column() -> None:
    for failure in Failure:
        assert failure.label.endswith(".")
        assert len(failure) <= 32
