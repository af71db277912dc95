"""Any history of asks, claims, mishaps and ends leaves the rows that a small model expects."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Owner, Plan, Usage
from generation import clock, services
from generation.errors import Failure
from generation.models import ATTEMPTS, Image, Job, Lane, Rendition
from tests.generation.queue.cast import (
    a_user,
    a_visitor,
    allow_everything,
    ask,
    finish,
    lane_sums,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@dataclass
class Expected:
    """What the model knows of a job."""

    status: str = "queued"
    attempts: int = 0
    worker: str = ""
    failure: str = ""
    pictures: int = 0
    expired: bool = False
    erased: bool = False

    def leave(self, status: str, **changes: Any) -> None:
        self.status, self.worker, self.expired = status, "", False
        for name, value in changes.items():
            setattr(self, name, value)

    def end_attempt(self, failure: Failure) -> None:
        last = self.attempts == ATTEMPTS
        self.leave("failed" if last else "queued", failure=failure)


class Queue(RuleBasedStateMachine):
    """Two owners, the operator and two workers, who keep every token they ever had."""

    asked = Bundle("asked")
    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[UUID, Expected] = {}
        self.times: dict[int, int] = {}
        self.delivered: dict[UUID, int] = {}
        self.history = transaction.atomic()
        self.history.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.history.__exit__(None, None, None)

    @initialize()
    def open(self) -> None:
        allow_everything()
        self.owners: list[Owner | None] = [a_visitor(), a_user("alice", Plan.PREMIUM), None]

    @rule(
        target=asked,
        owner=st.integers(0, 2),
        count=st.integers(1, 4),
        size=st.sampled_from([(64, 64), (128, 128)]),
    )
    def ask(self, owner: int, **request: Any) -> UUID:
        job = ask(self.owners[owner], **request)
        self.model[job.pk] = Expected()
        return job.pk

    @rule(
        target=held,
        worker=st.sampled_from(["easel", "palette"]),
        room=st.integers(1, 9),
    )
    def claim(self, worker: str, room: int) -> MultipleResults[Job]:
        waiting = list(Job.objects.filter(status="queued"))
        batch = services.claim(worker, {"ink": room})
        assert (batch is None) == (not waiting)
        if batch is None:
            return multiple()
        head = batch.jobs[0]
        lane = [(job.start_tag, job.pk) for job in waiting if job.tier == head.tier]
        assert (head.start_tag, head.pk) == min(lane)
        assert len(batch.jobs) == 1 or batch.images <= room
        assert len({job.batch_key for job in batch.jobs}) == 1
        for job in batch.jobs:
            expected = self.model[job.pk]
            assert expected.status == "queued"
            expected.status, expected.worker = "running", worker
            expected.attempts += 1
        return multiple(*batch.jobs)

    def act(self, job: Job, act: Callable[[Job], bool]) -> Expected | None:
        """Returns the model's job if it is the token's still, and the act must have won then."""
        expected = self.model.get(job.pk)
        valid = expected is not None and (expected.status, expected.worker, expected.attempts) == (
            "running",
            job.worker,
            job.attempts,
        )
        assert act(job) == valid
        return expected if valid else None

    @rule(job=held, blocked=st.sampled_from([(), (0,), range(9)]))
    def finish(self, job: Job, blocked: tuple[int, ...]) -> None:
        if expected := self.act(job, lambda held: finish(held, blocked)):
            delivered = job.count - len(set(blocked) & set(range(job.count)))
            if delivered:
                expected.leave("succeeded", failure="", pictures=job.count)
                self.delivered[job.pk] = delivered
            else:
                expected.leave("failed", failure=Failure.BLOCKED, pictures=job.count)

    @rule(job=held)
    def fail(self, job: Job) -> None:
        if expected := self.act(job, lambda held: services.fail(held, Failure.OUT_OF_MEMORY)):
            expected.end_attempt(Failure.OUT_OF_MEMORY)

    @rule(job=held)
    def release(self, job: Job) -> None:
        if expected := self.act(job, services.release):
            expected.leave("queued", attempts=expected.attempts - 1)

    @rule(job=held)
    def renew(self, job: Job) -> None:
        progress = {(job.pk, job.attempts): 0.5}
        if expected := self.act(job, lambda held: bool(services.renew(held.worker, progress))):
            expected.expired = False

    @rule(job=held)
    def let_the_lease_run_out(self, job: Job) -> None:
        over = clock.now() - timedelta(seconds=1)
        if Job.objects.filter(pk=job.pk, status="running").update(lease_until=over):
            self.model[job.pk].expired = True

    @rule(everything=st.booleans())
    def sweep(self, *, everything: bool) -> None:
        if everything:
            Job.objects.filter(status="running").update(lease_until=clock.now() - services.LEASE)
            for job in self.model.values():
                job.expired = job.status == "running"
        expired = [expected for expected in self.model.values() if expected.expired]
        assert services.sweep() == len(expired)
        for expected in expired:
            expected.end_attempt(Failure.LOST)

    @rule(job=asked, then_erase=st.booleans())
    def cancel(self, job: UUID, *, then_erase: bool) -> None:
        if job not in self.model:
            return
        expected = self.model[job]
        is_open = expected.status in Job.OPEN
        row = Job.objects.get(pk=job)
        if then_erase:
            services.erase(row)
            expected.erased, expected.pictures = True, 0
        else:
            assert services.cancel(row) == is_open
        if is_open:
            expected.leave("cancelled")

    @rule()
    def purge(self) -> None:
        erased = {pk for pk, expected in self.model.items() if expected.erased}
        assert services.purge(counted_for=timedelta(0)) == len(erased)
        for pk in erased:
            del self.model[pk]

    @invariant()
    def every_row_is_as_expected(self) -> None:
        columns = ("pk", "status", "attempts", "worker", "error_code", "prompt")
        rows = {pk: rest for pk, *rest in Job.objects.values_list(*columns)}
        assert rows == {
            pk: [e.status, e.attempts, e.worker, e.failure, "" if e.erased else "a red fox"]
            for pk, e in self.model.items()
        }

    @invariant()
    def every_lane_is_the_sum_of_its_rows(self) -> None:
        assert lane_sums() == row_sums()

    @invariant()
    def no_virtual_time_goes_back(self) -> None:
        for lane in Lane.objects.all():
            assert lane.virtual_time >= self.times.get(lane.tier, 0)
            self.times[lane.tier] = lane.virtual_time

    @invariant()
    def what_was_delivered_is_paid_for_once_and_stays_paid_for(self) -> None:
        assert dict(Usage.objects.values_list("job_id", "images")) == self.delivered

    @invariant()
    def only_finished_jobs_have_pictures(self) -> None:
        assert Image.objects.count() == sum(e.pictures for e in self.model.values())
        assert Rendition.objects.count() == Image.objects.exclude(master="").count()


@pytest.mark.usefixtures("db")
def test_rows_and_sums_follow_any_history() -> None:
    run_state_machine_as_test(
        Queue,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
