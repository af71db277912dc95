"""Paid grids reach Stripe's meter, each once, whatever fails on the way."""

import random
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import metering
from accounts.models import ApiKey, Metering, Plan, Usage, User
from billing import notices, services, usage
from billing.errors import StripeAway
from billing.models import Customer, Subscription
from generation import services as queue
from generation.submission import GridRequest, submit
from tests.billing.cast import DAY, Shop, reconcile
from tests.generation.queue.cast import claimed, finish, time_passes

pytestmark = pytest.mark.django_db

SENT, DUE, LOST = Usage.Bill.SENT, Usage.Bill.DUE, Usage.Bill.LOST
FAULTS = ("429", "500", "drop", "drop-after", "")


def paid(user: User, n: int = 1, **columns: object) -> list[Usage]:
    """Grids that programs drew and that are paid for."""
    rows = [
        Usage(job_id=uuid.uuid4(), user=user, images=9, pixel_steps=1, seconds=1.0, bill=DUE,
              **columns)
        for _ in range(n)
    ]  # fmt: skip
    return Usage.objects.bulk_create(rows)


def at_stripe(shop: Shop, customer: Customer) -> int:
    """What Stripe's meter holds."""
    events = shop.stripe.store.meter_events
    return sum(event["value"] for event in events if event["customer"] == customer.stripe_id)


@pytest.fixture
def clock(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the site's time and Stripe's together."""
    began = timezone.now()
    passed = [timedelta(0)]
    monkeypatch.setattr(timezone, "now", lambda: began + passed[0])

    def forward(time: timedelta) -> None:
        passed[0] += time
        shop.stripe.store.now += int(time.total_seconds())

    return forward


def test_a_paid_grid_is_sent_once_under_its_own_id(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    (row,) = paid(alice)
    Usage.objects.create(job_id=uuid.uuid4(), user=alice, images=9, pixel_steps=1, seconds=1.0)
    assert (usage.send_due(), usage.send_due()) == (1, 0)
    (event,) = shop.stripe.store.meter_events
    assert event["identifier"] == str(row.job_id)
    assert at_stripe(shop, customer) == 1


def test_a_grid_that_is_drawn_a_second_time_is_billed_once(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    Plan.objects.update(monthly_grids=0)
    metering.switch(alice, on=True)
    key = ApiKey.objects.create(user=alice, name="k", live=True, prefix="cry", sha256="0" * 64)
    submit(GridRequest(prompt="a fox", count=1), owner=alice, api_key=key)
    lost = claimed("easel", doodle=9)
    time_passes(queue.LEASE.total_seconds() + 1)
    assert queue.sweep() == 1
    again = claimed("palette", doodle=9)
    delivered = [finish(job) for job in (lost, again, again, lost)]
    assert delivered == [False, True, False, False]
    assert usage.send_due() == at_stripe(shop, customer) == 1


def test_the_sum_is_that_of_the_grids_whatever_fails(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    paid(alice, 100)
    chance = random.Random(5)
    for _ in range(1000):
        if not Usage.objects.filter(bill=DUE).exists():
            break
        shop.stripe.faults.extend(chance.choices(FAULTS, (1, 1, 1, 1, 8), k=20))
        usage.send_due()
    assert at_stripe(shop, customer) == 100


def test_a_try_that_came_to_nothing_is_judged_by_the_sum_and_never_repeated(
    shop: Shop, alice: User, clock: Callable[[timedelta], None]
) -> None:
    customer = shop.customer(alice)
    paid(alice, 5)
    shop.stripe.faults.extend(["", "drop-after"])
    usage.send_due()  # the first arrives, the second too but nobody hears of it
    shop.stripe.away = True
    for row in Usage.objects.filter(bill=DUE, meter_tried=None):
        Usage.objects.filter(pk=row.pk).update(meter_tried=timezone.now())
    clock(timedelta(days=2))
    shop.stripe.away = False
    assert usage.send_due() == 0  # past the day in which Stripe would know them again
    assert usage.reconcile_sums() == 3
    assert at_stripe(shop, customer) == 5
    assert set(Usage.objects.values_list("bill", flat=True)) == {SENT}
    assert usage.reconcile_sums() == 0
    assert at_stripe(shop, customer) == 5


def test_what_stripe_lost_without_a_word_is_found_by_the_day(
    shop: Shop, alice: User, clock: Callable[[timedelta], None]
) -> None:
    customer = shop.customer(alice)
    paid(alice, 4)
    usage.send_due()
    shop.stripe.store.meter_events.pop()
    clock(timedelta(days=1, hours=3))
    assert usage.reconcile_sums() == 1
    assert at_stripe(shop, customer) == 4


def test_what_stripe_has_yet_to_add_up_is_not_sent_again(
    shop: Shop, alice: User, clock: Callable[[timedelta], None]
) -> None:
    customer = shop.customer(alice)
    shop.stripe.store.lag = 3600
    paid(alice, 3)
    clock(timedelta(days=1, hours=3))  # the chores were away, and do everything at once now
    assert (usage.send_due(), usage.reconcile_sums()) == (3, 0)
    clock(timedelta(days=1))
    assert usage.reconcile_sums() == 0
    assert at_stripe(shop, customer) == 3


@pytest.mark.parametrize("fault", ["", "drop-after"])
def test_a_last_try_is_given_the_same_time_whatever_was_heard_of_it(
    shop: Shop, alice: User, clock: Callable[[timedelta], None], fault: str
) -> None:
    customer = shop.customer(alice)
    shop.stripe.store.lag = 3600
    paid(alice)
    clock(timedelta(days=1))
    shop.stripe.faults.append("drop")
    usage.send_due()
    clock(usage.UNIQUE_FOR - timedelta(minutes=10))
    shop.stripe.faults.append(fault)
    usage.send_due()  # it arrives
    clock(timedelta(minutes=30))
    assert usage.reconcile_sums() == 0
    clock(timedelta(days=1))
    assert usage.reconcile_sums() == 0
    assert at_stripe(shop, customer) == 1


def test_a_correction_that_stripe_has_yet_to_add_up_is_not_followed_by_another(
    shop: Shop, alice: User, clock: Callable[[timedelta], None]
) -> None:
    customer = shop.customer(alice)
    shop.stripe.store.lag = 3600
    paid(alice, 4)
    usage.send_due()
    shop.stripe.store.meter_events.pop()
    clock(timedelta(days=1, hours=3))
    for _ in range(3):
        assert usage.reconcile_sums() == 1
        clock(timedelta(minutes=10))
    clock(timedelta(hours=1))
    assert usage.reconcile_sums() == 0
    assert at_stripe(shop, customer) == 4


def test_what_was_sent_late_is_compared_as_well(
    shop: Shop, alice: User, clock: Callable[[timedelta], None]
) -> None:
    customer = shop.customer(alice)
    paid(alice, 4)
    clock(timedelta(days=9))
    usage.send_due()
    shop.stripe.store.meter_events.pop()
    clock(timedelta(days=1))
    assert usage.reconcile_sums() == 1
    assert at_stripe(shop, customer) == 4


def test_what_is_too_old_for_stripe_is_written_off_in_plain_sight(
    shop: Shop, alice: User, clock: Callable[[timedelta], None]
) -> None:
    customer = shop.customer(alice)
    paid(alice, 2, created=timezone.now(), meter_tried=timezone.now())
    clock(timedelta(days=40))
    usage.send_due()
    usage.reconcile_sums()
    assert at_stripe(shop, customer) == 0
    assert set(Usage.objects.values_list("bill", flat=True)) == {LOST}


def test_a_stripe_that_is_away_leaves_everything_due(shop: Shop, alice: User) -> None:
    shop.customer(alice)
    paid(alice, 3)
    shop.stripe.away = True
    assert usage.send_due() == 0
    with pytest.raises(StripeAway):
        usage.reconcile_sums()
    assert Usage.objects.filter(bill=DUE).count() == 3


def test_a_mail_tells_of_half_of_most_and_of_all_of_the_cap_once(alice: User) -> None:
    Metering.objects.create(user=alice, cap=10)
    for _ in range(10):
        paid(alice)
        usage.tell_of_caps()
    usage.tell_of_caps()
    notices.send_owed()
    subjects = [message.subject for message in mail.outbox]
    assert [part in subject for part, subject in zip(("50%", "80%", "100%"), subjects, strict=True)]
    assert "402" in mail.outbox[2].body


def test_an_api_subscription_turns_metering_on_and_its_end_off(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer, "api_grid")
    reconcile(customer)
    assert Metering.objects.get().on
    shop.stripe.lifecycle.end(subscription)
    reconcile(customer)
    assert not Metering.objects.get().on


def test_what_was_drawn_is_billed_at_the_end_of_the_month(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer, "api_grid")
    reconcile(customer)
    paid(alice, 30)
    usage.send_due()
    shop.stripe.lifecycle.advance(32 * DAY)
    assert shop.charge(customer)["amount"] == 60


def test_the_cap_is_set_on_the_page_and_shown_in_money(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer, "api_grid")
    reconcile(customer)
    paid(alice, 3)
    browser = Client()
    browser.force_login(alice)
    page = browser.post("/plans/cap", {"cap": "250"}, follow=True).content.decode()
    assert "now €5" in page
    assert "3 paid, €0.06 so far" in " ".join(page.split())
    for wrong in ("-1", "many", "1" * 9, ""):
        browser.post("/plans/cap", {"cap": wrong})
    assert Metering.objects.get().cap == 250


def test_a_deleted_account_is_billed_for_what_it_drew_and_ends(shop: Shop, alice: User) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer, "api_grid")
    reconcile(customer)
    paid(alice, 3)
    services.close_account(alice)
    assert at_stripe(shop, customer) == 3
    assert {one["status"] for one in shop.stripe.store.all("subscription")} == {"canceled"}
    shop.stripe.away = True
    paid(alice, 1)
    Subscription.objects.update(status="active")
    with pytest.raises(StripeAway):  # the account must not go before Stripe was told
        services.close_account(alice)


def test_a_deleted_account_ends_what_only_stripe_knows_of_yet(shop: Shop, alice: User) -> None:
    shop.subscribe(shop.customer(alice))
    services.close_account(alice)
    assert {one["status"] for one in shop.stripe.store.all("subscription")} == {"canceled"}


def test_what_is_paid_for_in_another_tab_while_the_account_goes_is_ended(
    shop: Shop, alice: User
) -> None:
    customer = shop.customer(alice)
    services.close_account(alice)
    User.objects.filter(pk=alice.pk).update(deleted=timezone.now())
    shop.subscribe(customer)
    shop.told()
    assert {one["status"] for one in shop.stripe.store.all("subscription")} == {"canceled"}
