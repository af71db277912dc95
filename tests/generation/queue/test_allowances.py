"""What an owner may ask for: counted, never stored, so that nothing need be given back."""

from collections.abc import Callable

import pytest

from accounts.models import Owner, Plan
from generation import services
from generation.errors import Failure, LimitReached
from generation.models import Job
from tests.generation.queue.cast import (
    a_network,
    a_user,
    a_visitor,
    allow,
    ask,
    claimed,
    finish,
    time_passes,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def refusal_of(owner: Owner, **request: object) -> LimitReached:
    """Asks for one grid too many."""
    before = Job.objects.count()
    with pytest.raises(LimitReached) as refusal:
        ask(owner, **request)
    assert refusal.value.status == 429
    assert refusal.value.message
    assert Job.objects.count() == before
    return refusal.value


def only(**limit: int) -> None:
    """Leaves a visitor one limit that matters."""
    allow(Plan.VISITOR, **{"in_flight": 1000, "per_minute": 1000, "per_day": 1000} | limit)


def test_one_grid_at_a_time_until_it_is_done() -> None:
    alice = a_visitor()
    ask(alice)
    assert refusal_of(alice).retry_after is None
    job = claimed()
    assert refusal_of(alice).retry_after is None
    finish(job)
    ask(alice)


def test_so_many_a_minute_and_the_next_when_it_was_said() -> None:
    only(per_minute=2)
    alice = a_visitor()
    ask(alice)
    time_passes(25)
    ask(alice)
    wait = refusal_of(alice).retry_after
    assert wait is not None
    assert 30 <= wait <= 36
    time_passes(wait - 8)
    refusal_of(alice)
    time_passes(8)
    ask(alice)
    refusal_of(alice)


def test_so_many_a_day_and_the_next_when_it_was_said() -> None:
    only(per_day=2)
    alice = a_visitor()
    ask(alice)
    time_passes(3600)
    ask(alice)
    wait = refusal_of(alice).retry_after
    assert wait is not None
    assert 23 * 3600 - 5 <= wait <= 23 * 3600 + 1
    time_passes(wait)
    ask(alice)
    refusal_of(alice)


def failed() -> None:
    for _ in range(3):
        services.fail(claimed(), Failure.OUT_OF_MEMORY)


def held_back() -> None:
    finish(claimed(), blocked=range(9))


def cancelled_while_waiting() -> None:
    services.cancel(Job.objects.get())


def cancelled_while_waiting_once_more() -> None:
    services.fail(claimed(), Failure.HUNG)
    services.cancel(Job.objects.get())


def delivered() -> None:
    finish(claimed())


def delivered_in_part() -> None:
    finish(claimed(), blocked=range(8))


def cancelled_while_drawn() -> None:
    services.cancel(claimed())


def delivered_and_deleted() -> None:
    job = claimed()
    finish(job)
    services.erase(job)
    services.purge()


def deleted_while_drawn() -> None:
    services.erase(claimed())
    services.purge()


@pytest.mark.parametrize(
    "end",
    [failed, held_back, cancelled_while_waiting, cancelled_while_waiting_once_more],
)
def test_what_was_not_drawn_costs_nothing_of_the_day(end: Callable[[], None]) -> None:
    only(per_day=1)
    alice = a_visitor()
    ask(alice)
    end()
    ask(alice)


@pytest.mark.parametrize(
    "end",
    [delivered, delivered_in_part, cancelled_while_drawn, delivered_and_deleted,
     deleted_while_drawn],
)  # fmt: skip
def test_what_was_drawn_counts_and_no_deletion_gives_it_back(end: Callable[[], None]) -> None:
    only(per_day=1)
    alice = a_visitor()
    ask(alice)
    end()
    refusal_of(alice)


@pytest.mark.parametrize("end", [failed, cancelled_while_waiting, delivered_and_deleted])
def test_the_minute_counts_everything(end: Callable[[], None]) -> None:
    only(per_minute=1)
    alice = a_visitor()
    ask(alice)
    end()
    refusal_of(alice)


def test_one_owners_limit_is_nobody_elses() -> None:
    only(per_day=1)
    alice = a_visitor()
    ask(alice)
    refusal_of(alice)
    ask(a_visitor())
    ask(a_user("bob"))


def test_an_admins_change_counts_at_once() -> None:
    only(per_day=1)
    alice = a_visitor()
    ask(alice)
    refusal_of(alice)
    only(per_day=2)
    ask(alice)
    only(per_day=0)
    refusal_of(a_visitor())


def test_the_first_limits_are_those_that_were_published() -> None:
    limits = Plan.objects.values_list("name", "in_flight", "per_minute", "per_day")
    assert {name: rest for name, *rest in limits} == {
        "visitor": [1, 2, 10],
        "free": [1, 4, 25],
        "premium": [4, 20, 500],
        "api": [8, 60, 500],
        "network": [30, 60, 300],
    }


@pytest.mark.parametrize("limit", ["in_flight", "per_minute", "per_day"])
def test_a_new_cookie_for_every_request_runs_into_the_networks_bucket(limit: str) -> None:
    allow(Plan.NETWORK, **{limit: 3})
    network = a_network()
    for _ in range(3):
        ask(a_visitor(), network=network)
    refusal = refusal_of(a_visitor(), network=network)
    assert "network" in refusal.message
    ask(a_visitor(), network=a_network())


def test_the_networks_bucket_empties_as_its_jobs_end() -> None:
    allow(Plan.NETWORK, in_flight=1, per_day=2)
    network = a_network()
    ask(a_visitor(), network=network)
    refusal_of(a_visitor(), network=network)
    failed()
    ask(a_visitor(), network=network)
    delivered()
    ask(a_visitor(), network=network)


def test_who_pays_is_outside_the_networks_bucket() -> None:
    allow(Plan.NETWORK, in_flight=1)
    network, alice = a_network(), a_user("alice", Plan.PREMIUM)
    ask(alice, network=network)
    ask(a_visitor(), network=network)
    ask(alice, network=network)
    refusal_of(a_visitor(), network=network)


def test_a_plan_of_nothing_says_so() -> None:
    allow(Plan.VISITOR, in_flight=0)
    assert "No grids can be asked for" in refusal_of(a_visitor()).message
