"""Whatever happens to a customer, and however badly it is told: the plan follows Stripe's truth."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User
from billing import inbox
from billing.models import Customer, StripeEvent
from tests.billing.cast import DAY, Shop, plan_of, reconcile, straight
from tests.fakes.stripe_server.store import Object, Refused

pytestmark = pytest.mark.django_db

STEPS = 9


class History:
    """What one customer does and suffers, by chance."""

    def __init__(self, shop: Shop, customer: Customer, chance: random.Random) -> None:
        self.shop, self.customer, self.chance = shop, customer, chance
        self.life, self.store = shop.stripe.lifecycle, shop.stripe.store

    def step(self) -> None:
        """One thing happens."""
        names = ["subscribe", "upgrade", "fail", "recover", "cancel", "resume", "refund", "part",
                 "dispute", "close", "wait", "wait", "long"]  # fmt: skip
        getattr(self, self.chance.choice(names))()

    def subscribe(self) -> None:
        if not self._running():
            trial = self.chance.choice([0, 0, 7])
            key = self.chance.choice(["premium_monthly", "premium_yearly"])
            self.shop.subscribe(self.customer, key, trial_days=trial)

    def upgrade(self) -> None:
        for one in self._running():
            if one["status"] in ("active", "trialing"):
                key = self.chance.choice(["premium_monthly", "premium_yearly"])
                self.life.change(one, self.shop.price(key), "always_invoice")
                self.store.tell("customer.subscription.updated", one)

    def fail(self) -> None:
        self.store.cards[self.customer.stripe_id] = False

    def recover(self) -> None:
        self.life.recover(self.customer.stripe_id)

    def cancel(self) -> None:
        self._end_with_period(True)

    def resume(self) -> None:
        self._end_with_period(False)

    def _end_with_period(self, ends: bool) -> None:
        for one in self._running():
            one["cancel_at_period_end"] = ends
            self.store.tell("customer.subscription.updated", one)

    def refund(self) -> None:
        self._give_back(None)

    def part(self) -> None:
        self._give_back(50)

    def _give_back(self, amount: int | None) -> None:
        for charge in self._paid()[:1]:
            try:
                self.life.refund(charge, amount)
            except Refused:
                return

    def dispute(self) -> None:
        for charge in self._paid()[:1]:
            if not charge["disputed"]:
                self.life.dispute(charge)

    def close(self) -> None:
        own = {charge["id"] for charge in self._paid()}
        for dispute in self.store.all("dispute"):
            if dispute["charge"] in own:
                self.life.close(dispute, self.chance.choice(["won", "lost"]))
                return

    def wait(self) -> None:
        self.life.advance(self.chance.randrange(1, 9) * DAY)

    def long(self) -> None:
        self.life.advance(self.chance.randrange(20, 70) * DAY)

    def _running(self) -> list[Object]:
        own = self.store.all("subscription", customer=self.customer.stripe_id)
        return [one for one in own if one["status"] not in ("canceled", "incomplete_expired")]

    def _paid(self) -> list[Object]:
        return self.store.all("charge", customer=self.customer.stripe_id, paid=True)

    def truth(self) -> bool:
        """Whether Stripe's own objects, looked at from the money's side, give Premium now."""
        lasting = {one["id"] for one in self._running() if self._is_served(one)}
        for payment in self.store.all("invoice_payment", status="paid"):
            invoice = self.store.get("invoice", payment["invoice"])
            subscription = invoice["parent"]["subscription_details"]["subscription"]
            if subscription not in lasting:
                continue
            intent = payment["payment"]["payment_intent"]
            charge = self.store.all("charge", payment_intent=intent)[0]
            disputes = {d["status"] for d in self.store.all("dispute", charge=charge["id"])}
            gone = "lost" in disputes or charge["amount_refunded"] == charge["amount"]
            if disputes - {"won", "lost"} or (gone and self.store.now < paid_until(invoice)):
                lasting.discard(subscription)
        return bool(lasting)

    def _is_served(self, one: Object) -> bool:
        if one["status"] in ("active", "trialing"):
            return True
        if one["status"] != "past_due":
            return False
        unpaid = self.store.all("invoice", customer=one["customer"], status="open")
        grace = settings.PAYMENT_GRACE_DAYS * DAY
        return self.store.now < min(
            invoice["created"] + grace for invoice in unpaid
            if invoice["parent"]["subscription_details"]["subscription"] == one["id"]
        )  # fmt: skip


def paid_until(invoice: Object) -> int:
    """Returns the end of the time that was charged for."""
    charged = [line for line in invoice["lines"]["data"] if line["amount"] > 0]
    return max(int(line["period"]["end"]) for line in charged)


class Trusting:
    """The control: somebody who believes what events say, in the order in which they come."""

    def __init__(self) -> None:
        self.premium = False

    def hear(self, event: dict[str, Any]) -> None:
        about = event["data"]["object"]
        if event["type"].startswith("customer.subscription."):
            self.premium = about["status"] in ("active", "trialing", "past_due")
        elif event["type"] == "charge.refunded":
            self.premium = self.premium and not about["refunded"]
        elif event["type"] == "charge.dispute.created":
            self.premium = False


def lived(shop: Shop, number: int, chance: random.Random, trusting: Trusting) -> tuple[bool, User]:
    """Lives one history, told badly; returns whether Stripe gives Premium, and to whom."""
    user = User.objects.create(username=f"u{number}", email=f"u{number}@example.org")
    customer = shop.customer(user)
    history = History(shop, customer, chance)
    for _ in range(STEPS):
        history.step()
        if chance.random() < 0.6:
            _tell_badly(shop, chance, trusting)
        if chance.random() < 0.3:
            inbox.find_customers()
            inbox.read_wanted()
    _tell_badly(shop, chance, trusting)
    reconcile(customer)
    return history.truth(), user


def _tell_badly(shop: Shop, chance: random.Random, trusting: Trusting) -> None:
    def heard(payload: bytes, signature: str) -> int:
        trusting.hear(json.loads(payload))
        return straight(payload, signature)

    shop.stripe.deliveries.deliver(heard, chance=chance, doubled=0.2, lost=0.2)


@pytest.fixture
def fakes_clock(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site lives by the clock of the fake."""
    monkeypatch.setattr(timezone, "now", lambda: datetime.fromtimestamp(shop.stripe.store.now, UTC))


def test_the_plan_follows_stripe_in_every_history(
    shop: Shop, fakes_clock: None, full: bool
) -> None:
    wrong, misled = [], 0
    histories = 10_000 if full else 25
    for number in range(histories):
        trusting = Trusting()
        truth, user = lived(shop, number, random.Random(number), trusting)
        if (plan_of(user) == "premium") != truth:
            wrong.append((number, truth, plan_of(user)))
        misled += trusting.premium != truth
        forget(shop)
    assert wrong == []
    assert misled > histories / 20  # trusting the payloads goes wrong, so this test can fail
    print(f"{histories} histories: 0 wrong; by trusting payloads {misled}")  # noqa: T201


def forget(shop: Shop) -> None:
    """Empties the fake of what a history left, so that the next one is as quick."""
    store = shop.stripe.store
    for kind in ("subscription", "subscription_item", "invoice", "invoice_payment", "charge",
                 "dispute", "customer"):  # fmt: skip
        store.objects.get(kind, {}).clear()
    store.events.clear()
    shop.stripe.deliveries.sent = 0
    shop.stripe.asked.clear()
    Customer.objects.all().delete()
    StripeEvent.objects.all().delete()
    User.objects.all().delete()
