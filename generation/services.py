"""Every change of a job's status, one function an arrow. Nothing else writes it.

Each updates rows by the state that they leave, and the row count says who won. What a worker does
it does as the holder of the token (worker, attempts): once the lease was lost the token is stale,
and the row is somebody else's.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts import metering
from generation import clock
from generation.batching import Candidate, fill
from generation.errors import Failure
from generation.models import ATTEMPTS, Image, Job, Lane, Rendition, Source, Worker
from generation.programs import callbacks
from generation.queue import lanes, previews, redraws

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)


@dataclass(frozen=True)
class Batch:
    """Jobs that one worker holds and draws in one pipeline call, the head first."""

    jobs: tuple[Job, ...]

    @property
    def checkpoint(self) -> str:
        return self.jobs[0].checkpoint

    @property
    def images(self) -> int:
        return sum(job.count for job in self.jobs)


@dataclass(frozen=True)
class Files:
    """Names in the masters storage and in the renditions storage."""

    masters: Sequence[str]
    renditions: Sequence[str]


def claim(
    worker: str,
    rooms: Mapping[str, int],
    *,
    draw: Callable[[], float] = random.random,
) -> Batch | None:
    """Returns the next batch, now held by `worker`, or None when nothing waits for it.

    Args:
        worker: the claiming process.
        rooms: images in one pipeline call, by checkpoint that the worker serves.
        draw: uniform in [0, 1); decides between the tiers of several checkpoints.
    """
    waiting = list(Lane.objects.filter(checkpoint__in=list(rooms), waiting__gt=0))
    share = draw()
    while (lane := lanes.next_of(waiting, share)) is not None:
        if jobs := _claim_from(lane, worker, rooms[lane.checkpoint]):
            return Batch(jobs)
        waiting.remove(lane)
    return None


def claim_alone(worker: str, job: Job) -> Batch | None:
    """Returns a batch of this job alone, now held by `worker`, or None when it does not wait."""
    with transaction.atomic():
        waits = Job.objects.filter(pk=job.pk, status=Job.Status.QUEUED)
        row = waits.select_for_update(of=("self",)).first()
        if row is None or not _take(row, worker, clock.now()):
            return None
        lanes.serve([row])
    return Batch((row,))


def renew(worker: str, progress: Mapping[tuple[UUID, int], float]) -> set[UUID]:
    """Renews leases and notes the progress; returns the jobs that are still the worker's.

    Args:
        worker: who holds them.
        progress: done share by (job, attempt).
    """
    until = clock.now() + LEASE
    return {
        job
        for (job, attempt), share in progress.items()
        if _held(job, worker, attempt).update(lease_until=until, progress=min(1.0, share))
    }


def finish(
    job: Job,
    images: Sequence[Image],
    renditions: Sequence[Rendition],
    *,
    seconds: float,
    revision: str = "",
    prompt_cut_at: int | None = None,
) -> bool:
    """RUNNING → SUCCEEDED, with its pictures and its usage in the same transaction.

    A job of which every picture was held back has FAILED, and costs nothing. The picture of a
    position drawn again takes its place in the grid, whose usage then counts it.

    Args:
        job: as it was claimed.
        images: one for each position, not yet saved.
        renditions: of those images or of the whole grid, not yet saved.
        seconds: the job's share of its batch's time on the device.
        revision: of the checkpoint that drew it.
        prompt_cut_at: characters of the prompt that the checkpoint read, None for all.

    Returns:
        False when the job is no longer the worker's: nothing was written.
    """
    delivered = sum(1 for image in images if image.verdict != Image.Verdict.BLOCKED)
    status = Job.Status.SUCCEEDED if delivered else Job.Status.FAILED
    with transaction.atomic():
        if job.api_key_id is not None:
            metering.take_turn(job.user_id)
        if job.redraws_id is not None:
            # The grid before its redraws, as in `erase`.
            Job.objects.select_for_update(of=("self",)).filter(pk=job.redraws_id).first()
        won = _held(job.pk, job.worker, job.attempts).update(
            status=status,
            error_code="" if delivered else Failure.BLOCKED,
            progress=1.0,
            revision=revision,
            prompt_cut_at=prompt_cut_at,
            finished=clock.now(),
            lease_until=None,
            worker="",
        )
        if not won:
            return False
        previews.forget(job)
        callbacks.note(job, status)
        if job.redraws_id is not None:
            if delivered:
                redraws.put_in_place(job, images, renditions, seconds)
            return True
        Image.objects.bulk_create(images)
        Rendition.objects.bulk_create(renditions)
        if delivered:
            owner = Job.objects.only("user", "visitor").get(pk=job.pk)  # claimed meanwhile, maybe
            metering.record(
                job_id=job.pk,
                user_id=owner.user_id,
                visitor=owner.visitor_id is not None,
                api_key_id=job.api_key_id,
                images=delivered,
                pixel_steps=job.cost // job.count * delivered,
                seconds=seconds,
                now=clock.now(),
            )
    return True


def finish_at_once(
    job: Job, images: Sequence[Image], renditions: Sequence[Rendition], *, now: datetime
) -> None:
    """→ SUCCEEDED: a test key's job, which was never in the queue and is never counted.

    Args:
        job: not yet saved; what it asks for is filled in.
        images: one for each position, not yet saved.
        renditions: of those images or of the whole grid, not yet saved.
        now: when it was asked for and, since that takes no time, when it was done.
    """
    job.status, job.test, job.progress, job.attempts = Job.Status.SUCCEEDED, True, 1.0, 1
    job.start_tag, job.finish_tag, job.toll = 0, 1, 0
    job.quoted_low = job.quoted_high = 0.0
    job.created = job.started = job.finished = now
    with transaction.atomic():
        job.save(force_insert=True)
        Image.objects.bulk_create(images)
        Rendition.objects.bulk_create(renditions)
        callbacks.note(job, job.status)


def fail(job: Job, failure: Failure) -> bool:
    """RUNNING → QUEUED at its old place, or → FAILED if that was the last attempt."""
    with transaction.atomic():
        return _end_attempt(_held(job.pk, job.worker, job.attempts), job, failure, clock.now())


def release(job: Job) -> bool:
    """RUNNING → QUEUED at its old place, the attempt not counted: a stopping worker gives back."""
    with transaction.atomic():
        won = _held(job.pk, job.worker, job.attempts).update(
            status=Job.Status.QUEUED,
            attempts=F("attempts") - 1,
            progress=0,
            lease_until=None,
            worker="",
        )
        if won:
            previews.forget(job)
            lanes.come_back(job)
    return bool(won)


def cancel(job: Job) -> bool:
    """QUEUED | RUNNING → CANCELLED. False when it had already ended."""
    with transaction.atomic():
        # The time is looked at when the row is ours: a claim that we waited for came before.
        Job.objects.select_for_update(of=("self",)).filter(pk=job.pk).first()
        row = Job.objects.filter(pk=job.pk)
        ended: dict[str, Any] = {
            "status": Job.Status.CANCELLED,
            "finished": clock.now(),
            "lease_until": None,
            "worker": "",
        }
        # Not started, whatever an earlier attempt came to: what is cancelled waiting costs nothing.
        if row.filter(status=Job.Status.QUEUED).update(started=None, **ended):
            lanes.leave(job)
        elif row.filter(status=Job.Status.RUNNING).update(**ended):
            previews.forget(job)
        else:
            return False
        callbacks.note(job, Job.Status.CANCELLED)
    return True


def sweep(*, now: datetime | None = None, most: int = 100) -> int:
    """RUNNING → QUEUED, or → FAILED after the last attempt, where the lease ran out.

    Returns how many. Any number of processes may sweep at once.
    """
    moment = now or clock.now()
    expired = Q(status=Job.Status.RUNNING, lease_until__lt=moment)
    swept = 0
    for job in Job.objects.filter(expired).order_by("lease_until")[:most]:
        with transaction.atomic():
            row = Job.objects.filter(expired, pk=job.pk, attempts=job.attempts, worker=job.worker)
            lost = _end_attempt(row, job, Failure.LOST, moment)
        if lost:
            log.warning(
                "job.lease_lost",
                job=str(job.pk),
                request_id=job.request_id,
                worker=job.worker,
                attempt=job.attempts,
            )
        swept += lost
    return swept


def erase(job: Job) -> Files:
    """Ends the job if it has not ended, and forgets what was asked and drawn.

    The bare row stays for as long as it counts against an allowance; `purge` takes it then.

    Returns:
        The files that nothing refers to any more, for the caller to delete.
    """
    cancel(job)
    with transaction.atomic():
        # Whoever makes a rendition or draws a position again does it before this, or not at all.
        Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
        for redraw in job.redrawn.filter(status__in=Job.OPEN):
            cancel(redraw)
        files = Files(
            masters=list(job.images.exclude(master="").values_list("master", flat=True)),
            renditions=list(job.renditions.values_list("name", flat=True)),
        )
        Source.objects.filter(job=job.pk).delete()
        job.renditions.all().delete()
        job.images.all().delete()
        Job.objects.filter(Q(pk=job.pk) | Q(redraws=job.pk)).update(
            prompt="",
            negative_prompt="",
            style="",
            seed=0,
            idempotency_key="",
            request_hash="",
            request_id="",
            visibility=Job.Visibility.PRIVATE,
            erased=clock.now(),
        )
    return files


def purge(*, counted_for: timedelta = timedelta(days=1)) -> int:
    """Deletes the rows of erased jobs whose window has ended; returns how many.

    The rows of workers that were not seen for as long go as well.
    """
    Worker.objects.filter(seen_at__lt=clock.now() - counted_for).delete()
    old = Job.objects.filter(erased__isnull=False, created__lt=clock.now() - counted_for)
    deleted, _ = old.filter(status__in=Job.TERMINAL).delete()
    return deleted


def _claim_from(lane: Lane, worker: str, room: int) -> tuple[Job, ...]:
    with transaction.atomic():
        head = _head(lane)
        if head is None or not _take(head, worker, clock.now()):
            return ()
        jobs = [head]
        if head.attempts == 1:
            jobs += _companions(head, worker, room - head.count)
        lanes.serve(jobs)
    return tuple(jobs)


def _head(lane: Lane) -> Job | None:
    """The first job that no other claim holds; where they hold all, the first that they leave."""
    waiting = _waiting(lane.checkpoint, lane.tier)
    return _skip_locked(waiting).first() or waiting.select_for_update(of=("self",)).first()


def _companions(head: Job, worker: str, room: int) -> Iterable[Job]:
    """Takes jobs that can share the head's pipeline call, from its own lane first.

    None of them has failed before, nor has the head: what broke a call is drawn alone from then
    on, and breaks nobody else's.
    """
    for tier in (head.tier, 3 - head.tier):
        if room <= 0:
            return
        same = _waiting(head.checkpoint, tier).filter(batch_key=head.batch_key, attempts=0)
        # Each has a picture at least: no more could fit, and a claim costs the same at any backlog.
        waiting = {job.pk: job for job in _skip_locked(same)[:room]}
        now = clock.now()  # of them all: some may have been asked for after the head was taken
        for pk in fill(room, [Candidate(job.pk, job.count) for job in waiting.values()]):
            if _take(waiting[pk], worker, now):
                room -= waiting[pk].count
                yield waiting[pk]


def _take(job: Job, worker: str, now: datetime) -> bool:
    """QUEUED → RUNNING. On SQLite and PostgreSQL alike the row count is the answer."""
    taken = Job.objects.filter(pk=job.pk, status=Job.Status.QUEUED).update(
        status=Job.Status.RUNNING,
        worker=worker,
        attempts=F("attempts") + 1,
        started=Coalesce(F("started"), now),
        lease_until=now + LEASE,
        progress=0,
    )
    if taken:
        job.status, job.worker, job.attempts = Job.Status.RUNNING, worker, job.attempts + 1
        job.started = job.started or now
    return bool(taken)


def _end_attempt(row: QuerySet[Job], job: Job, failure: Failure, now: datetime) -> bool:
    last = job.attempts >= ATTEMPTS
    won = row.update(
        status=Job.Status.FAILED if last else Job.Status.QUEUED,
        finished=now if last else None,
        error_code=failure,
        progress=0,
        lease_until=None,
        worker="",
    )
    if won:
        previews.forget(job)
    if won and not last:
        lanes.come_back(job)
    if won and last:
        callbacks.note(job, Job.Status.FAILED)
    return bool(won)


def _held(job: UUID, worker: str, attempt: int) -> QuerySet[Job]:
    return Job.objects.filter(pk=job, status=Job.Status.RUNNING, worker=worker, attempts=attempt)


def _waiting(checkpoint: str, tier: int) -> QuerySet[Job]:
    return Job.objects.filter(status=Job.Status.QUEUED, checkpoint=checkpoint, tier=tier).order_by(
        "start_tag", "id"
    )


def _skip_locked(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """PostgreSQL passes over rows that another claim holds; SQLite has one writer at a time."""
    if connection.features.has_select_for_update_skip_locked:
        return jobs.select_for_update(skip_locked=True, of=("self",))
    return jobs
