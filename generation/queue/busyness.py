"""How long a newcomer would wait now, for a page that many look at."""

import time
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from accounts.models import Plan
from generation import clock
from generation.catalogue import checkpoint_named
from generation.queue import admission, lanes
from generation.scheduling import Wait

SHORT = 30.0
"""Seconds of waiting that nobody needs to be told of before."""

KEPT = 5
"""Seconds for which a finding is shown, however many look at it."""


@dataclass(frozen=True)
class Busyness:
    """What somebody should know before they press Draw."""

    wait: Wait
    full: bool
    """Whether a grid would be refused now."""

    @property
    def worth_saying(self) -> bool:
        return self.full or self.wait.high > SHORT


def busyness(checkpoint: str, tier: int) -> Busyness:
    """Returns what a newcomer's first grid would be told, as of a moment ago; on an empty site no
    wait at all, however long a batch may take.
    """
    return _as_of(int(time.time()) // KEPT, checkpoint, tier)


@lru_cache(maxsize=32)
def _as_of(moment: int, checkpoint: str, tier: int) -> Busyness:
    now = clock.now()
    loads = lanes.loads_of(lanes.of(checkpoint), now)
    capacity = admission.capacity_of(checkpoint_named(checkpoint), now)
    if not admission.anybody_ahead(tier, loads, capacity):
        return Busyness(Wait(0.0, 0.0), full=False)
    wait = admission.wait_of(admission.first_grid(tier, loads), tier, loads, capacity)
    too_long = wait.high > settings.FREE_WAIT_LIMIT
    return Busyness(wait, full=tier == Plan.Tier.FREE and too_long)
