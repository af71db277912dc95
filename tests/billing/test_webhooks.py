"""Events are signed, stored once, and only say where to look."""

import json
import random
import time

import pytest

from accounts.models import User
from billing.models import Customer, StripeEvent
from tests.billing.cast import DAY, DaysLater, Shop, plan_of, post
from tests.fakes.stripe_server.server import SECRET
from tests.fakes.stripe_server.webhooks import signed

LIVE = b'{"object":"event","livemode":true}'

pytestmark = pytest.mark.django_db


def test_a_paid_subscription_makes_somebody_premium(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    assert set(shop.tell()) == {200}
    assert plan_of(alice) == "free"  # what an event says is not believed
    shop.told()
    assert plan_of(alice) == "premium"


def test_the_event_and_the_wish_are_one(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    events = shop.stripe.deliveries.waiting()
    before = customer.sync_wanted
    for event in events + events:
        assert shop.stripe.deliveries.send(event, post) == 200
    customer.refresh_from_db()
    of_hers = StripeEvent.objects.filter(customer=customer).count()
    assert StripeEvent.objects.count() == len(events)
    assert customer.sync_wanted == before + of_hers


def test_unknown_types_and_strangers_are_acknowledged(shop: Shop) -> None:
    event = shop.stripe.store.tell("planet.aligned", {"object": "planet", "id": "pl_1"})
    assert shop.stripe.deliveries.send(event, post) == 200
    stranger = shop.stripe.store.add("customer", quiet=False, metadata={})
    assert set(shop.tell()) == {200}
    assert not Customer.objects.filter(stripe_id=stranger["id"]).exists()


def test_forged_and_stale_events_change_nothing(shop: Shop, alice: User, full: bool) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    real = json.dumps(shop.stripe.store.events[-1]).encode()
    chance, now = random.Random(11), int(time.time())
    good = signed(real, SECRET)
    forged = [
        lambda: (real, ""),
        lambda: (real, f"t={now},v1={chance.randbytes(32).hex()}"),
        lambda: (real, signed(real, f"whsec_{chance.randrange(10**9)}")),
        lambda: (real, signed(real, SECRET, now - 301 - chance.randrange(10**6))),
        lambda: (real.replace(b"sub_", b"sub-", 1) + b" " * chance.randrange(9), good),
        lambda: (real + b" ", good),
        lambda: (chance.randbytes(50), good),
        lambda: (b"[]", signed(b"[]", SECRET)),
        lambda: (real, good.replace("v1=", "v0=")),
        lambda: (LIVE, signed(LIVE, SECRET)),
    ]  # fmt: skip
    for turn in range(1000 if full else 200):
        assert post(*forged[turn % len(forged)]()) == 400
    customer.refresh_from_db()
    assert (StripeEvent.objects.count(), customer.sync_wanted) == (0, 1)
    assert plan_of(alice) == "free"


def test_replayed_events_change_nothing(shop: Shop, alice: User, full: bool) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    events = shop.stripe.deliveries.waiting()
    for event in events:
        shop.stripe.deliveries.send(event, post)
    customer.refresh_from_db()
    wanted = customer.sync_wanted
    for turn in range(1000 if full else 100):
        assert shop.stripe.deliveries.send(events[turn % len(events)], post) == 200
    customer.refresh_from_db()
    assert customer.sync_wanted == wanted


def test_a_dispute_names_no_customer_and_freezes_all_the_same(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    shop.told()
    assert plan_of(alice) == "premium"
    dispute = shop.stripe.lifecycle.dispute(shop.charge(customer))
    assert "customer" not in dispute
    shop.told()
    assert plan_of(alice) == "free"
    shop.stripe.lifecycle.close(dispute, "won")
    shop.told()
    assert plan_of(alice) == "premium"


def test_a_full_refund_freezes_and_a_partial_one_does_not(
    shop: Shop, alice: User, days_later: DaysLater
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    charge = shop.charge(customer)
    shop.stripe.lifecycle.refund(charge, 200)
    shop.told()
    assert plan_of(alice) == "premium"
    shop.stripe.lifecycle.refund(charge)
    shop.told()
    assert plan_of(alice) == "free"
    shop.stripe.lifecycle.advance(32 * DAY)
    days_later(32)
    shop.told()
    assert plan_of(alice) == "premium"  # the next month was paid for


def test_a_lost_dispute_takes_what_it_had_paid_for_and_no_more(
    shop: Shop, alice: User, days_later: DaysLater
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    dispute = shop.stripe.lifecycle.dispute(shop.charge(customer))
    shop.stripe.lifecycle.close(dispute, "lost")
    shop.told()
    assert plan_of(alice) == "free"
    shop.stripe.lifecycle.advance(32 * DAY)
    days_later(32)
    shop.told()
    assert plan_of(alice) == "premium"


def test_a_refunded_year_is_frozen_though_months_came_after_it(
    shop: Shop, alice: User, days_later: DaysLater
) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer, "premium_yearly")
    shop.stripe.lifecycle.advance(DAY)
    shop.stripe.lifecycle.change(subscription, shop.price("premium_monthly"), "always_invoice")
    days_later(1)
    shop.told()
    assert plan_of(alice) == "premium"
    shop.stripe.lifecycle.refund(shop.charge(customer))
    shop.told()
    assert plan_of(alice) == "free"  # what is left of that year is what pays the months


def test_a_refunded_difference_freezes_its_month_and_not_what_was_credited(
    shop: Shop, alice: User, days_later: DaysLater
) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer, "premium_yearly")
    shop.stripe.lifecycle.advance(330 * DAY)
    shop.stripe.lifecycle.change(subscription, shop.price("premium_monthly"), "always_invoice")
    shop.stripe.lifecycle.refund(shop.charge(customer))
    days_later(330)
    shop.told()
    assert plan_of(alice) == "free"
    shop.stripe.lifecycle.advance(32 * DAY)  # the month was renewed; the year would go on
    days_later(362)
    shop.told()
    assert plan_of(alice) == "premium"


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_posts_are_taken(shop: Shop, client: object, method: str) -> None:
    assert getattr(client, method)("/stripe/webhook").status_code == 405
