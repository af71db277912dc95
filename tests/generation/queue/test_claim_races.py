"""Two who want one job: one gets it."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from django.db import transaction

from accounts.models import Usage
from generation import services
from generation.errors import Failure
from generation.models import ATTEMPTS, Image, Job, Lane
from tests.generation.queue.cast import (
    a_visitor,
    allow_everything,
    ask,
    claimed,
    finish,
    lane_sums,
    now_of,
    row_sums,
    time_passes,
)
from tests.generation.queue.racing import race, race_of_processes

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("a_connection_each"),
]

CLAIMERS = 6
JOBS = 30
OVER = services.LEASE.total_seconds() + 1


def claim_all(number: int) -> list[UUID]:
    """What one worker gets, of batches of one to three jobs, until nothing waits."""
    mine: list[UUID] = []
    while batch := services.claim(f"easel {number}", {"ink": 3 + 3 * (number % 3)}):
        mine.extend(job.pk for job in batch.jobs)
    return mine


def wait_in_line() -> set[UUID]:
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    return {ask(alice if turn % 2 else bob, count=3).pk for turn in range(JOBS)}


def test_racing_threads_never_claim_one_job_twice() -> None:
    waiting = wait_in_line()
    outcomes = race(CLAIMERS, claim_all)
    assert_each_once(waiting, outcomes)


def test_racing_processes_never_claim_one_job_twice() -> None:
    waiting = wait_in_line()
    outcomes = race_of_processes(4, claim_all)
    assert_each_once(waiting, outcomes)


def assert_each_once(waiting: set[UUID], outcomes: list[list[UUID] | Exception]) -> None:
    claims: Counter[UUID] = Counter()
    for number, outcome in enumerate(outcomes):
        assert isinstance(outcome, list), outcome
        claims.update(outcome)
        held = Job.objects.filter(worker=f"easel {number}", status=Job.Status.RUNNING, attempts=1)
        assert set(held.values_list("pk", flat=True)) == set(outcome)
    assert claims == Counter(waiting)
    assert lane_sums() == row_sums() == {}


def read_then_write(number: int) -> UUID:
    """The control: it looks, thinks, and takes what it saw."""
    job = Job.objects.filter(status=Job.Status.QUEUED).order_by("start_tag", "id")[0]
    time.sleep(0.05)
    job.status, job.worker, job.attempts = Job.Status.RUNNING, f"easel {number}", 1
    job.started = job.lease_until = job.created
    job.save()
    return job.pk


def test_a_control_that_reads_then_writes_claims_twice() -> None:
    wait_in_line()
    outcomes = race(CLAIMERS, read_then_write)
    assert all(isinstance(outcome, UUID) for outcome in outcomes)
    assert len(set(outcomes)) < CLAIMERS


def test_who_meets_only_rows_that_another_claim_holds_looks_again() -> None:
    """A claim locks what it might fill its batch with; the rest is there for others a moment on."""
    for _ in range(6):
        ask(a_visitor(), count=3)
    claiming, looked = threading.Event(), threading.Event()

    def slowly(number: int) -> int:
        if number:
            claiming.wait(60)
            threading.Timer(0.3, looked.set).start()
            batch = services.claim("palette", {"ink": 9})
        else:
            with transaction.atomic():
                batch = services.claim("easel", {"ink": 9})
                claiming.set()
                looked.wait(60)
        return len(batch.jobs) if batch else 0

    assert race(2, slowly) == [3, 3]


def cancel(job: Job) -> bool:
    return services.cancel(job)


def sweep(_: Job) -> bool:
    return services.sweep() == 1


def fail(job: Job) -> bool:
    return services.fail(job, Failure.HUNG)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (finish, cancel),
        (finish, finish),
        (finish, sweep),
        (finish, fail),
        (finish, services.release),
        (fail, sweep),
        (sweep, sweep),
        (cancel, cancel),
    ],
    ids=lambda act: act.__name__,
)
def test_of_two_that_end_one_attempt_exactly_one_wins(
    one: Callable[[Job], bool], other: Callable[[Job], bool]
) -> None:
    ask(a_visitor())
    for _ in range(ATTEMPTS):
        Job.objects.update(attempts=0)
        job = claimed()
        time_passes(OVER)
        acts = [partial(one, job), partial(other, job)]
        assert sorted(race(2, lambda number, acts=acts: acts[number]())) == [False, True]
        assert lane_sums() == row_sums()
        done = now_of(job).status == Job.Status.SUCCEEDED
        assert Usage.objects.filter(job_id=job.pk).count() == done
        assert Image.objects.filter(job=job).count() == (job.count if done else 0)
        if now_of(job).status in Job.TERMINAL:
            ask(a_visitor())


def test_a_job_cancelled_while_it_is_claimed_is_cancelled_and_in_no_lane() -> None:
    for _ in range(5):
        job = ask(a_visitor())
        acts: list[Callable[[], object]] = [
            partial(services.cancel, job),
            partial(services.claim, "easel", {"ink": 9}),
        ]
        won, batch = race(2, lambda number, acts=acts: acts[number]())
        assert won is True
        assert now_of(job).status == Job.Status.CANCELLED
        assert lane_sums() == row_sums() == {}
        if batch is not None:
            assert not finish(batch.jobs[0])


def test_a_job_cancelled_while_it_is_claimed_ends_after_it_began() -> None:
    """Cancelling waits for the claim, whose row it is: it must not say when it began to wait."""
    job = ask(a_visitor())
    held = threading.Event()

    def act(number: int) -> object:
        if number:
            held.wait(60)
            return services.cancel(job)
        with transaction.atomic():
            Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
            held.set()
            time.sleep(0.5)
            return services.claim("easel", {"ink": 9})

    assert race(2, act)[1] is True
    ended = now_of(job)
    assert ended.status == Job.Status.CANCELLED
    assert ended.started <= ended.finished


def test_what_comes_while_a_claim_looks_starts_after_it_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, head_of = ask(a_visitor()), services._head

    def late(lane: Lane) -> Job | None:
        ask(a_visitor())
        return head_of(lane)

    monkeypatch.setattr(services, "_head", late)
    batch = services.claim("easel", {"ink": 18})
    assert batch is not None
    assert batch.jobs[0].pk == first.pk
    assert len(batch.jobs) == 2
    assert all(now_of(job).created <= now_of(job).started for job in batch.jobs)


def test_a_job_cancelled_while_it_comes_back_is_cancelled_and_in_no_lane() -> None:
    for _ in range(5):
        ask(a_visitor())
        job = claimed()
        acts = [partial(services.cancel, job), partial(services.release, job)]
        won, _ = race(2, lambda number, acts=acts: acts[number]())
        assert won is True
        assert now_of(job).status == Job.Status.CANCELLED
        assert lane_sums() == row_sums() == {}


def test_of_several_sweepers_each_job_is_swept_once() -> None:
    for attempts_before in [0, ATTEMPTS - 1] * 6:
        job = ask(a_visitor())
        Job.objects.filter(pk=job.pk).update(attempts=attempts_before)
    for _ in range(12):
        claimed()
    time_passes(OVER)
    assert sum(race(4, lambda _: services.sweep())) == 12
    assert Job.objects.filter(status=Job.Status.QUEUED, attempts=1).count() == 6
    assert Job.objects.filter(status=Job.Status.FAILED, error_code=Failure.LOST).count() == 6
    assert lane_sums() == row_sums()


def test_everything_at_once_leaves_every_sum_right() -> None:
    allow_everything()
    alice = a_visitor()

    def busy(number: int) -> None:
        for turn in range(8):
            if number == 0:
                ask(alice, count=3)
            elif number == 1:
                for job in Job.objects.filter(status=Job.Status.QUEUED)[turn % 3 : 1 + turn % 3]:
                    services.cancel(job)
            else:
                for job in getattr(services.claim(f"easel {number}", {"ink": 6}), "jobs", ()):
                    [finish, fail, services.release, services.cancel][turn % 4](job)

    assert race(5, busy) == [None] * 5
    assert lane_sums() == row_sums()
    delivered = Job.objects.filter(status=Job.Status.SUCCEEDED)
    assert set(Usage.objects.values_list("job_id", flat=True)) == {job.pk for job in delivered}
