"""Which workers are alive, what they can draw, and why nobody can."""

import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache

from generation import clock
from generation.models import Worker

ALIVE = timedelta(seconds=15)
"""A worker not seen for so long counts as gone: it shows itself every five seconds."""

KEPT = 2
"""Seconds for which a finding is shown, however many look at it."""


class Crew(IntEnum):
    """What can become of a job now, for whoever waits for it; the more the better."""

    NOBODY = 0
    """No worker draws with its checkpoint. The job is kept until one does."""
    LOADS = 1
    """A worker is loading the checkpoint."""
    DRAWS = 2


def alive(now: datetime | None = None) -> list[Worker]:
    """Returns the workers that were seen lately and have not stopped."""
    since = (now or clock.now()) - ALIVE
    return list(Worker.objects.filter(seen_at__gt=since).exclude(state=Worker.State.STOPPED))


def served_by(worker: Worker) -> list[str]:
    """Returns the checkpoints that a worker draws with, or will once they are loaded."""
    return [name for name in worker.checkpoints if name not in worker.broken]


def serving(checkpoint: str, now: datetime | None = None) -> list[Worker]:
    """Returns the live workers that draw with a checkpoint, or will once they have loaded it."""
    return of_them_serving(checkpoint, alive(now))


def of_them_serving(checkpoint: str, some: Iterable[Worker]) -> list[Worker]:
    """Returns those of some workers that draw with a checkpoint, or will once it is loaded."""
    return [worker for worker in some if checkpoint in served_by(worker)]


def served_beside(worker: str) -> set[str]:
    """Returns the checkpoints that other live workers serve."""
    return {name for other in alive() if other.pk != worker for name in served_by(other)}


def crew(state: str, kind: str) -> Crew:
    """Returns what a live worker does for its checkpoints: the first one loaded tells the kind."""
    match state:
        case Worker.State.READY | Worker.State.DRAWING:
            return Crew.DRAWS if kind else Crew.LOADS
        case Worker.State.LOADING:
            return Crew.LOADS
    return Crew.NOBODY


def crew_of(checkpoint: str, now: datetime | None = None) -> Crew:
    """Returns the best that the live workers have for a checkpoint."""
    crews = (crew(worker.state, worker.kind) for worker in serving(checkpoint, now))
    return max(crews, default=Crew.NOBODY)


def recent_crew_of(checkpoint: str) -> Crew:
    """Returns the same as of a moment ago, for a page that many look at."""
    return _as_of(int(time.time()) // KEPT, checkpoint)


@lru_cache(maxsize=32)
def _as_of(moment: int, checkpoint: str) -> Crew:
    return crew_of(checkpoint)


def why_nobody_draws(offered: Collection[str], now: datetime | None = None) -> str:
    """Returns why no picture can be drawn now, empty where one can; for everybody to read.

    Why a checkpoint is broken may name files of the machine: `manage.py queue` says that.
    """
    names = set(offered)
    there = [worker for worker in alive(now) if names & set(worker.checkpoints)]
    useful = (worker for worker in there if names & set(served_by(worker)))
    if any(crew(worker.state, worker.kind) is Crew.DRAWS for worker in useful):
        return ""
    said = [reason for worker in there for reason in _reasons(worker)]
    return "; ".join(dict.fromkeys(said)) or "no worker that can draw was seen lately"


def _reasons(worker: Worker) -> list[str]:
    broken = [f"{name} could not be loaded" for name in worker.broken]
    if worker.state == Worker.State.PAUSED:
        return [*broken, "the storage refuses files"]
    loading = ", ".join(served_by(worker))
    return [*broken, f"loading {loading}"] if loading else broken
