"""What Stripe sends: stored with the wish to look, and never believed beyond that."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F

from billing import gateway, services
from billing.bell import ring
from billing.errors import BillingError, StripeRefused
from billing.models import Customer, StripeEvent

log = structlog.get_logger(__name__)

EVENTS_KEPT = timedelta(days=60)
"""Stripe itself shows events for 30 days and sends none again after that."""


def receive(payload: bytes, signature: str) -> bool:
    """Stores an event and the wish to read its customer, in one transaction.

    Returns False for one that was here before, which changes nothing.

    Raises:
        Forged: it was not signed by Stripe, or too long ago.
    """
    event = gateway.event_from(payload, signature)
    with transaction.atomic():
        customer = Customer.objects.filter(stripe_id=event.customer).first()
        _, new = StripeEvent.objects.get_or_create(
            pk=event.id,
            defaults={
                "type": event.type[:80],
                "customer": customer,
                "charge": event.charge if customer is None else "",
                "happened": event.happened,
            },
        )
        if new and customer is not None:
            services.wish(customer)
        if new and (customer is not None or event.charge):
            transaction.on_commit(ring)
    return new


def find_customers() -> None:
    """Asks Stripe whose the disputed charges are: such an event names no customer."""
    for event in StripeEvent.objects.exclude(charge="")[:100]:
        try:
            named = gateway.customer_of_charge(event.charge)
        except StripeRefused as error:
            # There is no such charge, and asking again would not make one: nobody's.
            log.warning("event.nobodys", event_id=event.pk, error=str(error))
            named = ""
        except BillingError as error:
            log.warning("event.customer_unknown", event_id=event.pk, error=str(error))
            continue
        with transaction.atomic():
            customer = Customer.objects.filter(stripe_id=named).first()
            found = StripeEvent.objects.filter(pk=event.pk, charge=event.charge)
            if found.update(customer=customer, charge="") and customer is not None:
                services.wish(customer)


def read_wanted(most: int = 200) -> int:
    """Reads the customers of whom something is wanted; returns how many. One that fails waits."""
    read = 0
    wanted = Customer.objects.filter(sync_wanted__gt=F("sync_done")).order_by("read_at")
    for customer in wanted[:most]:
        try:
            read += services.sync_customer(customer)
        except BillingError as error:
            log.warning("customer.not_read", customer=customer.stripe_id, error=str(error))
    return read


def want_all() -> int:
    """Wants a fresh reading of everybody, whatever was or was not sent; returns how many."""
    return Customer.objects.update(sync_wanted=F("sync_wanted") + 1)


def forget_old(now: datetime) -> int:
    """Deletes events that nobody can send again and that wait for nothing; returns how many."""
    return StripeEvent.objects.filter(received__lt=now - EVENTS_KEPT, charge="").delete()[0]
