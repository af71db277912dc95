"""One customer is read by one at a time, and nothing that fails takes anything away."""

import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from billing import gateway, gifts, inbox, notices, services
from billing.errors import StripeAway, StripeRefused
from billing.models import Customer, Gift, Notice
from billing.standing import Snapshot
from tests.billing.cast import DAY, DaysLater, Shop, plan_of, reconcile
from tests.fakes.stripe_server import StripeServer

pytestmark = pytest.mark.django_db


def test_a_wish_that_comes_while_somebody_reads_is_read_by_them(
    shop: Shop, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = shop.customer(alice)
    read = gateway.snapshot
    answers: list[bool] = []

    def slow(stripe_id: str) -> Snapshot:
        snapshot = read(stripe_id)
        if not answers:  # meanwhile she pays, and the event comes to another process
            shop.subscribe(customer)
            services.wish(customer)
            answers.append(services.sync_customer(customer))
        return snapshot

    monkeypatch.setattr(gateway, "snapshot", slow)
    assert services.sync_customer(customer)
    assert answers == [False]
    assert plan_of(alice) == "premium"
    customer.refresh_from_db()
    assert customer.sync_done == customer.sync_wanted
    assert customer.lease is None


def test_a_reader_that_lost_its_lease_writes_nothing(
    shop: Shop, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = shop.customer(alice)
    old = gateway.snapshot(customer.stripe_id)
    shop.subscribe(customer)
    reconcile(customer)

    def late(_: str) -> Snapshot:
        Customer.objects.update(lease=uuid.uuid4())
        return old

    monkeypatch.setattr(gateway, "snapshot", late)
    services.sync_customer(customer)
    assert plan_of(alice) == "premium"


@pytest.mark.parametrize("fault", ["500", "429", "drop", "drop-after", "timeout"])
def test_a_stripe_that_fails_takes_nothing_away(
    shop: Shop, alice: User, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer)
    reconcile(customer)
    shop.stripe.lifecycle.end(subscription)
    shop.stripe.faults.append(fault)
    with monkeypatch.context() as hasty:
        if fault == "timeout":  # shorter than Stripe hangs then
            hasty.setattr(gateway, "ANSWER", 1)
            gateway._client.cache_clear()
        with pytest.raises(StripeAway):
            reconcile(customer)
    gateway._client.cache_clear()
    assert plan_of(alice) == "premium"
    assert inbox.read_wanted() == 1  # the wish stayed
    assert plan_of(alice) == "free"


def test_an_hour_without_stripe_downgrades_nobody(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    shop.told()
    shop.stripe.away = True
    for _ in range(60):
        inbox.want_all()
        assert inbox.read_wanted() == 0
    assert plan_of(alice) == "premium"


def test_a_failed_payment_has_its_grace_and_its_one_mail(
    shop: Shop, alice: User, days_later: DaysLater
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    shop.stripe.store.cards[customer.stripe_id] = False
    shop.stripe.lifecycle.advance(32 * DAY)
    days_later(32)
    for _ in range(3):
        reconcile(customer)
        notices.send_owed()
    assert plan_of(alice) == "premium"
    assert [message.to for message in mail.outbox] == [["alice@example.org"]]
    assert "failed" in mail.outbox[0].subject
    days_later(39)
    reconcile(customer)
    notices.send_owed()
    assert plan_of(alice) == "free"
    assert "paused: its payment failed" in mail.outbox[1].subject  # Stripe still asks the bank
    assert "will be tried again" in mail.outbox[1].body
    shop.stripe.lifecycle.advance(7 * DAY)
    reconcile(customer)
    notices.send_owed()
    assert "has ended" in mail.outbox[2].subject
    assert len(mail.outbox) == 3


@pytest.mark.parametrize(
    ("coming", "said"),
    [
        (("premium_monthly", 10, 6), "first payment is taken that day: €6 a month"),
        (("premium_yearly", 0, 350), "next payment is taken that day: €60 a year"),
    ],
)
def test_a_payment_that_nobody_may_expect_is_told_of_before(
    shop: Shop, alice: User, days_later: DaysLater, coming: tuple[str, int, int], said: str
) -> None:
    price, trial_days, quiet_for = coming
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer, price, trial_days)
    for days, mails in ((0, 0), (3, 1), (3.5, 1)):
        days_later(quiet_for + days)
        reconcile(customer)
        notices.send_owed()
        assert len(mail.outbox) == mails
    assert said in mail.outbox[0].body
    Notice.objects.all().delete()
    subscription["cancel_at_period_end"] = True
    reconcile(customer)
    assert not Notice.objects.exists()  # who has cancelled will pay nothing


def test_the_grace_begins_once_however_many_periods_stay_unpaid(
    shop: Shop, alice: User, days_later: DaysLater
) -> None:
    shop.stripe.lifecycle.gives_up_as = "past_due"
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer)
    shop.stripe.store.cards[customer.stripe_id] = False
    shop.stripe.lifecycle.advance(64 * DAY)
    assert len(shop.stripe.store.all("invoice", status="open")) == 2
    days_later(64)
    reconcile(customer)
    assert subscription["status"] == "past_due"
    assert plan_of(alice) == "free"


@pytest.mark.parametrize("price", ["premium_monthly", "premium_yearly"])
def test_who_is_paused_is_told_that_it_will_be_charged(
    shop: Shop, alice: User, days_later: DaysLater, price: str
) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer, price)
    reconcile(customer)
    shop.stripe.lifecycle.dispute(shop.charge(customer))
    reconcile(customer)
    notices.send_owed()
    days_later(28 if price == "premium_monthly" else 352)
    reconcile(customer)
    notices.send_owed()
    paused, charged = mail.outbox
    costs = "€6 a month" if price == "premium_monthly" else "€60 a year"
    assert f": {costs}. If you would rather not pay, cancel before." in paused.body
    assert "is paused, and will be charged on" in charged.subject
    assert "It is paused now" in charged.body
    assert f"the next payment is taken that day: {costs}" in charged.body
    Notice.objects.all().delete()
    subscription["cancel_at_period_end"] = True
    reconcile(customer)
    assert not Notice.objects.exists()


def test_what_was_paused_is_told_of_when_it_ends(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer)
    reconcile(customer)
    shop.stripe.lifecycle.refund(shop.charge(customer))
    reconcile(customer)
    shop.stripe.lifecycle.end(subscription)
    for _ in range(2):
        reconcile(customer)
        notices.send_owed()
    said = [message.subject for message in mail.outbox]
    assert said == ["Premium at craiyon is paused", "Premium at craiyon has ended"]


def test_the_end_of_paying_by_use_takes_nothing_of_premium(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    metered = shop.subscribe(customer, "api_grid")
    reconcile(customer)
    shop.stripe.lifecycle.end(metered)
    reconcile(customer)
    notices.send_owed()
    assert plan_of(alice) == "premium"
    assert "API by use" in mail.outbox[0].subject
    assert "free plan" not in mail.outbox[0].body


def test_mail_that_cannot_be_sent_is_tried_again_for_a_day(
    alice: User, days_later: DaysLater, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.owe(Notice.Kind.CAP, "cap", alice, percent=50, used=5, cap=10)
    with monkeypatch.context() as broken:
        broken.setattr("billing.notices.send_mail", _refused)
        for minute in range(24 * 60):
            days_later(minute / (24 * 60))
            assert notices.send_owed() == 0
    assert Notice.objects.get().tries == 11  # not once a minute
    days_later(1.5)
    assert notices.send_owed() == 1
    assert notices.send_owed() == 0
    assert "50%" in mail.outbox[0].subject


def _refused(*_: object) -> None:
    raise ConnectionRefusedError


def test_a_gift_begins_at_once_and_ends_on_its_day(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = timezone.now() + timedelta(days=3)
    Gift.objects.create(user=alice, plan_id="premium", until=until, reason="a prize", given_by=bob)
    gifts.follow(alice)
    assert plan_of(alice) == "premium"
    assert gifts.end_due() == 0
    monkeypatch.setattr(timezone, "now", lambda: until + timedelta(seconds=1))
    assert gifts.end_due() == 1
    assert gifts.end_due() == 0
    assert plan_of(alice) == "free"
    notices.send_owed()
    assert [message.subject for message in mail.outbox] == ["Premium at craiyon has ended"]


def test_a_gift_does_not_end_what_is_paid_for(
    shop: Shop, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = timezone.now() + timedelta(days=3)
    Gift.objects.create(user=alice, plan_id="premium", until=until, reason="a prize")
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    monkeypatch.setattr(timezone, "now", lambda: until + timedelta(seconds=1))
    gifts.end_due()
    assert plan_of(alice) == "premium"
    assert not Notice.objects.exists()


def test_a_plan_that_an_admin_set_by_hand_stays(shop: Shop, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(plan="api")
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    assert plan_of(alice) == "api"


def test_setting_up_twice_makes_nothing_twice(shop: Shop) -> None:
    before = {kind: len(made) for kind, made in shop.stripe.store.objects.items()}
    said = StringIO()
    call_command("billing_setup", stdout=said)
    after = {kind: len(made) for kind, made in shop.stripe.store.objects.items()}
    assert after == before
    assert "whsec_" not in said.getvalue()


def test_another_amount_moves_the_key_to_a_new_price(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    old = shop.price("premium_monthly")
    shop.subscribe(customer)
    call_command("billing_setup", monthly=700, stdout=StringIO())
    assert shop.price("premium_monthly") != old
    reconcile(customer)  # who subscribed at the old price keeps it, and what it gives
    assert plan_of(alice) == "premium"


def test_the_doctor_finds_and_mends_what_is_not_as_stripe_says(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    said = StringIO()
    with pytest.raises(CommandError, match="left"):
        call_command("billing_doctor", stdout=said)
    assert "unknown here" in said.getvalue()
    call_command("billing_doctor", fix=True, stdout=StringIO())
    assert plan_of(alice) == "premium"
    User.objects.filter(pk=alice.pk).update(plan="free")
    call_command("billing_doctor", fix=True, stdout=StringIO())
    call_command("billing_doctor", stdout=said)
    assert "Everybody is as Stripe says." in said.getvalue()


def test_the_fake_refuses_what_the_sdk_does_not_know(stripe: StripeServer) -> None:
    with gateway.calling("test") as api:
        once = {"idempotency_key": "once"}
        first = api.v1.customers.create({"email": "a@example.org"}, once)
        assert api.v1.customers.create({"email": "a@example.org"}, once).id == first.id
    for wrong in ({"plan": "premium"}, {"address": {"planet": "mars"}}, {"email": {"a": "b"}}):
        with pytest.raises(StripeRefused), gateway.calling("new") as api:
            api.v1.customers.create(wrong)
