"""What Stripe's words come to, as pure functions: whoever reads them, in whatever order they came.

Nothing here knows of an event. A standing follows from the state of the subscriptions and of the
money paid for them alone, so that no order of events can change it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

PAID = frozenset({"active", "trialing"})
FAILING = frozenset({"past_due"})

SETTLED_FOR_US = frozenset({"won", "warning_closed", "prevented"})
"""Disputes that took nothing, or gave it back."""
LOST = "lost"


@dataclass(frozen=True)
class Payment:
    """A charge that was given back in full or is disputed, and what it had paid for."""

    subscription: str
    invoiced: datetime
    until: datetime
    """The end of the time that it paid for."""
    refunded: bool
    disputes: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """A subscription as Stripe describes it."""

    id: str
    kind: str
    interval: str
    item: str
    price: str
    amount: Decimal
    currency: str
    status: str
    period_start: datetime
    period_end: datetime
    ends: bool
    trial_end: datetime | None
    unpaid_since: datetime | None
    """While a payment fails: when the oldest invoice was written that is not paid."""


@dataclass(frozen=True)
class Snapshot:
    """All that Stripe says about a customer."""

    subscriptions: Sequence[Reading]
    troubled: Sequence[Payment]


def frozen(subscription: Reading, troubled: Sequence[Payment], now: datetime) -> str:
    """Returns why a subscription gives no rights though it runs, or the empty text.

    An open dispute freezes for as long as it is open. A lost one, and a full refund, freeze the
    time that was paid for: the next payment is a new one. A part of the money given back freezes
    nothing.
    """
    own = [payment for payment in troubled if payment.subscription == subscription.id]
    if any({*payment.disputes} - SETTLED_FOR_US - {LOST} for payment in own):
        return "disputed"
    current = [payment for payment in own if _pays_for(payment, subscription, now)]
    if any(LOST in payment.disputes for payment in current):
        return "disputed"
    return "refunded" if any(payment.refunded for payment in current) else ""


def _pays_for(payment: Payment, subscription: Reading, now: datetime) -> bool:
    """Whether a payment is of the current time: a year's still is when months came after it."""
    return payment.invoiced >= subscription.period_start or now < payment.until


def entitled(
    subscription: Reading, troubled: Sequence[Payment], now: datetime, grace: timedelta
) -> bool:
    """Returns whether a subscription gives its rights now.

    While a payment fails it goes on for the grace, counted from the oldest invoice that is not
    paid: Stripe may begin new periods meanwhile.
    """
    if frozen(subscription, troubled, now):
        return False
    if subscription.status in FAILING:
        return now < (subscription.unpaid_since or subscription.period_start) + grace
    return subscription.status in PAID
