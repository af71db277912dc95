"""Shows the queue: what waits, who draws, and what has waited longest."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.console import need_tables, table
from generation.queue.overview import JobNow, LaneNow, Overview, WorkerNow, overview

LANES = (
    "checkpoint", "tier", "waiting", "work in Mpx·steps", "virtual time", "workers", "wait now",
)  # fmt: skip
WORKERS = ("worker", "alive", "state", "checkpoints", "seen", "device")


class Command(BaseCommand):
    help = "Shows the lanes of the queue, the workers and the oldest job."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs; times in seconds")

    def handle(self, *, json: bool, **options: Any) -> None:
        need_tables()
        try:
            now = overview()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_as_json(now) if json else _as_text(now))


def _as_json(now: Overview) -> str:
    return json.dumps(asdict(now), indent=2)


def _as_text(now: Overview) -> str:
    lanes = table(LANES, map(_lane, now.lanes)) if now.lanes else "Nothing was ever asked for."
    workers = table(WORKERS, map(_worker, now.workers)) if now.workers else "There is no worker."
    return "\n\n".join((lanes, workers, *_broken(now.workers), _summary(now)))


def _broken(workers: list[WorkerNow]) -> Iterable[str]:
    """A line for each checkpoint that a live worker could not load."""
    for worker in workers:
        for name, reason in worker.broken.items() if worker.alive else ():
            yield f"{name} is broken on {worker.id}: {reason}"


def _lane(lane: LaneNow) -> tuple[object, ...]:
    wait = "not offered"
    if lane.wait is not None:
        wait = f"{_seconds(lane.wait.low)} to {_seconds(lane.wait.high)}"
    return (
        lane.checkpoint,
        lane.tier,
        lane.waiting,
        f"{lane.pixel_steps / 1e6:.1f}",
        lane.virtual_time,
        lane.workers,
        wait,
    )


def _worker(worker: WorkerNow) -> tuple[object, ...]:
    return (
        worker.id,
        "yes" if worker.alive else "no",
        worker.state,
        ", ".join(worker.checkpoints),
        f"{_seconds(worker.seen)} ago",
        worker.device or "not known yet",
    )


def _summary(now: Overview) -> str:
    counts = f"{now.waiting} waiting, {now.drawing} being drawn."
    return f"{counts} {_oldest(now.oldest)}" if now.oldest else counts


def _oldest(job: JobNow) -> str:
    at = f"drawn by {job.worker}" if job.worker else f"waiting for attempt {job.attempts + 1}"
    return (
        f"The oldest was asked for {_seconds(job.age)} ago: "
        f"{job.id} ({job.checkpoint}, {job.tier}), {at}."
    )


def _seconds(seconds: float) -> str:
    """A duration in the unit that a person would use."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
