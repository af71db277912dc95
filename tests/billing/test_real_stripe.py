"""The core of it at a real Stripe, when STRIPE_TEST_KEY names a test account: a fake agrees with
whoever wrote it."""

import os
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts.models import User
from billing import account_at_stripe, gateway, prices
from billing.checkout import begin, open_portal
from billing.models import Customer, Price, Subscription
from tests.billing.cast import plan_of, reconcile
from tests.fakes.stripe_server import stripe_running
from tests.fakes.stripe_server.server import KEY

REAL = os.environ.get("STRIPE_TEST_KEY", "")
MISSING = "STRIPE_TEST_KEY is not set: only the fake was asked, not Stripe itself"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize(
        "account",
        ["fake", pytest.param("real", marks=pytest.mark.skipif(not REAL, reason=MISSING))],
        indirect=True,
    ),
]

Subscribe = Callable[[Customer, Price], None]


@pytest.fixture
def account(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
) -> Iterator[Subscribe]:
    """An account in which billing_setup was run twice, and the way to subscribe there."""
    settings.STRIPE_WEBHOOK_FILE = tmp_path / "secret"
    settings.SITE_URL = f"https://{uuid.uuid4().hex[:12]}.example.org"
    with stripe_running() as fake:

        def at_fake(customer: Customer, price: Price) -> None:
            fake.store.cards[customer.stripe_id] = True
            fake.lifecycle.subscribe(customer.stripe_id, price.stripe_id)

        real = request.param == "real"
        settings.STRIPE_SECRET_KEY = REAL if real else KEY
        settings.STRIPE_API_BASE = "" if real else fake.url
        if real:
            gateway.ANSWER, gateway.RETRIES = 30, 2
            gateway._client.cache_clear()
        for _ in range(2):
            call_command("billing_setup", stdout=StringIO())
        yield _at_stripe if real else at_fake


def _at_stripe(customer: Customer, price: Price) -> None:
    with gateway.calling("test") as api:
        card = api.v1.payment_methods.attach("pm_card_visa", {"customer": customer.stripe_id})
        params: Any = {
            "customer": customer.stripe_id,
            "items": [{"price": price.stripe_id}],
            "default_payment_method": card.id,
        }
        api.v1.subscriptions.create(params)


def subscribed(account: Subscribe, alice: User) -> Customer:
    once = uuid.uuid4().hex
    customer = Customer.objects.create(
        user=alice, stripe_id=gateway.new_customer(alice.pk, alice.email, once)
    )
    account(customer, Price.objects.get(pk=prices.PREMIUM_MONTHLY))
    reconcile(customer)
    return customer


def test_a_subscription_is_read_changed_ended_and_gone_on_with(
    account: Subscribe, alice: User
) -> None:
    customer = subscribed(account, alice)
    assert plan_of(alice) == "premium"
    row, yearly = Subscription.objects.get(), Price.objects.get(pk=prices.PREMIUM_YEARLY)
    now = int(time.time())
    cost = gateway.preview(row.pk, row.item, yearly.stripe_id, now)
    assert 5300 < cost.total == cost.due <= 5400
    gateway.change(row.pk, row.item, yearly.stripe_id, now, uuid.uuid4().hex)
    gateway.end_with_period(row.pk, ends=True)
    reconcile(customer)
    row.refresh_from_db()
    assert (row.interval, row.ends, row.entitled) == ("year", True, True)
    gateway.end_with_period(row.pk, ends=False)
    gateway.end_now(row.pk)
    reconcile(customer)
    assert plan_of(alice) == "free"


def test_pages_and_the_meter_take_what_we_send(account: Subscribe, alice: User) -> None:
    assert begin(alice, prices.PREMIUM_MONTHLY, uuid.uuid4().hex).startswith("http")
    assert begin(alice, prices.API_GRID, uuid.uuid4().hex).startswith("http")
    assert open_portal(alice).startswith("http")
    customer, name = Customer.objects.get(), uuid.uuid4().hex
    now = gateway._moment(int(time.time()))
    for _ in range(2):  # the second is known, and counts as sent
        gateway.send_usage(account_at_stripe.METER, customer.stripe_id, name, 3, now)
    start = now.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=2)  # Stripe adds up later; the question must be a good one
    assert gateway.used(account_at_stripe.meter_id(), customer.stripe_id, start, end) in (0, 3)
