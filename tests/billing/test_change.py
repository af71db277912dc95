"""From one price to another: what it costs, what becomes of it, and what is said."""

import time
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from billing import inbox
from billing.models import Customer, Subscription
from tests.billing.cast import DAY, DaysLater, Shop, reconcile, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def monthly(shop: Shop, alice: User) -> Customer:
    """Alice, who pays by the month."""
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    return customer


def change_to(browser: Client, price: str) -> object:
    """Changes to a price as the page that shows what it costs does."""
    return agreed(browser, browser.get(f"/plans/change/{price}"))


def agreed(browser: Client, page: Any) -> object:
    """Presses the button of the page that shows what a change costs."""
    sent = {"key": page.context["key"], "shown": str(page.context["change"].at)}
    return browser.post(page.request["PATH_INFO"], sent)


def test_an_upgrade_shows_what_it_costs_before(
    shop: Shop, monthly: Customer, as_alice: Client
) -> None:
    said = text_of(as_alice.get("/plans/change/premium_yearly"))
    assert "Pay €54 and change" in said
    assert Subscription.objects.get().interval == "month"
    change_to(as_alice, "premium_yearly")
    assert Subscription.objects.get().interval == "year"
    assert shop.charge(monthly)["amount"] == 5400
    said = text_of(as_alice.get("/plans/change/premium_monthly"))
    assert "€54 is credited" in said


def test_a_change_whose_payment_is_refused_changes_nothing_and_says_so(
    shop: Shop, monthly: Customer, as_alice: Client
) -> None:
    [subscription] = shop.stripe.store.all("subscription")
    shop.stripe.store.cards[monthly.stripe_id] = False
    answer = change_to(as_alice, "premium_yearly")
    assert answer.status_code == 402  # type: ignore[attr-defined]
    assert "Your payment was refused, so nothing was changed" in text_of(answer)
    assert subscription["items"]["data"][0]["price"]["recurring"]["interval"] == "month"
    reconcile(monthly)
    row = Subscription.objects.get()
    assert (row.interval, row.status, row.entitled) == ("month", "active", True)


@pytest.mark.usefixtures("monthly")
def test_a_change_that_was_made_stands_though_it_cannot_be_read(
    shop: Shop, as_alice: Client
) -> None:
    page = as_alice.get("/plans/change/premium_yearly")
    shop.stripe.faults.extend(["", "500"])  # the change, and the reading after it
    answer = agreed(as_alice, page)
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert inbox.read_wanted() == 1
    assert Subscription.objects.get().interval == "year"


@pytest.mark.usefixtures("monthly")
@pytest.mark.parametrize(("readable", "status"), [(True, 302), (False, 503)])
def test_a_change_without_an_answer_is_looked_for(
    shop: Shop, as_alice: Client, readable: bool, status: int
) -> None:
    page = as_alice.get("/plans/change/premium_yearly")
    shop.stripe.faults.extend(["drop-after", "" if readable else "drop"])
    answer = agreed(as_alice, page)
    assert answer.status_code == status  # type: ignore[attr-defined]
    assert "Nothing was charged" not in text_of(answer)
    inbox.read_wanted()
    assert Subscription.objects.get().interval == "year"


def test_what_is_shown_is_what_is_paid_though_time_passes(
    shop: Shop, monthly: Customer, as_alice: Client
) -> None:
    page = as_alice.get("/plans/change/premium_yearly")
    assert "Pay €54 and change" in text_of(page)
    shop.stripe.lifecycle.advance(10 * DAY)
    agreed(as_alice, page)
    assert shop.charge(monthly)["amount"] == 5400


@pytest.mark.usefixtures("monthly")
def test_what_was_shown_too_long_ago_is_shown_anew(
    shop: Shop, as_alice: Client, days_later: DaysLater
) -> None:
    page = as_alice.get("/plans/change/premium_yearly")
    days_later(10)
    again = agreed(as_alice, page)
    assert "This is what it costs now" in text_of(again)
    assert "Pay €54 and" not in text_of(again)  # less is left of the month
    for wrong in ("", "x", "9" * 5000, str(int(time.time()) + 40 * DAY)):
        as_alice.post("/plans/change/premium_yearly", {"key": "k", "shown": wrong})
    assert Subscription.objects.get().interval == "month"


def test_what_is_left_of_an_earlier_credit_is_taken_off(
    shop: Shop, monthly: Customer, as_alice: Client
) -> None:
    of_stripe = shop.stripe.store.get("customer", monthly.stripe_id)
    of_stripe["balance"] = -1000
    page = as_alice.get("/plans/change/premium_yearly")
    assert "Pay €44 and change" in text_of(page)
    of_stripe["balance"] = -9000
    page = as_alice.get("/plans/change/premium_yearly")
    assert "Nothing is charged today; the next invoice" in text_of(page)


def test_on_trial_a_change_costs_nothing_today(shop: Shop, alice: User, as_alice: Client) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer, trial_days=7)
    reconcile(customer)
    said = text_of(as_alice.get("/plans/change/premium_yearly"))
    assert "Nothing is charged today" in said
    assert "Pay €" not in said
    change_to(as_alice, "premium_yearly")
    row = Subscription.objects.get()
    assert (row.interval, row.status) == ("year", "trialing")
