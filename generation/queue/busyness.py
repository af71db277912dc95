"""How long a newcomer would wait now, at the cost of one look at the end of a lane."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.models import Plan
from generation.models import Job

SHORT = 30.0
"""Seconds of waiting that nobody needs to be told of before."""


@dataclass(frozen=True)
class Busyness:
    """What somebody should know before they press Draw."""

    seconds: float
    full: bool
    """Whether a grid would be refused now."""

    @property
    def worth_saying(self) -> bool:
        return self.full or self.seconds > SHORT


def busyness(checkpoint: str, tier: int, now: datetime) -> Busyness:
    """Returns the wait of whoever is last in a lane: what is left of what they were told.

    One who waits for longer than that shows that the queue is slower than it says; a newcomer
    is told as long as they have waited.
    """
    waiting = Job.objects.filter(status=Job.Status.QUEUED, checkpoint=checkpoint, tier=tier)
    last = waiting.order_by("-start_tag", "-id").values_list("created", "quoted_high").first()
    if last is None:
        return Busyness(0.0, full=False)
    waited = (now - last[0]).total_seconds()
    left = last[1] - waited
    seconds = left if left > 0 else waited
    full = tier == Plan.Tier.FREE and seconds > settings.FREE_WAIT_LIMIT
    return Busyness(seconds, full=full)
