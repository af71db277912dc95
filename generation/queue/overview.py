"""The state of the queue at a glance: what waits, who draws, and what has waited longest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Plan
from generation import catalogue, clock
from generation.models import Job, Lane, Worker
from generation.queue import admission, lanes, workers
from generation.queue.workers import Crew
from generation.scheduling import Wait

REMEMBERED = timedelta(days=1)
"""A worker that vanished is shown for so long; one that stopped in order is not."""


@dataclass(frozen=True)
class LaneNow:
    """A lane, and how long a newcomer's first grid would wait in it."""

    checkpoint: str
    tier: str
    waiting: int
    pixel_steps: int
    virtual_time: int
    workers: int
    """Live ones; where there are none, the wait is from the moment that one comes."""
    wait: Wait | None
    """None where the checkpoint is not offered any more."""


@dataclass(frozen=True)
class WorkerNow:
    """A worker, and how many seconds ago it showed itself."""

    id: str
    alive: bool
    state: str
    device: str
    checkpoints: list[str]
    broken: dict[str, str]
    """Why, by checkpoint that could not be loaded."""
    seen: float

    @property
    def crew(self) -> Crew:
        """What it does for its checkpoints."""
        return workers.crew(self.state, self.device) if self.alive else Crew.NOBODY


@dataclass(frozen=True)
class JobNow:
    """A job that has not ended, and how many seconds ago it was asked for."""

    id: str
    status: str
    checkpoint: str
    tier: str
    attempts: int
    worker: str
    age: float


@dataclass(frozen=True)
class Overview:
    """The queue as of now."""

    waiting: int
    drawing: int
    oldest: JobNow | None
    lanes: list[LaneNow]
    workers: list[WorkerNow]


def overview() -> Overview:
    """Returns the queue as of now."""
    now = clock.now()
    open_jobs = Job.objects.filter(status__in=Job.OPEN)
    oldest = open_jobs.order_by("created", "id").first()
    return Overview(
        waiting=open_jobs.filter(status=Job.Status.QUEUED).count(),
        drawing=open_jobs.filter(status=Job.Status.RUNNING).count(),
        oldest=None if oldest is None else _job(oldest, now),
        lanes=[_lane(lane, now) for lane in Lane.objects.all()],
        workers=_workers(now),
    )


def _lane(lane: Lane, now: datetime) -> LaneNow:
    drawing_there, wait = 0, None
    if checkpoint := catalogue.offered().get(lane.checkpoint):
        capacity = admission.capacity_of(checkpoint, now)
        drawing_there = capacity.workers
        loads = lanes.loads_of(lanes.of(lane.checkpoint), now)
        tags = admission.first_grid(lane.tier, loads)
        wait = admission.wait_of(tags, lane.tier, loads, capacity)
    return LaneNow(
        checkpoint=lane.checkpoint,
        tier=_tier(lane.tier),
        waiting=lane.waiting,
        pixel_steps=lane.waiting_cost,
        virtual_time=lane.virtual_time,
        workers=drawing_there,
        wait=wait,
    )


def _workers(now: datetime) -> list[WorkerNow]:
    known = Worker.objects.filter(seen_at__gt=now - REMEMBERED).exclude(state=Worker.State.STOPPED)
    return [
        WorkerNow(
            id=worker.id,
            alive=worker.seen_at > now - workers.ALIVE,
            state=worker.state,
            device=worker.kind,
            checkpoints=worker.checkpoints,
            broken=worker.broken,
            seen=(now - worker.seen_at).total_seconds(),
        )
        for worker in known.order_by("-seen_at")
    ]


def _job(job: Job, now: datetime) -> JobNow:
    return JobNow(
        id=str(job.pk),
        status=job.status,
        checkpoint=job.checkpoint,
        tier=_tier(job.tier),
        attempts=job.attempts,
        worker=job.worker,
        age=(now - job.created).total_seconds(),
    )


def _tier(tier: int) -> str:
    return Plan.Tier(tier).name.lower()
