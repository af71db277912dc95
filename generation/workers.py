"""Which workers are alive, what they can draw, and why nobody can."""

from datetime import datetime, timedelta

from generation import clock
from generation.models import Worker

ALIVE = timedelta(seconds=15)
"""A worker not seen for so long counts as gone: it shows itself every five seconds."""


def alive(now: datetime | None = None) -> list[Worker]:
    """Returns the workers that were seen lately and have not stopped."""
    since = (now or clock.now()) - ALIVE
    return list(Worker.objects.filter(seen_at__gt=since).exclude(state=Worker.State.STOPPED))


def served_by(worker: Worker) -> list[str]:
    """Returns the checkpoints that a worker draws with, or will once they are loaded."""
    return [name for name in worker.checkpoints if name not in worker.broken]


def serving(checkpoint: str, now: datetime | None = None) -> list[Worker]:
    """Returns the live workers that draw with a checkpoint, or will once they have loaded it."""
    return [worker for worker in alive(now) if checkpoint in served_by(worker)]


def served_beside(worker: str) -> set[str]:
    """Returns the checkpoints that other live workers serve."""
    return {name for other in alive() if other.pk != worker for name in served_by(other)}


def why_nobody_draws(now: datetime | None = None) -> str:
    """Returns why no picture can be drawn now, for the operator; empty where one can."""
    there = alive(now)
    if any(_draws(worker) for worker in there):
        return ""
    said = [reason for worker in there for reason in _reasons(worker)]
    return "; ".join(dict.fromkeys(said)) or "no worker that can draw was seen lately"


def _draws(worker: Worker) -> bool:
    """Whether a checkpoint is loaded, which tells the device, and files are taken."""
    loaded = bool(worker.kind and served_by(worker))
    return loaded and worker.state in (Worker.State.READY, Worker.State.DRAWING)


def _reasons(worker: Worker) -> list[str]:
    broken = [f"{name} is broken: {reason}" for name, reason in worker.broken.items()]
    if worker.state == Worker.State.PAUSED:
        return [*broken, "the storage refuses files"]
    loading = ", ".join(served_by(worker))
    return [*broken, f"loading {loading}"] if loading else broken
