"""May this owner ask for one more grid now, and when would it start?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import metering
from accounts.entitlements import Entitlements, network_allowance
from accounts.limits import (
    DAY,
    MINUTE,
    Allowance,
    Limit,
    Reached,
    Spent,
    key_reached,
    reached,
)
from accounts.models import ApiKey, Network, Owner, Plan, User
from generation import catalogue, clock, scheduling
from generation.checkpoints import Checkpoint
from generation.errors import Busy, CapReached, LimitReached, PaymentRequired
from generation.models import Job, Worker
from generation.queue import lanes, paces, workers
from generation.scheduling import EMPTY_LANE, LaneLoad, Tags, Wait

LARGEST_COUNT = 10
"""Pictures in a grid, at most."""

TESTS_PER_MINUTE = 60
"""Grids that an account's test keys get, at least."""

FREE = Q(status=Job.Status.FAILED) | Q(status=Job.Status.CANCELLED, started__isnull=True)
"""Jobs that do not count against a day: a failure needs no refund."""

UNKNOWN_PACE = 10.0
"""Seconds assumed for a full pipeline call that nobody has timed yet."""


@dataclass(frozen=True)
class Capacity:
    """What the live workers of a checkpoint draw together."""

    workers: int
    pixel_steps: float
    """A second."""
    batch_seconds: float
    """The largest batch that there may be, in seconds of all of it."""
    beside: Mapping[int, float] = field(default_factory=dict)
    """Seconds, by tier, that the same workers will take for what other checkpoints were asked for
    already: of several checkpoints they draw what was asked for first."""

    def beside_for(self, tier: int) -> float:
        """Returns the seconds of it that pass before a new job of a tier starts, at most."""
        paid, free = self.beside.get(Plan.Tier.PAID, 0.0), self.beside.get(Plan.Tier.FREE, 0.0)
        if tier == Plan.Tier.PAID:
            return min(paid / scheduling.PAID_SHARE, paid + free)
        return paid + free


def jobs_of(owner: Owner) -> QuerySet[Job]:
    """Returns all jobs of an owner."""
    column = "user" if isinstance(owner, User) else "visitor"
    return Job.objects.filter(**{column: owner})


def spent_by(jobs: QuerySet[Job], allowance: Allowance, now: datetime) -> Spent:
    """Returns what counts against an allowance.

    The minute counts everything. The day leaves out what failed, and what was cancelled while it
    waited: a failure needs no refund, because it was never counted. A position that is drawn again
    belongs to a grid that was counted.
    """
    jobs = jobs.filter(redraws__isnull=True)
    minute = jobs.filter(created__gt=now - MINUTE, test=False)
    return Spent(
        in_flight=jobs.filter(status__in=Job.OPEN).count(),
        minute=_newest(minute, allowance.per_minute),
        day=_newest(counted_today(jobs, now), allowance.per_day),
    )


def counted_today(jobs: QuerySet[Job], now: datetime) -> QuerySet[Job]:
    """Returns those of the jobs that count against the day."""
    return jobs.filter(created__gt=now - DAY, test=False).exclude(FREE)


def refuse_beyond_allowance(
    owner: Owner, rights: Entitlements, network: Network | None, now: datetime
) -> None:
    """Counts; the caller has locked the network's row and the owner's.

    Who pays neither fills the network's bucket nor is stopped by it: the neighbours of a whole
    campus must not lock a subscriber out.

    Raises:
        LimitReached: the owner's or the network's allowance is used up.
    """
    own = reached(rights.allowance, spent_by(jobs_of(owner), rights.allowance, now), now)
    if own:
        raise LimitReached(_own_limit(own), retry_after=own.seconds)
    if network is None or rights.tier == Plan.Tier.PAID:
        return
    allowance = network_allowance()
    free = Job.objects.filter(network=network, tier=Plan.Tier.FREE)
    if theirs := reached(allowance, spent_by(free, allowance, now), now):
        raise LimitReached(_shared_limit(theirs), retry_after=theirs.seconds, shared=True)


def refuse_beyond_key(key: ApiKey, now: datetime) -> None:
    """Counts what a key asked for; the caller has locked the row of the key's owner.

    Raises:
        LimitReached: the key's own daily cap is used up.
    """
    if key.per_day is None:
        return
    if own := key_reached(key.per_day, today_of_key(key, now), now):
        raise LimitReached(
            _("This key’s %(n)d grids of the last 24 hours are used up.") % {"n": own.allowed},
            retry_after=own.seconds,
        )


def today_of_key(key: ApiKey, now: datetime) -> list[datetime]:
    """Returns when each grid was asked for that counts against the key's own daily cap."""
    return _newest(counted_today(Job.objects.filter(api_key=key), now), key.per_day or 0)


def tests_of(owner: Owner, most: int, now: datetime) -> list[datetime]:
    """Returns when each of the last minute's test grids was asked for, the newest `most`."""
    return _newest(jobs_of(owner).filter(created__gt=now - MINUTE, test=True), most)


def refuse_beyond_month(key: ApiKey, rights: Entitlements, now: datetime) -> None:
    """Counts what programs drew this month; the caller has locked the row of the key's owner.

    Raises:
        PaymentRequired: the month's included grids are used up, and nothing pays for more.
        CapReached: so are the paid ones that the owner allows.
    """
    month = metering.month_of(key.user, rights, now)
    if month is None:
        return
    programs = jobs_of(key.user).filter(api_key__isnull=False, test=False, redraws__isnull=True)
    limit = month.beyond(programs.filter(status__in=Job.OPEN).count())
    over = metering.month_end(now)
    about = {"place": f"{settings.SITE_URL}/plans", "day": date_format(over, "DATE_FORMAT")}
    after = round((over - now).total_seconds()) + 1
    if limit is metering.Beyond.INCLUDED:
        said = _(
            "The %(n)d grids a month that programs may draw are used up until %(day)s. Add a card: "
            "%(place)s"
        )
        raise PaymentRequired(said % {"n": month.included, **about}, retry_after=after)
    if limit is metering.Beyond.CAP:
        said = _(
            "Your cap of %(n)d paid grids a month is reached until %(day)s. Raise it: %(place)s"
        )
        raise CapReached(said % {"n": month.cap, **about}, retry_after=after)


def refuse_too_many_tests(owner: Owner, rights: Entitlements, now: datetime) -> None:
    """Test pictures are not counted; only how fast they are asked for is limited.

    Raises:
        LimitReached: as many test grids as the plan allows a minute were asked for.
    """
    most = max(TESTS_PER_MINUTE, rights.allowance.per_minute)
    moments = tests_of(owner, most, now)
    if len(moments) >= most:
        frees = round((moments[0] + MINUTE - now).total_seconds()) + 1
        raise LimitReached(
            _("That was %(n)d grids within a minute; wait a moment.") % {"n": most},
            retry_after=frees,
        )


def quote(tags: Tags, tier: int, loads: dict[int, LaneLoad], capacity: Capacity) -> Wait:
    """Returns when a new job would start.

    Raises:
        Busy: a free job would wait longer than the site lets anybody wait.
    """
    wait = wait_of(tags, tier, loads, capacity)
    too_long = wait.high - settings.FREE_WAIT_LIMIT
    # Whoever comes to an empty site is let in, however long a single batch may take on it.
    if tier == Plan.Tier.FREE and too_long > 0 and anybody_ahead(tier, loads, capacity):
        raise Busy(
            _("Too many people are drawing right now. Please come back in %(minutes)d min.")
            % {"minutes": max(1, round(too_long / 60))},
            retry_after=max(5, round(too_long)),
        )
    return wait


def anybody_ahead(tier: int, loads: Mapping[int, LaneLoad], capacity: Capacity) -> bool:
    """Whether a new job of a tier has anything to wait for."""
    here = any(load.waiting or load.drawing for load in loads.values())
    return here or capacity.beside_for(tier) > 0


def first_grid(tier: int, loads: Mapping[int, LaneLoad]) -> Tags:
    """Returns the tags of a newcomer's first grid, however small."""
    start = loads.get(tier, EMPTY_LANE).virtual_time
    return Tags(start, start + 1)


def wait_of(tags: Tags, tier: int, loads: Mapping[int, LaneLoad], capacity: Capacity) -> Wait:
    """Returns when a new job of these tags would start, whatever the site's limit is."""
    wait = scheduling.wait_of(
        tags,
        tier=tier,
        lanes=loads,
        capacity=capacity.pixel_steps,
        batch_seconds=capacity.batch_seconds,
    )
    beside = capacity.beside_for(tier)
    return Wait(wait.low + beside, wait.high + beside / scheduling.COUNTED_ON)


def capacity_of(checkpoint: Checkpoint, now: datetime | None = None) -> Capacity:
    """Returns the capacity of the workers alive now; where none is, that of one that may come."""
    now = now or clock.now()
    alive = workers.alive(now)
    own = workers.of_them_serving(checkpoint.name, alive)
    together = _speed(checkpoint, own)
    return Capacity(
        workers=len(own),
        pixel_steps=together,
        batch_seconds=_largest_batch(checkpoint) / together,
        beside=_beside(checkpoint, own, alive, now),
    )


def _speed(checkpoint: Checkpoint, serving: Sequence[Worker]) -> float:
    """Pixel-steps a second that these workers draw together, above zero."""
    known = paces.speeds(checkpoint)
    fallback = max(known.values(), default=_full_call(checkpoint) / UNKNOWN_PACE)
    return sum(known.get(worker.kind, fallback) for worker in serving) or fallback


def _beside(
    checkpoint: Checkpoint, own: Sequence[Worker], alive: Sequence[Worker], now: datetime
) -> dict[int, float]:
    seconds: dict[int, float] = {}
    names = {name for worker in own for name in workers.served_by(worker)} - {checkpoint.name}
    for other in (one for name, one in catalogue.offered().items() if name in names):
        speed = _speed(other, workers.of_them_serving(other.name, alive))
        for tier, load in lanes.loads_of(lanes.of(other.name), now).items():
            takes = (load.waiting_cost + load.drawing) / speed
            seconds[tier] = seconds.get(tier, 0.0) + takes
    return seconds


def _full_call(checkpoint: Checkpoint) -> int:
    width, height = checkpoint.default_size
    return scheduling.cost_of(checkpoint.batch_size, width, height, checkpoint.steps)


def _largest_batch(checkpoint: Checkpoint) -> int:
    images = max(checkpoint.batch_size, LARGEST_COUNT)
    return max(
        scheduling.cost_of(images, width, height, checkpoint.steps)
        for width, height in checkpoint.sizes
    )


def _newest(jobs: QuerySet[Job], most: int) -> list[datetime]:
    moments = jobs.order_by("-created").values_list("created", flat=True)[:most]
    return list(reversed(moments))


def _own_limit(own: Reached) -> str:
    if own.allowed == 0:
        return _("No grids can be asked for at the moment.")
    match own.limit:
        case Limit.IN_FLIGHT:
            return ngettext(
                "You have a grid being drawn; wait until it is done.",
                "You have %(n)d grids being drawn; wait for one to be done.",
                own.allowed,
            ) % {"n": own.allowed}
        case Limit.PER_MINUTE:
            return _("That was %(n)d grids within a minute; wait a moment.") % {"n": own.allowed}
        case Limit.PER_DAY:
            return _("Your %(n)d grids of the last 24 hours are used up.") % {"n": own.allowed}


def _shared_limit(shared: Reached) -> str:
    match shared.limit:
        case Limit.IN_FLIGHT:
            said = _("Your network has %(n)d free grids being drawn; wait for one to be done.")
        case Limit.PER_MINUTE:
            said = _("Your network asked for %(n)d free grids within a minute; wait a moment.")
        case Limit.PER_DAY:
            said = _("The %(n)d free grids that your network shares in 24 hours are used up.")
    return said % {"n": shared.allowed}
