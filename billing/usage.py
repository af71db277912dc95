"""Paid grids on their way to Stripe's meter: each once, however often it must be tried.

A row's own job id is the event's identifier, which Stripe keeps unique for about a day. Within that
day a try may be repeated blindly; after it only the sums can say what arrived.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import structlog
from django.db.models import Count, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts import metering
from accounts.models import Metering, Usage
from billing import account_at_stripe, gateway, notices
from billing.errors import StripeAway, StripeRefused
from billing.models import Customer, Notice

log = structlog.get_logger(__name__)

UNIQUE_FOR = timedelta(hours=20)
"""How long after its first try an event may be sent again: some hours less than Stripe's day."""

OLDEST = timedelta(days=34)
"""Stripe takes timestamps up to 35 days back."""

SETTLES = timedelta(hours=2)
"""After a day ends and after a last try, until Stripe's sum is taken as final: it lags behind."""

LOOKED_BACK = 3
"""Days from an event's first try on in which its day is compared, whether or not something is
amiss."""

WARNED_AT = (50, 80, 100)
"""Percent of a cap at which its owner gets a mail."""


class Day(NamedTuple):
    """One customer's paid grids of one day."""

    user: int
    customer: str
    day: date


def send_due(of: Customer | None = None, most: int = 2000) -> int:
    """Sends the paid grids that wait; returns how many Stripe has now. What fails stays due.

    The try is noted before it is made: a process killed in between leaves a row that is sent again
    under the same identifier.

    Args:
        of: whose; None for everybody's.
        most: at once.
    """
    now, sent = timezone.now(), 0
    fresh = Q(meter_tried=None) | Q(meter_tried__gt=now - UNIQUE_FOR)
    due = Usage.objects.filter(fresh, bill=Usage.Bill.DUE, created__gt=now - OLDEST)
    due = due.filter(user=of.user_id) if of else due.filter(user__customer__isnull=False)
    named = due.annotate(customer=F("user__customer__stripe_id"))
    for row in named.order_by("created")[:most]:
        Usage.objects.filter(pk=row.pk, meter_tried=None).update(meter_tried=timezone.now())
        try:
            gateway.send_usage(
                account_at_stripe.METER, row.customer, str(row.job_id), 1, row.created
            )
        except StripeAway:
            break
        except StripeRefused as error:
            log.warning("usage.refused", usage=row.pk, error=str(error))
            continue
        sent += Usage.objects.filter(pk=row.pk, bill=Usage.Bill.DUE).update(bill=Usage.Bill.SENT)
    return sent


def reconcile_sums() -> int:
    """Compares each day's paid grids with Stripe's sum, and sends what is missing as one event.

    Returns how many grids were missing.

    Raises:
        BillingError: Stripe could not be read; nothing is lost by it.
    """
    meter, missing = account_at_stripe.meter_id(), 0
    for day in _days_to_compare():
        missing += _reconcile(day, meter)
    return missing


def tell_of_caps() -> None:
    """Notes the mails at 50, 80 and 100% of each cap, once for each cap and month."""
    now = timezone.now()
    paid = (
        Usage.objects.filter(created__gte=metering.month_start(now))
        .exclude(bill=Usage.Bill.NONE)
        .values("user")
        .annotate(n=Count("pk"))
    )
    counts = {row["user"]: row["n"] for row in paid}
    for row in Metering.objects.filter(on=True, user__in=counts).select_related("user"):
        used = counts[row.user_id]
        reached = [at for at in WARNED_AT if 100 * used >= at * row.cap]
        if reached:
            key = f"cap {row.user_id} {now:%Y-%m} {row.cap} {reached[-1]}"
            about = {"percent": reached[-1], "used": used, "cap": row.cap}
            notices.owe(Notice.Kind.CAP, key, row.user, **about)


def _days_to_compare() -> Iterable[Day]:
    """The days of what was last sent, and older ones with a row whose try came to nothing."""
    now = timezone.now()
    ended = (now - SETTLES).date()
    stale = Q(bill=Usage.Bill.DUE) & (
        Q(meter_tried__lt=now - UNIQUE_FOR) | Q(created__lt=now - OLDEST)
    )
    recent = Q(bill__in=(Usage.Bill.DUE, Usage.Bill.SENT)) & Q(
        meter_tried__gte=datetime.combine(ended, time(), UTC) - timedelta(days=LOOKED_BACK)
    )
    rows = (
        Usage.objects.filter(stale | recent, user__customer__isnull=False)
        .annotate(day=TruncDate("created", tzinfo=UTC))
        .values_list("user", "user__customer__stripe_id", "day")
        .distinct()
    )
    return sorted(day for day in map(Day._make, rows) if day.day < ended)


def _reconcile(day: Day, meter: str) -> int:
    start = datetime.combine(day.day, time(), UTC)
    # By columns of the row alone: an update that joins would look for its rows in a subquery, which
    # PostgreSQL does not ask again when another process has settled one meanwhile.
    rows = Usage.objects.filter(
        user=day.user, created__gte=start, created__lt=start + timedelta(days=1)
    )
    now = timezone.now()
    if rows.filter(_underway(now)).exists():
        return 0
    of = Counter(rows.values_list("bill", flat=True))
    ours = of[Usage.Bill.DUE] + of[Usage.Bill.SENT]
    theirs = gateway.used(meter, day.customer, start, start + timedelta(days=1))
    if theirs > ours:
        log.error("usage.too_much_at_stripe", customer=day.customer, day=str(day.day),
                  ours=ours, theirs=theirs)  # fmt: skip
    missing = max(0, ours - theirs)
    if missing and start < now - OLDEST:
        log.error("usage.too_late", customer=day.customer, day=str(day.day), missing=missing)
        late = rows.filter(bill=Usage.Bill.DUE).values_list("pk", flat=True)[:missing]
        rows.filter(pk__in=list(late), bill=Usage.Bill.DUE).update(bill=Usage.Bill.LOST)
    elif missing:
        # Named by the sum it was made for: sent again before it is in there it counts once.
        name = f"sum {day.customer} {day.day} {theirs}"
        noon = start + timedelta(hours=12)
        gateway.send_usage(account_at_stripe.METER, day.customer, name, missing, noon)
        log.warning("usage.sent_by_sum", customer=day.customer, day=str(day.day), missing=missing)
    rows.filter(bill=Usage.Bill.DUE).update(bill=Usage.Bill.SENT)
    return missing


def _underway(now: datetime) -> Q:
    """Rows that are still to be sent one by one, or that Stripe's sum may not hold yet.

    Only the first try is known; the last, of what is sent by now as well, was UNIQUE_FOR later at
    most.
    """
    waits = Q(bill=Usage.Bill.DUE, meter_tried=None, created__gt=now - OLDEST)
    tried = Q(meter_tried__gt=now - UNIQUE_FOR - SETTLES)
    return waits | tried & Q(bill__in=(Usage.Bill.DUE, Usage.Bill.SENT))
