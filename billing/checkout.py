"""What people do about their subscriptions: begin, change, end, go on, and see to their card.

Each asks Stripe, holding no lock, and then reads the customer: what people see is what Stripe says.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from billing import account_at_stripe, gateway, prices, services
from billing.errors import (
    AlreadySubscribed,
    BillingError,
    NothingToChange,
    StripeAway,
    StripeRefused,
    Unconfirmed,
)
from billing.models import Customer, Kind, Price, Subscription


@dataclass(frozen=True)
class Change:
    """A change of price, and what it would cost."""

    subscription: Subscription
    to: Price
    cost: gateway.Preview
    at: int
    """The moment that this was worked out for, in Unix seconds; the change is made for the same."""


HOLDS = timedelta(hours=1)
"""How long somebody may look at what a change costs before they agree to it."""


def begin(user: User, lookup_key: str, once: str) -> str:
    """Returns the address of the Checkout page on which somebody may subscribe.

    Args:
        user: who subscribes.
        lookup_key: of the price.
        once: the same for two clicks that mean one thing.

    Raises:
        AlreadySubscribed: to this kind; it would be paid twice.
        BillingError: billing is off, Stripe is away, or it refused.
    """
    price = _price(lookup_key)
    customer = _customer(user)
    services.wish(customer)
    if not services.sync_customer(customer):
        raise StripeAway  # somebody else reads just now: what we know is what was
    if _running(user, price.kind) is not None:
        raise AlreadySubscribed
    return _page_for(customer, _session(customer, price), once)


def come_back(user: User) -> None:
    """Reads somebody who returns from Stripe. Nothing in the address they return to is believed.

    Raises:
        BillingError: Stripe could not be read; the chores will.
    """
    customer = Customer.objects.filter(user=user).first()
    if customer is not None:
        services.wish(customer)
        services.sync_customer(customer)


def open_portal(user: User) -> str:
    """Returns the address where somebody sees invoices and puts in another card.

    Raises:
        NothingToChange: they never bought anything.
        BillingError: billing is off, Stripe is away, or it refused.
    """
    customer = Customer.objects.filter(user=user).first()
    if customer is None:
        raise NothingToChange
    configuration = account_at_stripe.portal_id()
    return gateway.portal(customer.stripe_id, configuration, _address("plans"))


def previewed(user: User, lookup_key: str) -> Change:
    """Returns what changing to another price would cost now.

    Raises:
        NothingToChange: no subscription runs, or it has this price.
        BillingError: billing is off, Stripe is away, or it refused.
    """
    price = _price(lookup_key)
    subscription = _changeable(user, price)
    at = int(timezone.now().timestamp())
    cost = gateway.preview(subscription.pk, subscription.item, price.stripe_id, at)
    return Change(subscription, price, cost, at)


def holds(at: int) -> bool:
    """Returns whether what was worked out for a moment can still be agreed to."""
    return 0 <= timezone.now().timestamp() - at < HOLDS.total_seconds()


def change(user: User, lookup_key: str, at: int, once: str) -> None:
    """Changes to another price; the difference is paid, or credited, now.

    Args:
        user: whose subscription it is.
        lookup_key: of the other price.
        at: the moment for which its cost was worked out.
        once: the same for two clicks that mean one thing.

    Raises:
        NothingToChange: no subscription runs, or it has this price.
        PaymentRefused: the bank did not pay, and nothing was changed.
        Unconfirmed: Stripe did not say whether it was done.
        BillingError: billing is off, or Stripe refused.
    """
    price = _price(lookup_key)
    subscription = _changeable(user, price)
    once = f"change {subscription.pk} {once}"
    try:
        gateway.change(subscription.pk, subscription.item, price.stripe_id, at, once)
    except StripeAway as away:
        _read_again(user)
        subscription.refresh_from_db()
        if subscription.price != price.stripe_id:
            raise Unconfirmed(str(away)) from away
    else:
        _read_again(user)


def end_with_period(user: User, kind: str, *, ends: bool) -> Subscription:
    """Has a subscription end with what is paid for, or go on after all; one that nothing is paid
    for ends at once. Returns it as read after that, which may have been before Stripe's word of it.

    Raises:
        NothingToChange: none runs.
        BillingError: billing is off, Stripe is away, or it refused.
    """
    subscription = _running(user, kind)
    if subscription is None:
        raise NothingToChange
    if ends and subscription.lapsed:
        gateway.end_now(subscription.pk)  # until then Stripe goes on asking the bank
    else:
        gateway.end_with_period(subscription.pk, ends=ends)
    _read_again(user)
    subscription.refresh_from_db()
    return subscription


def running(user: User) -> list[Subscription]:
    """Returns what somebody has subscribed to and has not ended."""
    own = Subscription.objects.filter(customer__user=user)
    return list(own.exclude(status__in=Subscription.ENDED))


def trial_days(user: User) -> int:
    """Returns the days that a first Premium is free; nobody has a second first time."""
    had = Subscription.objects.filter(customer__user=user, kind=Kind.PREMIUM).exclude(
        status=Subscription.Status.INCOMPLETE_EXPIRED
    )
    return 0 if had.exists() else settings.TRIAL_DAYS


def _read_again(user: User) -> None:
    """Reads what was just done. If that fails it is done all the same, and the chores will read."""
    with suppress(BillingError):
        come_back(user)


def _running(user: User, kind: str) -> Subscription | None:
    return next((one for one in running(user) if one.kind == kind), None)


def _changeable(user: User, price: Price) -> Subscription:
    subscription = _running(user, price.kind)
    if subscription is None or subscription.price == price.stripe_id:
        raise NothingToChange
    return subscription


def _price(lookup_key: str) -> Price:
    gateway.client()  # says that billing is off before anything else is looked for
    found = prices.known().get(lookup_key)
    if found is None:
        raise StripeRefused(f"no price {lookup_key}: run manage.py billing_setup")
    return found


def _customer(user: User) -> Customer:
    """Somebody's row, made with a customer of Stripe's at their first checkout."""
    customer = Customer.objects.filter(user=user).first()
    if customer is not None:
        return customer
    once = sha256(f"{settings.SECRET_KEY} {user.pk} {user.email}".encode()).hexdigest()
    stripe_id = gateway.new_customer(user.pk, user.email, once)
    with transaction.atomic():
        made, _ = Customer.objects.get_or_create(user=user, defaults={"stripe_id": stripe_id})
    return made


def _page_for(customer: Customer, session: dict[str, Any], once: str) -> str:
    """The address of the page that is open for the same thing, or of a new one; others close."""
    mark = sha256(json.dumps(session, sort_keys=True).encode()).hexdigest()
    made = gateway.checkouts(customer.stripe_id)
    same = next((page for page in made if page.is_open and page.mark == mark), None)
    gateway.close_checkouts(page for page in made if page is not same)
    if same is not None:
        return same.url
    # After a page that was closed, Stripe would answer the same key with that page.
    last = made[0].id if made else ""
    return gateway.checkout(session, mark, f"checkout {customer.pk} {once} {last}")


def _session(customer: Customer, price: Price) -> dict[str, Any]:
    user = customer.user
    details: dict[str, Any] = {"metadata": {gateway.PLAN: price.kind}}
    line: dict[str, Any] = {"price": price.stripe_id}
    if price.kind == Kind.API:
        # Months as people and caps count them; nothing is due for the days before the first.
        details |= {"billing_cycle_anchor": _next_month(), "proration_behavior": "none"}
    else:
        line["quantity"] = 1
        if user is not None and (days := trial_days(user)):
            details["trial_period_days"] = days
    session: dict[str, Any] = {
        "mode": "subscription",
        "customer": customer.stripe_id,
        "line_items": [line],
        "subscription_data": details,
        "success_url": f"{_address('plans_return')}?kind={price.kind}",
        "cancel_url": _address("plans"),
    }
    if settings.STRIPE_AUTOMATIC_TAX:
        session |= {
            "automatic_tax": {"enabled": True},
            "tax_id_collection": {"enabled": True},
            "customer_update": {"address": "auto", "name": "auto"},
        }
    return session


def _next_month() -> int:
    now = timezone.now()
    year, month = (now.year + 1, 1) if now.month == 12 else (now.year, now.month + 1)
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp())


def _address(name: str) -> str:
    return f"{settings.SITE_URL}{reverse(name)}"
