"""How good the estimates were that people were told, computed from what became of their jobs."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from accounts.models import Plan
from generation import clock
from generation.models import Job

PAST = timedelta(days=7)
MOST = 5000
"""The latest free grids looked at: enough for a share in a hundred, on the busiest site too."""


@dataclass(frozen=True)
class Accuracy:
    """How many free grids started before, within and after the range that was quoted."""

    early: int = 0
    within: int = 0
    late: int = 0

    @property
    def grids(self) -> int:
        return self.early + self.within + self.late

    @property
    def in_time(self) -> int:
        """Percent that started no later than quoted; 100 is said only where none was late."""
        if not self.grids:
            return 0
        return 100 * (self.grids - self.late) // self.grids


def counted(now: datetime | None = None) -> Accuracy:
    """Returns how the free grids of the last days started, against their quotes."""
    since = (now or clock.now()) - PAST
    started = Job.objects.filter(tier=Plan.Tier.FREE, started__isnull=False, created__gt=since)
    rows = started.order_by("-created").values_list(
        "created", "started", "quoted_low", "quoted_high"
    )
    counts = {"early": 0, "within": 0, "late": 0}
    for created, start, low, high in rows[:MOST]:
        waited = ((start or created) - created).total_seconds()
        counts["early" if waited < low else "late" if waited > high else "within"] += 1
    return Accuracy(**counts)


def recent() -> Accuracy:
    """Returns the accuracy as of this minute: a page that many look at asks once a minute."""
    return _as_of(int(time.time()) // 60)


@lru_cache(maxsize=1)
def _as_of(minute: int) -> Accuracy:
    return counted()
