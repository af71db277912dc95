"""What came in, what it cost, and what is going wrong, as numbers for the owner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import Usage
from billing import pages
from billing.models import AdDay, Gift, Kind, Subscription


@dataclass(frozen=True)
class Drawn:
    """What one kind of user drew, and what that cost."""

    kind: str
    grids: int
    seconds: float
    each: float
    """GPU-seconds per grid."""
    cost: str
    """Money per grid; the empty text where no price of a GPU hour is set."""


def month_start(now: datetime | None = None) -> datetime:
    """Returns the beginning of the month, in UTC."""
    moment = now or timezone.now()
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def numbers() -> dict[str, Any]:
    """Returns everything on the owner's page."""
    since = month_start()
    live = Subscription.objects.filter(entitled=True)
    return {
        "since": since,
        "premium": _by_interval(live.filter(kind=Kind.PREMIUM)),
        "api": live.filter(kind=Kind.API).count(),
        "trials": live.filter(status=Subscription.Status.TRIALING).count(),
        "ending": live.filter(ends=True).count(),
        "monthly": _monthly(live.filter(kind=Kind.PREMIUM, status="active")),
        "failed": _failed(),
        "frozen": Subscription.objects.exclude(frozen="")
        .exclude(status__in=Subscription.ENDED)
        .count(),
        "gifts": Gift.objects.filter(until__gt=timezone.now()).count(),
        "ads": _ads(since),
        **_api(since),
        "drawn": drawn(since),
        "hour": pages.money(settings.GPU_HOUR_PRICE, "eur") if settings.GPU_HOUR_PRICE else "",
    }


def drawn(since: datetime) -> list[Drawn]:
    """Returns grids, seconds and cost by kind of user."""
    rows = (
        Usage.objects.filter(created__gte=since)
        .values(kind=F("plan"))
        .annotate(grids=Count("pk"), seconds=Sum("seconds"))
        .order_by("kind")
    )
    return [_drawn(row["kind"] or "–", row["grids"], row["seconds"] or 0.0) for row in rows]


def _drawn(kind: str, grids: int, seconds: float) -> Drawn:
    each = seconds / grids
    cents = Decimal(each * settings.GPU_HOUR_PRICE / 3600).quantize(Decimal("0.001"))
    cost = pages.money(cents, "eur") if settings.GPU_HOUR_PRICE else ""
    return Drawn(kind, grids, seconds, each, cost)


def _by_interval(rows: QuerySet[Subscription]) -> dict[str, int]:
    counted = rows.values("interval").annotate(n=Count("pk"))
    return {row["interval"]: row["n"] for row in counted}


def _monthly(rows: QuerySet[Subscription]) -> list[str]:
    """What subscriptions bring in a month, a year's by its twelfth, by currency."""
    sums: dict[str, Decimal] = {}
    for row in rows.values("currency", "interval").annotate(total=Sum("amount")):
        share = row["total"] / (12 if row["interval"] == "year" else 1)
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + share
    return [pages.money(round(total), currency) for currency, total in sorted(sums.items())]


def _api(since: datetime) -> dict[str, Any]:
    """What programs' paid grids of this month bring, at each subscription's own price."""
    paid = Usage.objects.filter(created__gte=since).exclude(bill__in=("", Usage.Bill.LOST))
    counts = dict(paid.values_list("user").annotate(n=Count("pk")))
    sums: dict[str, Decimal] = {}
    for row in Subscription.objects.filter(
        kind=Kind.API, customer__user__in=list(counts)
    ).select_related("customer"):
        user = row.customer.user_id
        if user in counts:  # of several, over the years, the one that ends last
            sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.amount * counts.pop(user)
    total = [pages.money(amount, currency) for currency, amount in sorted(sums.items())]
    return {"api_revenue": total, "api_grids": paid.count()}


def _failed() -> Iterable[Subscription]:
    failing = Subscription.objects.filter(status__in=("past_due", "unpaid"))
    return failing.select_related("customer__user").order_by("period_start")[:50]


def _ads(since: datetime) -> dict[str, Any]:
    sums = AdDay.objects.filter(Q(day__gte=since.date())).aggregate(
        views=Sum("views"), clicks=Sum("clicks")
    )
    views, clicks = sums["views"] or 0, sums["clicks"] or 0
    return {"views": views, "clicks": clicks, "rate": 100 * clicks / views if views else 0.0}
