"""What a worker holds: the jobs it has claimed and not yet delivered, and whether it gets on."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import structlog

from generation import services
from generation.models import Job

log = structlog.get_logger(__name__)


@dataclass
class Held:
    """A claimed job, from claim to delivery."""

    job: Job
    progress: float = 0.0
    written: float = -1.0
    """The progress that the row shows."""
    drawn_at: float | None = None
    """Monotonic seconds; from then on it is being encoded and stored."""
    lost: bool = False
    """Cancelled, or somebody else's by now."""


class Holding:
    """The held jobs of one process, for all its threads."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._held: dict[UUID, Held] = {}
        self._lock = threading.Lock()

    def hold(self, jobs: Iterable[Job]) -> None:
        with self._lock:
            self._held.update({job.pk: Held(job) for job in jobs})

    def of(self, jobs: Iterable[Job]) -> list[Held]:
        """Returns what is held of jobs that were claimed together."""
        with self._lock:
            return [self._held[job.pk] for job in jobs]

    def let_go(self, jobs: Iterable[Job]) -> None:
        with self._lock:
            for job in jobs:
                held = self._held.get(job.pk)
                # A late delivery of an attempt that was lost lets go of that one alone.
                if held is not None and held.job.attempts == job.attempts:
                    del self._held[job.pk]

    def all(self) -> Sequence[Held]:
        with self._lock:
            return list(self._held.values())

    def __bool__(self) -> bool:
        return bool(self._held)

    @property
    def news(self) -> bool:
        """Whether some progress is not yet written."""
        return any(one.progress != one.written for one in self.all() if not one.lost)

    def delivering_for(self) -> float:
        """Returns the seconds that the slowest delivery has taken so far."""
        since = [one.drawn_at for one in self.all() if one.drawn_at is not None]
        return time.monotonic() - min(since) if since else 0.0

    def renew(self) -> None:
        """Renews the leases, writes the progress, and marks what is no longer this worker's."""
        held = [one for one in self.all() if not one.lost]
        progress = {(one.job.pk, one.job.attempts): one.progress for one in held}
        still = services.renew(self._worker, progress)
        for one in held:
            one.written = progress[one.job.pk, one.job.attempts]
            one.lost = one.job.pk not in still
            if one.lost and one.drawn_at is None:
                # Cancelled, or swept: what is drawn of it is thrown away. Of what is being
                # delivered the deliverer tells; most likely it has just finished.
                job = one.job
                log.info("job.no_longer_held", job=str(job.pk), request_id=job.request_id)


@dataclass
class Watch:
    """The last sign of progress of the thread that draws."""

    allowed: float = 0.0
    last_step: float = field(default_factory=time.monotonic)
    running: bool = False

    def start(self, allowed: float) -> None:
        """From now on a step is expected every `allowed` seconds."""
        self.allowed, self.last_step, self.running = allowed, time.monotonic(), True

    def step(self) -> None:
        self.last_step = time.monotonic()

    def stop(self) -> None:
        self.running = False

    @property
    def overdue(self) -> bool:
        return self.running and time.monotonic() - self.last_step > self.allowed


def told(job: Job) -> structlog.stdlib.BoundLogger:
    """A log whose lines carry the job and the id of the request that asked for it."""
    return cast(
        "structlog.stdlib.BoundLogger", log.bind(job=str(job.pk), request_id=job.request_id)
    )
