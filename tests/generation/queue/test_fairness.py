"""Nobody waits for somebody else's heap."""

import pytest

from accounts.models import Plan
from generation import services
from generation.errors import Failure
from generation.models import Job
from tests.generation.queue.cast import a_user, a_visitor, allow, allow_everything, ask, claimed

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def claims_until(job: Job, at_most: int = 50) -> list[Job]:
    """Returns what was claimed, one at a time, before the job was."""
    before: list[Job] = []
    while (next_ := claimed()).pk != job.pk:
        before.append(next_)
        assert len(before) < at_most
    return before


@pytest.mark.parametrize("drawn", range(8))
def test_an_owner_with_eight_jobs_delays_anothers_first_by_at_most_one(drawn: int) -> None:
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    for _ in range(8):
        ask(alice)
    for _ in range(drawn):
        claimed()
    assert len(claims_until(ask(bob))) <= 1


def test_who_was_away_has_saved_nothing_up() -> None:
    allow_everything()
    alice, charlie = a_visitor(), a_visitor()
    ask(charlie)
    claimed()
    for _ in range(6):
        ask(alice)
        claimed()
    for _ in range(5):
        ask(charlie)
    assert len(claims_until(ask(alice))) <= 1


def test_two_owners_take_turns() -> None:
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    for _ in range(4):
        ask(alice)
    for _ in range(4):
        ask(bob)
    owners = [claimed().visitor_id for _ in range(8)]
    for turn in range(0, 8, 2):
        assert set(owners[turn : turn + 2]) == {alice.pk, bob.pk}


def test_small_grids_come_oftener_than_large_ones() -> None:
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    for _ in range(9):
        ask(alice, count=3)
    for _ in range(3):
        ask(bob, count=9, size=(64, 64))
    served = [claimed(room=1).visitor_id for _ in range(8)]
    assert served.count(bob.pk) == 2


def test_an_owner_of_twice_the_weight_is_served_twice_as_often() -> None:
    allow_everything()
    allow(Plan.API, weight=2)
    alice, bob = a_user("alice", Plan.API), a_user("bob", Plan.PREMIUM)
    for _ in range(8):
        ask(alice)
        ask(bob)
    served = [claimed().user_id for _ in range(9)]
    assert served.count(alice.pk) == 6


def test_newcomers_without_end_do_not_starve_a_second_job() -> None:
    allow_everything()
    alice = a_visitor()
    ask(alice)
    second = ask(alice)
    for _ in range(3):
        ask(a_visitor())
    for _ in range(20):
        ask(a_visitor())
        if claimed().pk == second.pk:
            return
    pytest.fail("the second job still waits")


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_what_was_never_drawn_does_not_push_the_next_job_back(end: str) -> None:
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    for _ in range(5):
        ask(alice)
        if end == "cancelled":
            services.cancel(Job.objects.latest("created"))
        else:
            for _ in range(3):
                services.fail(claimed(), Failure.OUT_OF_MEMORY)
    wanted = ask(alice)
    for _ in range(3):
        ask(bob)
    assert claims_until(wanted) == []


def test_work_in_one_lane_does_not_count_in_another() -> None:
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    for _ in range(5):
        ask(alice, checkpoint="oil")
    wanted = ask(alice)
    for _ in range(3):
        ask(bob)
    assert claims_until(wanted) == []
