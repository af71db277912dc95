"""Reading Stripe's truth and following it: the only code that changes a plan for money.

A reading is taken under the customer's lease, with no lock held across the network, and written
only while the lease is still ours. Whoever finds the lease taken has left a wish, and the holder
reads once more for it.
"""

import uuid
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import metering
from accounts.models import Plan, User
from billing import gateway, notices, usage
from billing.models import Customer, Gift, Kind, Subscription
from billing.standing import Snapshot, entitled, frozen

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
"""Longer than a reading can take; the token, not the clock, keeps a late one from writing."""

FOLLOWED = (Plan.FREE, Plan.PREMIUM)
"""The plans between which money moves somebody. What an admin set by hand is left alone."""


def wish(customer: Customer) -> None:
    """Notes one more reason to read a customer."""
    Customer.objects.filter(pk=customer.pk).update(sync_wanted=F("sync_wanted") + 1)


def sync_customer(customer: Customer) -> bool:
    """Reads Stripe and follows it, again for as long as more was wanted meanwhile.

    Returns False where somebody else does so now; they then read once more for us.

    Raises:
        BillingError: Stripe could not be read. Nothing was changed, and the wish stays.
    """
    token = uuid.uuid4()
    if not _take(customer, token):
        return False
    try:
        more = True
        while more:
            wanted = Customer.objects.values_list("sync_wanted", flat=True).get(pk=customer.pk)
            snapshot = gateway.snapshot(customer.stripe_id)
            more = _settle(customer, token, wanted, snapshot)
        _end_what_nobody_has(customer)
    finally:
        Customer.objects.filter(pk=customer.pk, lease=token).update(lease=None, leased_until=None)
    return True


def settle_plan(user: User, now: datetime | None = None) -> None:
    """Puts somebody on the plan that their subscriptions, as last read, and gifts come to.

    The caller is in a transaction and has locked the user's row.
    """
    moment = now or timezone.now()
    premium = Subscription.objects.filter(
        customer__user=user, kind=Kind.PREMIUM, entitled=True
    ).exists()
    gifts = Gift.objects.filter(user=user, until__gt=moment).order_by("-until")
    gift = gifts.values_list("plan", flat=True).first()
    plan = Plan.PREMIUM if premium else gift or Plan.FREE
    given = {gift, *Gift.objects.filter(user=user).values_list("plan", flat=True)} - {None}
    was = User.objects.values_list("plan", flat=True).get(pk=user.pk)
    if was != plan and was in {*FOLLOWED, *given}:
        User.objects.filter(pk=user.pk).update(plan=plan)
        log.info("plan.changed", user=user.pk, was=was, now=plan)


def close_account(user: User) -> None:
    """Ends at once what an account pays for: it is being deleted. What its programs drew is billed.

    Raises:
        BillingError: Stripe could not be told; the account must not go before it was.
    """
    for customer in Customer.objects.filter(user=user):
        wish(customer)  # whatever becomes of the rest, it is read again
        usage.send_due(customer)
        gateway.close_checkouts(gateway.checkouts(customer.stripe_id))
        for one in gateway.snapshot(customer.stripe_id).subscriptions:
            if one.kind in Kind.values and one.status not in Subscription.ENDED:
                gateway.end_now(one.id)


def _end_what_nobody_has(customer: Customer) -> None:
    """Ends what was paid for in another tab while the account was being deleted."""
    if User.objects.filter(customer=customer, deleted__isnull=False).exists():
        for one in customer.subscriptions.exclude(status__in=Subscription.ENDED):
            gateway.end_now(one.pk)


def _take(customer: Customer, token: uuid.UUID) -> bool:
    now = timezone.now()
    free = Q(lease=None) | Q(leased_until__lt=now)
    taken = Customer.objects.filter(free, pk=customer.pk).update(
        lease=token, leased_until=now + LEASE
    )
    return bool(taken)


def _settle(customer: Customer, token: uuid.UUID, wanted: int, snapshot: Snapshot) -> bool:
    """Writes a reading if the lease is still ours; returns whether another one is wanted."""
    with transaction.atomic():
        user = None
        if customer.user_id is not None:
            user = User.objects.select_for_update().filter(pk=customer.user_id).first()
        row = Customer.objects.select_for_update().get(pk=customer.pk)
        if row.lease != token:
            return False
        now = timezone.now()
        before = {one.pk: one for one in row.subscriptions.all()}
        _write(row, snapshot, now)
        if user is not None:
            settle_plan(user, now)
            api = row.subscriptions.filter(kind=Kind.API, entitled=True)
            metering.switch(user, on=api.exists())
            notices.tell_of(user, before, row.subscriptions.all())
        more = row.sync_wanted > wanted
        row.sync_done, row.read_at = wanted, now
        row.lease, row.leased_until = (token, now + LEASE) if more else (None, None)
        row.save(update_fields=["sync_done", "read_at", "lease", "leased_until"])
    return more


def _write(customer: Customer, snapshot: Snapshot, now: datetime) -> None:
    grace = timedelta(days=settings.PAYMENT_GRACE_DAYS)
    known = [one for one in snapshot.subscriptions if one.kind in Kind.values]
    for one in known:
        Subscription.objects.update_or_create(
            pk=one.id,
            defaults={
                "customer": customer,
                "kind": one.kind,
                "interval": one.interval,
                "item": one.item,
                "price": one.price,
                "amount": one.amount,
                "currency": one.currency,
                "status": one.status,
                "period_start": one.period_start,
                "period_end": one.period_end,
                "ends": one.ends,
                "trial_end": one.trial_end,
                "unpaid_since": one.unpaid_since,
                "frozen": frozen(one, snapshot.troubled, now),
                "entitled": entitled(one, snapshot.troubled, now, grace),
            },
        )
    gone = customer.subscriptions.exclude(pk__in=[one.id for one in known])
    gone.update(entitled=False, status=Subscription.Status.CANCELED)
