"""The lane rows: every change of a job from or to waiting changes the sums beside it.

Call these inside the transaction that changes the job, after the job (locks are taken in the order
network, owner, job, lane), and lanes in the order of their tier. Only a new job, which nobody else
can hold, comes after its lane.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import F, QuerySet

from accounts.models import Plan
from generation import scheduling
from generation.models import Job, Lane
from generation.scheduling import LaneLoad, Tags, first_tier, next_tier

SUMS = ("waiting", "waiting_cost", "tolls")
"""Over the waiting jobs of a lane."""


def loads_of(lanes: Iterable[Lane], now: datetime) -> dict[int, LaneLoad]:
    """Returns the load of a checkpoint's lanes by tier."""
    lanes = list(lanes)
    drawing = _drawing(lanes[0].checkpoint) if lanes else {}
    return {lane.tier: _load(lane, drawing.get(lane.tier, 0), now) for lane in lanes}


def of(checkpoint: str) -> QuerySet[Lane]:
    """Returns a checkpoint's lanes, the paid one first."""
    return Lane.objects.filter(checkpoint=checkpoint).order_by("tier")


def locked(checkpoint: str) -> dict[int, Lane]:
    """Returns both lanes by tier, which nobody else changes until the end of the transaction."""
    rows = of(checkpoint).select_for_update()
    found = {lane.tier: lane for lane in rows}
    if len(found) < len(Plan.Tier):
        prepare([checkpoint])
        found = {lane.tier: lane for lane in rows.all()}
    return found


def arrive(lane: Lane, job: Job, now: datetime) -> None:
    """Counts a new job in: it waits, and it is part of the lane's rate of arrivals."""
    lane.arrivals = scheduling.arrival_rate(lane.arrivals, seconds=_since(lane, now), cost=job.cost)
    lane.arrived_at = now
    lane.waiting += 1
    lane.waiting_cost += job.cost
    lane.tolls += job.toll
    lane.save(update_fields=("arrivals", "arrived_at", *SUMS))


def come_back(job: Job) -> None:
    """Counts a job in that waits once more, at its old place."""
    _add(job, 1)


def leave(job: Job) -> None:
    """Counts a waiting job out that will not be drawn."""
    _add(job, -1)


def serve(jobs: Sequence[Job]) -> None:
    """Counts claimed jobs out, the head first, and moves the time and turn of their lanes on."""
    head = jobs[0]
    both = locked(head.checkpoint)
    for tier, served in sorted(_by_tier(jobs).items()):
        lane, other = both[tier], both[3 - tier]
        cost, toll = sum(job.cost for job in served), sum(job.toll for job in served)
        is_heads = tier == head.tier
        lane.virtual_time = scheduling.advanced(
            lane.virtual_time,
            served=cost,
            waiting=lane.waiting,
            head_start=head.start_tag if is_heads else None,
        )
        turn = scheduling.moved(turn_of(lane), other=turn_of(other), toll=toll, head=is_heads)
        lane.turn_start, lane.turn_finish = turn.start, turn.finish
        lane.waiting -= len(served)
        lane.waiting_cost -= cost
        lane.tolls -= toll
        lane.save(update_fields=("virtual_time", "turn_start", "turn_finish", *SUMS))


def turn_of(lane: Lane) -> Tags:
    """Returns the tags by which the lanes of a checkpoint take turns."""
    return Tags(lane.turn_start, lane.turn_finish)


def next_of(waiting: Sequence[Lane], draw: float) -> Lane | None:
    """Returns the lane that is to be claimed from, or None where none is given.

    Each checkpoint's lanes take turns; of several checkpoints the draw names the tier, and in it
    the one whose head waits longest is next.

    Args:
        waiting: the lanes in which jobs wait, of all checkpoints that a worker serves.
        draw: uniform in [0, 1).
    """
    turns: dict[str, dict[int, Tags]] = {}
    for lane in waiting:
        turns.setdefault(lane.checkpoint, {})[lane.tier] = turn_of(lane)
    next_tiers = {checkpoint: next_tier(found) for checkpoint, found in turns.items()}
    tier = first_tier(Counter(tier for tier in next_tiers.values() if tier), draw)
    candidates = [lane for lane in waiting if lane.tier == tier == next_tiers[lane.checkpoint]]
    if len(candidates) <= 1:
        return next(iter(candidates), None)
    return min(candidates, key=_head_waits_since)


def _head_waits_since(lane: Lane) -> tuple[bool, object]:
    jobs = Job.objects.filter(
        status=Job.Status.QUEUED, checkpoint=lane.checkpoint, tier=lane.tier
    ).order_by("start_tag", "id")
    head = jobs.values_list("created", flat=True).first()
    return (head is None, head)


def prepare(checkpoints: Iterable[str]) -> None:
    """Makes the missing lane rows of checkpoints, so that no submit has to."""
    Lane.objects.bulk_create(
        [Lane(checkpoint=name, tier=tier) for name in checkpoints for tier in Plan.Tier],
        ignore_conflicts=True,
    )


def _add(job: Job, times: int) -> None:
    Lane.objects.filter(checkpoint=job.checkpoint, tier=job.tier).update(
        waiting=F("waiting") + times,
        waiting_cost=F("waiting_cost") + times * job.cost,
        tolls=F("tolls") + times * job.toll,
    )


def _drawing(checkpoint: str) -> dict[int, int]:
    """Returns the work by tier that was claimed and is not drawn yet."""
    work: dict[int, int] = {}
    running = Job.objects.filter(status=Job.Status.RUNNING, checkpoint=checkpoint)
    for tier, cost, progress in running.order_by().values_list("tier", "cost", "progress"):
        work[tier] = work.get(tier, 0) + round(cost * (1 - progress))
    return work


def _load(lane: Lane, drawing: int, now: datetime) -> LaneLoad:
    return LaneLoad(
        virtual_time=lane.virtual_time,
        waiting=lane.waiting,
        waiting_cost=lane.waiting_cost,
        arrivals=scheduling.arrival_rate(lane.arrivals, seconds=_since(lane, now)),
        tolls=lane.tolls,
        drawing=drawing,
        turn=turn_of(lane),
    )


def _since(lane: Lane, now: datetime) -> float:
    return (now - lane.arrived_at).total_seconds() if lane.arrived_at else 0.0


def _by_tier(jobs: Iterable[Job]) -> Mapping[int, list[Job]]:
    by_tier: dict[int, list[Job]] = {}
    for job in jobs:
        by_tier.setdefault(job.tier, []).append(job)
    return by_tier
