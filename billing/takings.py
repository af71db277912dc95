"""What came in, what it cost, and what is going wrong, as numbers for the owner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, Count, F, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from accounts import metering
from accounts.models import Usage
from billing.amounts import money
from billing.models import AdDay, Gift, Kind, Price, Subscription

PROGRAMS = "programs"


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
    total: str
    """Money for all of them, likewise."""


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
        "hour": money(settings.GPU_HOUR_PRICE, _currency()) if settings.GPU_HOUR_PRICE else "",
    }


def drawn(since: datetime) -> list[Drawn]:
    """Returns grids, seconds and cost by kind of user: people by their plan, and programs."""
    rows = (
        Usage.objects.filter(created__gte=since)
        .values(kind=_kind_of_user())
        .annotate(grids=Count("pk"), seconds=Sum("seconds"))
        .order_by("kind")
    )
    return [_drawn(row["kind"] or "–", row["grids"], row["seconds"] or 0.0) for row in rows]


def _kind_of_user() -> Case:
    programs = When(metering.BY_PROGRAMS, then=Value(PROGRAMS))
    return Case(programs, default=F("plan"), output_field=CharField())


def _drawn(kind: str, grids: int, seconds: float) -> Drawn:
    each = seconds / grids
    return Drawn(kind, grids, seconds, each, _cost(each, "0.001"), _cost(seconds, "1"))


def _cost(seconds: float, step: str) -> str:
    """What a device's time costs, to this part of a cent."""
    if not settings.GPU_HOUR_PRICE:
        return ""
    cents = Decimal(seconds * settings.GPU_HOUR_PRICE / 3600).quantize(Decimal(step))
    return money(cents, _currency())


def _currency() -> str:
    """That of the prices; what a device costs is said in the same."""
    return Price.objects.values_list("currency", flat=True).first() or "eur"


def _by_interval(rows: QuerySet[Subscription]) -> dict[str, int]:
    counted = rows.values("interval").annotate(n=Count("pk"))
    return {row["interval"]: row["n"] for row in counted}


def _monthly(rows: QuerySet[Subscription]) -> list[str]:
    """What subscriptions bring in a month, a year's by its twelfth, by currency."""
    sums: dict[str, Decimal] = {}
    for row in rows.values("currency", "interval").annotate(total=Sum("amount")):
        share = row["total"] / (12 if row["interval"] == "year" else 1)
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + share
    return [money(round(total), currency) for currency, total in sorted(sums.items())]


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
    total = [money(amount, currency) for currency, amount in sorted(sums.items())]
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
