"""Everybody compared with Stripe: who has what Stripe does not say, or lacks what it says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from billing import gateway, services
from billing.errors import BillingError
from billing.models import Customer
from billing.standing import Reading, Snapshot, entitled


@dataclass(frozen=True)
class Finding:
    """One difference, or one customer that could not be read."""

    customer: Customer
    said: str


def differences() -> Iterator[Finding]:
    """Yields what is not as Stripe says, customer by customer."""
    for customer in Customer.objects.select_related("user").order_by("pk").iterator():
        try:
            snapshot = gateway.snapshot(customer.stripe_id)
        except BillingError as error:
            yield Finding(customer, f"could not be read: {error}")
            continue
        for said in _compared(customer, snapshot):
            yield Finding(customer, said)


def mend(customer: Customer) -> None:
    """Reads a customer and follows Stripe.

    Raises:
        BillingError: Stripe could not be read.
    """
    services.wish(customer)
    services.sync_customer(customer)


def _compared(customer: Customer, snapshot: Snapshot) -> Iterator[str]:
    ours = {one.pk: one for one in customer.subscriptions.all()}
    for one in snapshot.subscriptions:
        row = ours.pop(one.id, None)
        if row is None:
            yield f"{one.id} is unknown here"
        elif (row.status, row.price, row.ends) != (one.status, one.price, one.ends):
            yield f"{one.id} is {one.status} at Stripe, {row.status} here"
        elif row.entitled != _gives(one, snapshot):
            yield f"{one.id} gives its rights {'not ' if row.entitled else ''}by Stripe's account"
    for row in ours.values():
        if row.status not in row.ENDED:
            yield f"{row.pk} is not at Stripe"
    premium = any(_gives(one, snapshot) for one in snapshot.subscriptions if one.kind == "premium")
    if customer.user is not None and premium and customer.user.plan_id == "free":
        yield "pays for Premium and has the free plan"


def _gives(one: Reading, snapshot: Snapshot) -> bool:
    grace = timedelta(days=settings.PAYMENT_GRACE_DAYS)
    return entitled(one, snapshot.troubled, timezone.now(), grace)
