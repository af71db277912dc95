"""Where a waiting job stands, and what is before it: the figures behind “why am I 7th?”."""

from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Plan
from generation.models import Job
from generation.queue import lanes
from generation.scheduling import PAID_SHARE

PAID_PERCENT = round(100 * PAID_SHARE)


@dataclass(frozen=True)
class Standing:
    """What is before a waiting job."""

    paid: bool
    before: int
    """Jobs of its own lane that are drawn before it."""
    waiting_beside: int
    """Jobs in the other lane, with which its own takes turns."""
    drawing: int

    @property
    def place(self) -> int:
        return self.before + 1


def standing_of(job: Job) -> Standing | None:
    """Returns where a job stands, in one statement; None for one that waits no more."""
    if job.status != Job.Status.QUEUED:
        return None
    earlier = Q(start_tag__lt=job.start_tag) | Q(start_tag=job.start_tag, id__lt=job.pk)
    both = lanes.of(job.checkpoint).annotate(
        before=_count(earlier, status=Job.Status.QUEUED),
        drawing=_count(status=Job.Status.RUNNING),
    )
    by_tier = {lane.tier: lane for lane in both}
    own, other = by_tier.get(job.tier), by_tier.get(3 - job.tier)
    return Standing(
        paid=job.tier == Plan.Tier.PAID,
        before=own.before if own else 0,
        waiting_beside=other.waiting if other else 0,
        drawing=sum(lane.drawing for lane in by_tier.values()),
    )


def _count(*conditions: Q, **columns: str) -> Coalesce:
    """Counts the jobs of the lane at hand."""
    of_lane: QuerySet[Job] = Job.objects.filter(
        *conditions, checkpoint=OuterRef("checkpoint"), tier=OuterRef("tier"), **columns
    )
    counted = of_lane.order_by().values("checkpoint").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
