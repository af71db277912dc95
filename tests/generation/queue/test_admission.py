"""Who would wait too long is told at once, and when to come back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Owner, Plan
from generation import clock, services
from generation.checkpoints import Checkpoint
from generation.errors import Busy
from generation.models import Job, Worker
from generation.queue import paces
from tests.generation.queue.cast import (
    a_user,
    a_visitor,
    allow_everything,
    ask,
    claimed,
    finish,
    lane_sums,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

LIMIT = 60


@pytest.fixture(autouse=True)
def a_minute_at_most(
    patience: None, checkpoints: dict[str, Checkpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one size, of which a full call counts ten seconds where nothing is known."""
    monkeypatch.setattr(settings, "FREE_WAIT_LIMIT", LIMIT)
    checkpoints["ink"] = replace(checkpoints["ink"], sizes=((64, 64),))


def a_worker(kind: str = "gpu", *, seen: float = 0, **columns: Any) -> Worker:
    """Makes a worker whose last sign of life is so many seconds old."""
    return Worker.objects.create(
        **{
            "id": f"{kind} {Worker.objects.count()}",
            "kind": kind,
            "host": "here",
            "pid": 1,
            "checkpoints": ["ink"],
            "state": Worker.State.READY,
            "started": clock.now(),
            "seen_at": clock.now() - timedelta(seconds=seen),
        }
        | columns
    )


def took(seconds: float, *, kind: str = "gpu", images: int = 9, **call: Any) -> None:
    """Lets a kind of worker be known for the time that a call took it."""
    size = {"width": 64, "height": 64, "steps": 4} | call
    for _ in range(20):
        paces.observe(kind, "ink", images=images, seconds=seconds, **size)


def refusal_after(most: int = 60, **request: Any) -> tuple[int, Busy]:
    """Returns how many strangers were accepted before one was sent away."""
    for accepted in range(most):
        try:
            ask(a_visitor(), **request)
        except Busy as busy:
            return accepted, busy
    raise AssertionError(f"{most} were accepted, and still nobody was sent away")


def quote_of(owner: Owner | None, **request: Any) -> tuple[float, float]:
    """Returns the wait that a new job would be quoted; it leaves the queue again."""
    job = ask(owner, **request)
    services.cancel(job)
    return job.quoted_low, job.quoted_high


def test_without_a_worker_jobs_are_accepted_up_to_the_cap_and_then_refused() -> None:
    accepted, busy = refusal_after()
    assert accepted >= 2
    assert busy.status == 503
    assert busy.retry_after is not None
    assert busy.retry_after >= 5
    assert busy.message
    assert Job.objects.count() == accepted
    assert lane_sums() == row_sums()
    for job in Job.objects.all():
        assert 0 <= job.quoted_low <= job.quoted_high <= LIMIT


def test_who_was_sent_away_has_used_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal_after()
    alice = a_visitor()
    for _ in range(3):
        with pytest.raises(Busy):
            ask(alice)
    monkeypatch.setattr(settings, "FREE_WAIT_LIMIT", 10**9)
    ask(alice)


def test_who_pays_is_never_sent_away() -> None:
    refusal_after()
    allow_everything()
    alice = a_user("alice", Plan.PREMIUM)
    for _ in range(10):
        ask(alice)
    ask(None)
    with pytest.raises(Busy):
        ask(a_user("bob", Plan.FREE))


def test_a_retry_of_what_was_accepted_is_not_sent_away() -> None:
    alice = a_visitor()
    job = ask(alice, key="click")
    refusal_after()
    assert ask(alice, key="click").pk == job.pk


def test_when_the_queue_has_moved_on_there_is_room_again() -> None:
    accepted, _ = refusal_after()
    for _ in range(accepted):
        finish(claimed())
    ask(a_visitor())


def test_the_more_wait_the_longer_it_takes() -> None:
    quotes = [ask(a_visitor()) for _ in range(3)]
    assert quotes[0].quoted_low == 0
    assert quotes[0].quoted_low < quotes[1].quoted_low < quotes[2].quoted_low
    assert quotes[0].quoted_high < quotes[1].quoted_high < quotes[2].quoted_high


def test_small_grids_wait_shorter_and_more_of_them_are_accepted() -> None:
    large, _ = refusal_after()
    for _ in range(large):
        finish(claimed())
    small, _ = refusal_after(count=3)
    assert small > large


def test_paid_work_makes_free_work_wait_longer() -> None:
    ask(a_visitor())
    before = quote_of(a_visitor())
    for name in ("alice", "bob", "charlie"):
        ask(a_user(name, Plan.PREMIUM))
    assert quote_of(a_visitor())[0] > before[0]


def test_what_is_being_drawn_counts_until_it_is_done() -> None:
    ask(a_visitor())
    job = claimed()
    busy = quote_of(a_visitor())[1]
    services.renew("easel", {(job.pk, 1): 0.5})
    half = quote_of(a_visitor())[1]
    finish(job)
    assert quote_of(a_visitor())[1] < half < busy


def test_whoever_comes_to_an_empty_site_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow it is: who comes second would have to wait for too long."""
    monkeypatch.setattr(settings, "FREE_WAIT_LIMIT", 1)
    first = ask(a_visitor())
    with pytest.raises(Busy):
        ask(a_visitor())
    services.cancel(first)
    ask(a_visitor())
    job = claimed()
    with pytest.raises(Busy):
        ask(a_visitor())
    finish(job)
    ask(a_visitor())


def test_a_faster_machine_takes_more() -> None:
    unknown, _ = refusal_after()
    for _ in range(unknown):
        finish(claimed())
    a_worker()
    took(3.0)
    faster, _ = refusal_after()
    assert faster > unknown


def test_estimates_learn_from_every_call() -> None:
    a_worker()
    ask(a_visitor())
    took(2.0)
    first = quote_of(a_visitor())[0]
    assert first == pytest.approx(2.0)
    took(4.0)
    slower = quote_of(a_visitor())[0]
    assert 2.5 < slower < 4.0
    took(1.0)
    assert quote_of(a_visitor())[0] < slower


def test_two_workers_take_half_the_time() -> None:
    took(8.0)
    ask(a_visitor())
    a_worker()
    one = quote_of(a_visitor())[0]
    a_worker()
    assert quote_of(a_visitor())[0] == pytest.approx(one / 2)


@pytest.mark.parametrize(
    "away",
    [
        {"seen": 20},
        {"state": Worker.State.STOPPED},
        {"checkpoints": ["oil"]},
        {"broken": {"ink": "no such folder"}},
    ],
    ids=["not seen lately", "stopped", "serves another checkpoint", "could not load it"],
)
def test_a_worker_that_will_not_come_is_not_counted(away: dict[str, Any]) -> None:
    took(8.0)
    ask(a_visitor())
    a_worker()
    one = quote_of(a_visitor())[0]
    a_worker(**away)
    assert quote_of(a_visitor())[0] == pytest.approx(one)


def test_a_slower_kind_counts_for_what_it_draws() -> None:
    took(2.0, kind="gpu")
    took(8.0, kind="cpu")
    ask(a_visitor())
    a_worker("gpu")
    a_worker("cpu")
    assert quote_of(a_visitor())[0] == pytest.approx(1 / (1 / 2 + 1 / 8), rel=0.01)


def test_one_size_speaks_for_another_until_that_was_drawn() -> None:
    took(2.0, width=128, height=128)
    a_worker()
    ask(a_visitor())
    assert quote_of(a_visitor())[0] == pytest.approx(2.0 / 4, rel=0.01)


def test_what_other_checkpoints_were_asked_for_is_drawn_first_by_the_workers_they_share(
    checkpoints: dict[str, Checkpoint],
) -> None:
    checkpoints["oil"] = replace(checkpoints["oil"], sizes=((64, 64),))
    for name in ("ink", "oil"):
        for _ in range(20):
            paces.observe("gpu", name, width=64, height=64, steps=4, images=9, seconds=2.0)
    worker = a_worker(checkpoints=["ink", "oil"])
    for _ in range(5):
        ask(a_visitor(), checkpoint="oil")
    low, high = quote_of(a_visitor())
    assert low == pytest.approx(5 * 2.0, rel=0.01)
    assert high > low
    paid_low, _ = quote_of(a_user("alice", Plan.PREMIUM))
    assert paid_low == pytest.approx(0)
    Worker.objects.filter(pk=worker.pk).update(checkpoints=["ink"])
    assert quote_of(a_visitor())[0] == pytest.approx(0)


def test_a_site_whose_workers_are_busy_with_another_checkpoint_sends_away_in_time(
    checkpoints: dict[str, Checkpoint],
) -> None:
    checkpoints["oil"] = replace(checkpoints["oil"], sizes=((64, 64),))
    a_worker(checkpoints=["ink", "oil"])
    alone, _ = refusal_after(checkpoint="oil")
    assert alone >= 3
    beside, _ = refusal_after()
    assert beside < alone / 2
