"""The state of the site in a few figures, as its page shows it."""

import time
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import get_language

from accounts.models import Plan
from generation import catalogue
from generation.queue import accuracy
from generation.queue.overview import LaneNow, Overview, overview
from generation.queue.workers import Crew
from generation.site import pages

KEPT = 5
"""Seconds for which a finding is shown, however many look at it."""


@dataclass(frozen=True)
class LaneSaid:
    """What waits in a lane, and how long a newcomer would, in words."""

    paid: bool
    waiting: int
    wait: str


@dataclass(frozen=True)
class CheckpointNow:
    """A checkpoint, the workers that draw with it, and its lanes."""

    name: str
    title: str
    workers: int
    loading: int
    lanes: list[LaneSaid]


@dataclass(frozen=True)
class QueueStatus:
    """The site as of a moment ago."""

    waiting: int
    drawing: int
    workers: int
    """Those that draw."""
    loading: int
    oldest: str
    """How long the oldest open grid has been in the queue; empty where there is none."""
    checkpoints: list[CheckpointNow]
    accuracy: accuracy.Accuracy


def now() -> QueueStatus:
    """Returns the state of the site, at most KEPT seconds old."""
    return _as_of(int(time.time()) // KEPT, get_language() or "")


@lru_cache(maxsize=4)
def _as_of(moment: int, language: str) -> QueueStatus:
    """In words, and so once for each language."""
    found = overview()
    return QueueStatus(
        waiting=found.waiting,
        drawing=found.drawing,
        workers=sum(worker.crew is Crew.DRAWS for worker in found.workers),
        loading=sum(worker.crew is Crew.LOADS for worker in found.workers),
        oldest=pages.duration(found.oldest.age) if found.oldest else "",
        checkpoints=[_checkpoint(name, found) for name in catalogue.offered()],
        accuracy=accuracy.recent(),
    )


def _checkpoint(name: str, found: Overview) -> CheckpointNow:
    by_tier = {lane.tier: lane for lane in found.lanes if lane.checkpoint == name}
    crews = [
        worker.crew
        for worker in found.workers
        if name in worker.checkpoints and name not in worker.broken
    ]
    return CheckpointNow(
        name=name,
        title=catalogue.offered()[name].title,
        workers=crews.count(Crew.DRAWS),
        loading=crews.count(Crew.LOADS),
        lanes=[_lane(tier, by_tier.get(tier.name.lower())) for tier in reversed(Plan.Tier)],
    )


def _lane(tier: Plan.Tier, lane: LaneNow | None) -> LaneSaid:
    return LaneSaid(
        paid=tier == Plan.Tier.PAID,
        waiting=lane.waiting if lane else 0,
        wait=pages.wait_said(lane.wait) if lane and lane.wait else "",
    )
