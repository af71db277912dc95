"""What the pages about money show: plain values for the templates, made of rows."""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts import metering
from accounts.entitlements import Entitlements, entitlements_of, rights_of_plan
from accounts.metering import Month
from accounts.models import Owner, Plan, User
from billing import checkout, gateway, prices
from billing.amounts import money
from billing.models import Gift, Kind, Subscription


@dataclass(frozen=True)
class Programs:
    """What somebody's programs drew this month, and what that comes to."""

    month: Month
    percent: int
    """Of the cap."""
    so_far: str
    at_most: str


@dataclass(frozen=True)
class Held:
    """A subscription that somebody has, and what can be done about it."""

    row: Subscription
    price: str
    other: str
    """The lookup key of the other interval, or the empty text."""
    programs: Programs | None


def plans(owner: Owner | None) -> dict[str, Any]:
    """Returns what the pricing page says to somebody."""
    known = prices.known()
    user = owner if isinstance(owner, User) else None
    return {
        "on": gateway.is_on() and bool(known),
        "visitor": _rights(Plan.VISITOR),
        "free": _rights(Plan.FREE),
        "premium": _rights(Plan.PREMIUM),
        "api": _rights(Plan.API),
        "nothing": money(0, next((one.currency for one in known.values()), "eur")),
        "prices": {key: money(price.amount, price.currency) for key, price in known.items()},
        "saved": _saved(known),
        "held": held(user) if user is not None else [],
        "gift": _gift(user) if user is not None else None,
        "kinds": {one.kind for one in checkout.running(user)} if user is not None else set(),
        "trial_days": checkout.trial_days(user) if user is not None else settings.TRIAL_DAYS,
        "refund_days": settings.REFUND_DAYS,
        "support": settings.SUPPORT_EMAIL,
        "automatic_tax": settings.STRIPE_AUTOMATIC_TAX,
    }


def held(user: User) -> list[Held]:
    """Returns the subscriptions that somebody has."""
    known = prices.known()
    other = {"month": prices.PREMIUM_YEARLY, "year": prices.PREMIUM_MONTHLY}
    return [
        Held(
            row=row,
            price=money(row.amount, row.currency),
            other=other[row.interval]
            if row.kind == Kind.PREMIUM and other[row.interval] in known and not row.ends
            else "",
            programs=_programs(user, row) if row.kind == Kind.API else None,
        )
        for row in checkout.running(user)
    ]


def _programs(user: User, row: Subscription) -> Programs | None:
    rights = entitlements_of(user)
    included = max(rights.monthly_grids, rights_of_plan(Plan.API).monthly_grids)
    month = metering.month_of(user, replace(rights, monthly_grids=included), timezone.now())
    if month is None or month.cap is None:
        return None
    return Programs(
        month=month,
        percent=min(100, round(100 * month.paid / month.cap)) if month.cap else 100,
        so_far=money(row.amount * month.paid, row.currency),
        at_most=money(row.amount * month.cap, row.currency),
    )


def _gift(user: User) -> Gift | None:
    return Gift.objects.filter(user=user, until__gt=timezone.now()).order_by("-until").first()


def _rights(plan: str) -> Entitlements:
    return rights_of_plan(plan)


def _saved(known: dict[str, Any]) -> int:
    """Percent that a year saves against twelve months; 0 where it saves nothing."""
    month, year = known.get(prices.PREMIUM_MONTHLY), known.get(prices.PREMIUM_YEARLY)
    if month is None or year is None or month.currency != year.currency or not month.amount:
        return 0
    return max(0, int(100 - 100 * year.amount / (12 * month.amount)))
