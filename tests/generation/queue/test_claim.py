"""Whose job is next."""

from datetime import timedelta

import pytest

from accounts.models import Plan
from generation import clock, services
from generation.models import Job, Lane
from tests.generation.queue.cast import (
    a_user,
    a_visitor,
    allow_everything,
    ask,
    claimed,
    lane_sums,
    now_of,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_nothing_is_claimed_where_nothing_waits() -> None:
    assert services.claim("easel", {"ink": 9}) is None
    ask(a_visitor(), checkpoint="oil")
    assert services.claim("easel", {"ink": 9}) is None
    assert services.claim("easel", {}) is None


def test_a_claimed_job_is_held_under_a_lease() -> None:
    asked = ask(a_visitor())
    before = clock.now()
    job = claimed("easel")
    row = now_of(asked)
    assert row.pk == job.pk
    assert (row.status, row.worker, row.attempts) == (Job.Status.RUNNING, "easel", 1)
    assert (job.status, job.worker, job.attempts) == (Job.Status.RUNNING, "easel", 1)
    assert row.started is not None
    assert row.lease_until is not None
    assert before + timedelta(seconds=30) <= row.lease_until <= clock.now() + services.LEASE
    assert services.claim("palette", {"ink": 9}) is None


def test_first_jobs_are_served_first_come_first_served() -> None:
    asked = [ask(a_visitor()).pk for _ in range(5)]
    assert [claimed().pk for _ in range(5)] == asked


def test_when_both_wait_the_paid_lane_has_the_first_turn() -> None:
    ask(a_visitor())
    paid = ask(a_user("alice", Plan.PREMIUM), size=(128, 128))
    assert claimed().pk == paid.pk


@pytest.mark.parametrize("plan", [Plan.FREE, Plan.PREMIUM])
@pytest.mark.parametrize("draw", [0.0, 0.999])
def test_an_empty_lanes_share_goes_to_the_other(plan: str, draw: float) -> None:
    ask(a_user("alice", plan))
    assert services.claim("easel", {"ink": 9}, draw=lambda: draw) is not None


def test_however_much_is_paid_one_claim_in_five_is_free() -> None:
    allow_everything()
    alice, bob = a_user("alice", Plan.PREMIUM), a_visitor()
    for _ in range(80):
        ask(alice, count=1)
    for _ in range(10):
        ask(bob, count=1)
    tiers = [claimed(ink=1).tier for _ in range(50)]
    assert tiers.count(2) == 10
    assert 2 in tiers[:5]


def test_of_two_checkpoints_the_head_that_waited_longer_is_next() -> None:
    first = ask(a_visitor(), checkpoint="oil")
    second = ask(a_visitor(), checkpoint="ink")
    third = ask(a_visitor(), checkpoint="oil")
    rooms = {"ink": 9, "oil": 9}
    assert [claimed(**rooms).pk for _ in range(3)] == [first.pk, second.pk, third.pk]


def test_the_sums_of_a_lane_follow_its_rows_and_its_time_never_goes_back() -> None:
    allow_everything()
    alice, bob = a_user("alice", Plan.PREMIUM), a_visitor()
    time = dict.fromkeys((1, 2), 0)
    for turn in range(12):
        ask(alice if turn % 3 else bob, count=1 + turn % 9)
        if turn % 2:
            services.claim("easel", {"ink": 9}, draw=lambda: 0.5)
        assert lane_sums() == row_sums()
        for lane in Lane.objects.all():
            assert lane.virtual_time >= time[lane.tier]
            time[lane.tier] = lane.virtual_time
