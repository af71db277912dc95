"""A hundred at once for the last unit. Not one more than one."""

import time
from collections.abc import Sequence
from itertools import pairwise

import pytest

from accounts.entitlements import entitlements_of
from accounts.models import Network, Plan, Visitor
from generation import clock
from generation.catalogue import checkpoint_named
from generation.errors import Busy, KeyReused, LimitReached
from generation.models import Job
from generation.queue import admission
from generation.scheduling import COUNTED_ON
from tests.generation.queue.cast import (
    a_network,
    a_visitor,
    allow,
    allow_everything,
    ask,
    claimed,
    finish,
    lane_sums,
    row_sums,
)
from tests.generation.queue.racing import race

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("a_connection_each"),
]

CROWD = 100


def one_unit_left(limit: str) -> Visitor:
    """Returns a visitor who has used one of two units, the other limits being no matter."""
    allow_everything()
    allow(Plan.VISITOR, **{limit: 2})
    alice = a_visitor()
    ask(alice)
    if limit != "in_flight":
        finish(claimed())
    return alice


def accepted(outcomes: Sequence[object]) -> list[Job]:
    return [outcome for outcome in outcomes if isinstance(outcome, Job)]


@pytest.mark.parametrize("limit", ["in_flight", "per_minute", "per_day"])
def test_of_a_hundred_racing_submits_for_one_unit_one_is_accepted(limit: str) -> None:
    alice = one_unit_left(limit)
    outcomes = race(CROWD, lambda _: ask(alice))
    assert len(accepted(outcomes)) == 1
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Job)]
    assert {type(refusal) for refusal in refused} == {LimitReached}
    for refusal in refused:
        assert isinstance(refusal, LimitReached)
        assert refusal.status == 429
        assert (refusal.retry_after is None) == (limit == "in_flight")
    assert Job.objects.count() == 2
    assert lane_sums() == row_sums()


def read_then_write(alice: Visitor) -> Job:
    """The control: it asks the same question of the same rows, and nobody has to wait his turn."""
    rights = entitlements_of(alice)
    admission.refuse_beyond_allowance(alice, rights, None, clock.now())
    template = Job.objects.earliest("created")
    template.pk, template.created = Job().pk, clock.now()
    time.sleep(0.05)
    template.save(force_insert=True)
    return template


def test_a_control_that_reads_then_writes_oversells() -> None:
    alice = one_unit_left("per_day")
    outcomes = race(CROWD, lambda _: read_then_write(alice))
    assert len(accepted(outcomes)) > 1
    assert Job.objects.filter(visitor=alice).count() > 2


def test_a_new_cookie_for_every_request_runs_into_the_networks_bucket() -> None:
    allow(Plan.NETWORK, in_flight=4)
    network = a_network()
    for _ in range(3):
        ask(a_visitor(), network=network)

    def with_a_new_cookie(_: int) -> Job:
        # Each has a row object of its own, as each request has.
        return ask(a_visitor(), network=Network.objects.get(pk=network.pk))

    outcomes = race(CROWD, with_a_new_cookie)
    assert len(accepted(outcomes)) == 1
    assert sum(isinstance(outcome, LimitReached) for outcome in outcomes) == CROWD - 1
    assert Job.objects.filter(network=network).count() == 4


def test_racing_retries_of_one_key_are_one_job() -> None:
    alice = a_visitor()
    outcomes = race(30, lambda _: ask(alice, seed=7, key="click"))
    assert [job.pk for job in accepted(outcomes)] == [Job.objects.get().pk] * 30


def test_of_racing_requests_under_one_key_one_is_accepted_and_the_others_refused() -> None:
    alice = a_visitor()
    outcomes = race(10, lambda number: ask(alice, seed=number, key="click"))
    assert len(accepted(outcomes)) == 1
    assert sum(isinstance(outcome, KeyReused) for outcome in outcomes) == 9


def test_racing_submits_of_one_owner_stand_in_a_row() -> None:
    """Two with one start tag would let an owner with many jobs overtake everybody else's."""
    allow_everything()
    alice = a_visitor()
    assert len(accepted(race(12, lambda _: ask(alice)))) == 12
    tags = Job.objects.order_by("start_tag").values_list("start_tag", "finish_tag")
    assert all(end <= start for (_, end), (start, _) in pairwise(tags))


def test_racing_strangers_do_not_get_in_beyond_the_longest_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A grid counts ten seconds where nothing is known: a few fit into a minute, and no twenty."""
    largest_batch = admission.capacity_of(checkpoint_named("ink")).batch_seconds / COUNTED_ON
    monkeypatch.setattr("django.conf.settings.FREE_WAIT_LIMIT", largest_batch + 60)
    visitors = [a_visitor() for _ in range(20)]
    jobs = accepted(outcomes := race(20, lambda number: ask(visitors[number])))
    assert 1 < len(jobs) < 10
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 20 - len(jobs)
    assert len({job.quoted_low for job in jobs}) == len(jobs)
    assert lane_sums() == row_sums()
