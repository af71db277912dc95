"""Whose job is next, and when: pure functions of numbers.

Work is measured in pixel-steps (width x height x steps x images), whole numbers, so that tags and
sums stay exact however long a lane lives.

A lane is a (checkpoint, tier). Inside a lane this is start-time fair queueing (Goyal, Vin, Cheng
1996) with one change: virtual time also advances with the work served, as in GPS, divided by the
jobs that wait. Without that, an endless row of first-time owners, who all start at the virtual
time, would keep an owner's second job waiting for ever.

The two lanes of a checkpoint take turns by the same rule: a lane's turn is a pair of tags too, and
moves on by the toll of each job that it sends to be drawn. A paid job's toll is its work. A free
job's is larger, by the share of the capacity that its quote counted on, and is frozen with the
quote. So a sudden rush of paid work takes nothing from what was promised before it, only from what
is promised from then on; and how long a job waits at most is a sum, not a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp

PAID_SHARE = 0.8
"""The paid lane's share of the work while both lanes wait, whatever was promised before."""

FREE_SHARE_AT_MOST = 0.5
"""What a free job may count on, however little is paid: a rush of paid work has the other half."""

COUNTED_ON = 0.95
"""Share of the measured capacity that quotes count on: no pace is known better than that."""

PACE_MEMORY = 0.98
"""What an earlier observation of a pace still weighs after one more: about fifty are remembered."""

ARRIVALS_SECONDS = 300.0
"""Time constant of the remembered rate of arrivals."""


def cost_of(images: int, width: int, height: int, steps: int) -> int:
    """Returns the work of a job, in pixel-steps."""
    return images * width * height * steps


@dataclass(frozen=True)
class Tags:
    """A job's place in its lane. Static: no waiting row is ever rewritten."""

    start: int
    finish: int


def tags_of(virtual_time: int, owners_last_finish: int | None, cost: int, weight: int) -> Tags:
    """Returns the tags of a new job.

    Args:
        virtual_time: the lane's, now.
        owners_last_finish: the largest finish tag of the owner's jobs that wait in this lane, None
            if none does. What was already drawn counts no more: an owner who asks for one grid at
            a time is nobody's second job, and nobody who comes later overtakes him.
        cost: pixel-steps.
        weight: the owner's share against other owners.
    """
    start = max(virtual_time, owners_last_finish or 0)
    return Tags(start, start + max(1, cost // weight))


def advanced(virtual_time: int, *, served: int, waiting: int, head_start: int | None) -> int:
    """Returns a lane's virtual time after a claim. It never goes back.

    Args:
        virtual_time: the lane's before the claim.
        served: pixel-steps claimed from this lane.
        waiting: jobs that waited in the lane before the claim, the claimed ones included.
        head_start: start tag of the lane's head if the claim took it; None for a mere fill.
    """
    return max(virtual_time + served // max(1, waiting), head_start or 0)


def next_tier(turns: Mapping[int, Tags]) -> int | None:
    """Returns the tier of a checkpoint in which a claim starts, or None when nobody waits.

    Args:
        turns: by tier, 1 paid and 2 free, those lanes in which somebody waits.
    """
    return min(turns, key=lambda tier: (turns[tier].finish, tier), default=None)


def moved(turn: Tags, *, other: Tags, toll: int, head: bool) -> Tags:
    """Returns a lane's turn after a claim. A lane that was empty saved up nothing meanwhile.

    Args:
        turn: the lane's before the claim.
        other: that of the checkpoint's other lane.
        toll: of the jobs claimed from this lane, together.
        head: whether the claim took the lane's head. A mere fill was not its turn: it pays the
            toll, but the other lane need not catch up with it.
    """
    start = max(turn.finish, other.start)
    return Tags(start if head else turn.start, start + toll)


def first_tier(waiting: Mapping[int, int], draw: float) -> int | None:
    """Returns the tier in which a worker of several checkpoints starts, or None when nobody waits.

    Work of one checkpoint cannot be compared with that of another, so there it is a draw.

    Args:
        waiting: by tier, 1 paid and 2 free, the checkpoints whose turn is in it.
        draw: uniform in [0, 1), drawn for this claim alone.
    """
    paid, free = waiting.get(1, 0) > 0, waiting.get(2, 0) > 0
    if paid and free:
        return 1 if draw < PAID_SHARE else 2
    if paid:
        return 1
    return 2 if free else None


def arrival_rate(rate: float, *, seconds: float, cost: int = 0) -> float:
    """Returns a remembered rate of arrivals, in pixel-steps a second.

    Args:
        rate: its last value.
        seconds: time gone by since then.
        cost: pixel-steps that arrive now.
    """
    return rate * exp(-max(0.0, seconds) / ARRIVALS_SECONDS) + cost / ARRIVALS_SECONDS


@dataclass(frozen=True)
class LaneLoad:
    """What waits in a lane, how fast more comes, and what of it is being drawn."""

    virtual_time: int
    waiting: int
    waiting_cost: int
    arrivals: float
    """Pixel-steps a second."""
    tolls: int = 0
    """Of the waiting jobs, together."""
    drawing: int = 0
    """Pixel-steps that were claimed and are not drawn yet."""
    turn: Tags = Tags(0, 0)


EMPTY_LANE = LaneLoad(virtual_time=0, waiting=0, waiting_cost=0, arrivals=0.0)


def toll_of(cost: int, *, tier: int, lanes: Mapping[int, LaneLoad], capacity: float) -> int:
    """Returns by how much a new job moves its lane's turn on when it is claimed.

    A free job counts on the share that its lane would have if paid work went on arriving half as
    fast again as it lately did; at least on what is always left to it, at most on half.

    Args:
        cost: pixel-steps.
        tier: 1 paid or 2 free.
        lanes: load by tier, without the job itself.
        capacity: pixel-steps a second that all live workers draw together, above zero.
    """
    if tier == 1:
        return cost
    paid, free = lanes.get(1, EMPTY_LANE), lanes.get(2, EMPTY_LANE)
    work = free.waiting_cost + cost
    share = work / (work + paid.waiting_cost) * (1 - 1.5 * paid.arrivals / capacity)
    return _free_toll(cost, min(max(share, 1 - PAID_SHARE), FREE_SHARE_AT_MOST))


def _free_toll(cost: int, share: float) -> int:
    """The paid work that may be claimed for it."""
    return round(cost * (1 - share) / share)


@dataclass(frozen=True)
class Wait:
    """Seconds until a job starts: the honest range. `high` is what an owner is promised."""

    low: float
    high: float


def wait_of(
    tags: Tags, *, tier: int, lanes: Mapping[int, LaneLoad], capacity: float, batch_seconds: float
) -> Wait:
    """Returns when a new job of these tags would start.

    The low end lets nobody overtake and nothing more arrive. The high end is a bound: the workers
    are busy until the job starts, and what they can have drawn by then is what they are drawing
    now, what waits in the lane, and as much of the other lane as the turns let pass, the largest
    batch at the end. An owner's second job is told an estimate: others may overtake it until
    virtual time has reached its start tag, as many as come if they come half as fast again.

    Args:
        tags: the job's.
        tier: the job's, 1 paid or 2 free.
        lanes: load by tier, without the job itself.
        capacity: pixel-steps a second that all live workers draw together, above zero.
        batch_seconds: the largest batch that there may be, in seconds of that capacity.
    """
    own, other = lanes.get(tier, EMPTY_LANE), lanes.get(3 - tier, EMPTY_LANE)
    lead = max(own.turn.finish, other.turn.start) - max(other.turn.finish, own.turn.start)
    passes = _paid_that_passes if tier == 2 else _free_that_passes
    passing = passes(lead + own.tolls, 0, other)
    before = own.drawing + other.drawing + own.waiting_cost
    arriving = 1.5 * own.arrivals * (before + passing) / capacity
    overtaking = min(max(0, tags.start - own.virtual_time) * (own.waiting + 1), round(arriving))
    work = before + overtaking + passes(lead + own.tolls, overtaking, other)
    return Wait(
        low=(own.waiting_cost + min(passing, other.waiting_cost)) / capacity,
        high=(work / capacity + batch_seconds) / COUNTED_ON,
    )


def _paid_that_passes(lead: int, overtaking: int, _: LaneLoad) -> float:
    """Paid work claimed before a free job whose lane's turn leads by so much when it comes."""
    return max(0, lead + _free_toll(overtaking, 1 - PAID_SHARE))


def _free_that_passes(lead: int, overtaking: int, free: LaneLoad) -> float:
    """Free work claimed before a paid job: what waits, then its lane's share of what comes."""
    lead = max(0, lead + overtaking)
    if lead < free.tolls:
        return lead * free.waiting_cost / free.tolls
    return free.waiting_cost + (lead - free.tolls) * (1 - PAID_SHARE) / PAID_SHARE


@dataclass(frozen=True)
class Pace:
    """How long one kind of worker takes for a pipeline call: a + b x images, learned.

    Holds the exponentially weighted sums of a least-squares line through (images, seconds).
    """

    weight: float = 0.0
    images: float = 0.0
    seconds: float = 0.0
    images_squared: float = 0.0
    images_seconds: float = 0.0

    def observed(self, images: int, seconds: float) -> "Pace":
        """Returns the pace after one more call."""
        keep = PACE_MEMORY
        return Pace(
            keep * self.weight + 1,
            keep * self.images + images,
            keep * self.seconds + seconds,
            keep * self.images_squared + images * images,
            keep * self.images_seconds + images * seconds,
        )

    @property
    def images_a_second(self) -> float | None:
        """What calls as they lately were have drawn a second, or None before the first one.

        Calls that were not full count as they were: a queue cannot count on full ones.
        """
        return self.images / self.seconds if self.seconds else None

    def seconds_for(self, images: int) -> float | None:
        """Returns the expected duration of a call, or None before the first observation."""
        if self.weight == 0:
            return None
        mean_images, mean_seconds = self.images / self.weight, self.seconds / self.weight
        variance = self.images_squared / self.weight - mean_images**2
        if variance < 0.01:
            return mean_seconds * images / mean_images
        slope = (self.images_seconds / self.weight - mean_images * mean_seconds) / variance
        slope = min(max(0.0, slope), mean_seconds / mean_images)
        return mean_seconds + slope * (images - mean_images)
