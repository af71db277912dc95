"""The pricing page, the way to Stripe and back, and what can be done about a subscription."""

import time
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Plan, User
from billing import services
from billing.models import Customer, Gift, Subscription
from tests.billing.cast import DAY, Shop, plan_of, reconcile, text_of

pytestmark = pytest.mark.django_db


def begin(browser: Client, price: str = "premium_monthly") -> object:
    return browser.post("/plans/checkout", {"price": price, "key": "x"})


def paid(shop: Shop, address: str) -> str:
    """Pays at Checkout as a browser does; returns where it leads."""
    session = address.rsplit("/", 1)[1]
    return shop.stripe.pages.act("checkout", session, {"do": "pay", "card": "4242424242424242"})


def test_without_a_key_the_page_says_that_billing_is_off(client: Client, as_alice: Client) -> None:
    page = client.get("/plans")
    assert page.status_code == 200
    assert "Billing is off on this site" in text_of(page)
    assert "plans/checkout" not in text_of(page)
    assert begin(as_alice).status_code == 503  # type: ignore[attr-defined]


def test_the_page_says_what_the_plans_and_prices_say(shop: Shop, client: Client) -> None:
    Plan.objects.filter(name="visitor").update(per_day=7)
    said = text_of(client.get("/plans"))
    assert "7 grids a day, 25 with an account" in said
    assert "€6 <small>a month" in said
    assert "€60 a year, 16% less" in said
    assert "€0.02" in said


def test_nobody_pays_without_an_account(shop: Shop, client: Client) -> None:
    answer = begin(client)
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert "next=/plans" in answer["Location"]  # type: ignore[index]
    for path in ("/plans/return", "/plans/change/premium_yearly"):
        assert client.get(path).status_code == 302


def test_from_the_page_to_stripe_and_back_as_premium(shop: Shop, as_alice: Client) -> None:
    answer = begin(as_alice)
    address = answer["Location"]  # type: ignore[index]
    assert address.startswith(f"{shop.stripe.url}/checkout/")
    policy = as_alice.get("/plans")["Content-Security-Policy"]
    assert f"form-action 'self' {shop.stripe.url}" in policy
    back = paid(shop, address)
    assert back.endswith("/plans/return?kind=premium")
    assert "It is yours now" in text_of(as_alice.get("/plans/return"))
    alice = User.objects.get()
    assert plan_of(alice) == "premium"
    assert begin(as_alice).status_code == 409  # type: ignore[attr-defined]


def test_somebody_elses_session_grants_nothing(shop: Shop, as_alice: Client, bob: User) -> None:
    other = Client()
    other.force_login(bob)
    paid(shop, begin(as_alice)["Location"])  # type: ignore[index]
    session = shop.stripe.store.all("checkout.session")[0]["id"]
    for _ in range(100):
        page = other.get(f"/plans/return?session_id={session}")
        assert "being confirmed" in text_of(page)
    assert plan_of(bob) == "free"


def test_a_second_click_leads_to_the_page_that_is_open(shop: Shop, as_alice: Client) -> None:
    addresses = {begin(as_alice)["Location"] for _ in range(2)}  # type: ignore[index]
    assert len(addresses) == 1
    assert "It is yours now" in text_of(as_alice.get(paid(shop, addresses.pop())))


def test_who_thinks_again_and_again_can_pay_in_the_end(shop: Shop, as_alice: Client) -> None:
    for price in ("premium_monthly", "premium_yearly", "premium_monthly", "premium_yearly"):
        address = begin(as_alice, price)["Location"]  # type: ignore[index]
    assert len(shop.stripe.store.all("checkout.session", status="open")) == 1
    paid(shop, address)
    as_alice.get("/plans/return")
    assert Subscription.objects.get().interval == "year"


def test_a_second_tab_closes_the_first_checkout(shop: Shop, as_alice: Client) -> None:
    first = begin(as_alice)["Location"]  # type: ignore[index]
    begin(as_alice, "premium_yearly")
    assert shop.stripe.store.get("checkout.session", first.rsplit("/", 1)[1])["status"] == "expired"


def test_nobody_begins_while_what_they_have_is_being_read(
    shop: Shop, alice: User, as_alice: Client
) -> None:
    soon = timezone.now() + services.LEASE
    shop.customer(alice)
    Customer.objects.update(lease=uuid.uuid4(), leased_until=soon)
    assert begin(as_alice).status_code == 503  # type: ignore[attr-defined]
    assert not shop.stripe.store.all("checkout.session")


def test_an_open_checkout_closes_with_the_account(
    shop: Shop, alice: User, as_alice: Client
) -> None:
    session = begin(as_alice)["Location"].rsplit("/", 1)[1]  # type: ignore[index]
    services.close_account(alice)
    assert shop.stripe.store.get("checkout.session", session)["status"] == "expired"


@pytest.mark.parametrize(
    "path", ["checkout", "portal", "change/premium_yearly", "end/premium", "return"]
)
def test_while_stripe_is_down_it_says_try_again_and_breaks_nothing(
    shop: Shop, alice: User, as_alice: Client, path: str
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    if path == "checkout":
        Subscription.objects.update(kind="api")  # so that there is something to buy
    shop.stripe.away = True
    ask = as_alice.get if path == "return" else as_alice.post
    now = str(int(time.time()))
    answer = ask(f"/plans/{path}", {"price": "premium_monthly", "ends": "1", "shown": now})
    if path == "return":
        assert answer.status_code == 200
    else:
        assert answer.status_code == 503
        assert answer["Retry-After"] == "60"
        changing = path.startswith("change")  # which may have been done, for all that is known
        said = "may have gone through or not" if changing else "please try again shortly"
        assert said in text_of(answer)
    assert plan_of(alice) == "premium"
    assert as_alice.get("/plans").status_code == 200


def test_cancelled_it_lasts_until_the_period_ends_and_can_go_on(
    shop: Shop, alice: User, as_alice: Client
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    page = as_alice.post("/plans/end/premium", {"ends": "1"}, follow=True)
    assert "You keep everything until" in text_of(page)
    assert plan_of(alice) == "premium"
    as_alice.post("/plans/end/premium", {"ends": "0"})
    assert not Subscription.objects.get().ends
    as_alice.post("/plans/end/premium", {"ends": "1"})
    shop.stripe.lifecycle.advance(32 * DAY)
    shop.told()
    assert plan_of(alice) == "free"
    assert "Go Premium" in text_of(as_alice.get("/plans"))


def test_what_ends_on_a_day_goes_on_as_well(shop: Shop, alice: User, as_alice: Client) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer)
    subscription["cancel_at"] = subscription["items"]["data"][0]["current_period_end"]
    reconcile(customer)
    assert Subscription.objects.get().ends
    page = as_alice.post("/plans/end/premium", {"ends": "0"}, follow=True)
    assert "It goes on. Next:" in text_of(page)
    assert subscription["cancel_at"] is None
    assert not Subscription.objects.get().ends


def test_an_end_that_cannot_be_read_yet_is_not_said_to_be_done(
    shop: Shop, alice: User, as_alice: Client
) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer)
    reconcile(customer)
    shop.stripe.faults.extend(["", "500"])  # the end, and the reading after it
    page = as_alice.post("/plans/end/premium", {"ends": "1"}, follow=True)
    assert "will confirm it" in text_of(page)
    assert "You keep everything until" not in text_of(page)
    assert subscription["cancel_at_period_end"]


@pytest.mark.parametrize("status", ["past_due", "unpaid", "paused", "incomplete"])
def test_what_nobody_pays_for_ends_at_once(
    shop: Shop, alice: User, as_alice: Client, status: str
) -> None:
    customer = shop.customer(alice)
    subscription = shop.subscribe(customer)
    subscription["status"] = status
    reconcile(customer)
    Subscription.objects.update(entitled=False, ends=True)  # the grace is over
    assert "Go on after all" not in text_of(as_alice.get("/plans"))
    page = as_alice.post("/plans/end/premium", {"ends": "1"}, follow=True)
    assert "It has ended." in text_of(page)
    assert subscription["status"] == "canceled"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"status": "past_due", "entitled": True}, "You keep everything until"),
        ({"status": "past_due", "entitled": False}, "Paused: the last payment failed"),
        ({"status": "unpaid"}, "Paused: it is not paid for."),
        ({"status": "paused"}, "Paused: nothing is charged for it"),
        ({"frozen": "refunded"}, "the next payment is taken on"),
        ({"frozen": "disputed", "ends": True}, "It ends on"),
        ({"ends": True}, "and nothing more is charged"),
        ({"kind": "api", "ends": True}, "what your programs draw until then is on a last invoice"),
        ({"kind": "api", "frozen": "disputed"}, "What your programs drew before is invoiced on"),
    ],
)
def test_the_page_says_what_becomes_of_a_subscription(
    shop: Shop, alice: User, as_alice: Client, columns: dict[str, Any], said: str
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    Subscription.objects.update(**columns)
    page = text_of(as_alice.get("/plans"))
    assert said in page
    assert "Next invoice" not in page


def test_the_grace_that_is_shown_is_that_of_the_oldest_invoice(
    shop: Shop, alice: User, as_alice: Client
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    since = timezone.now().replace(year=2099, month=3, day=7)
    Subscription.objects.update(status="past_due", unpaid_since=since)
    assert "You keep everything until March 14, 2099" in text_of(as_alice.get("/plans"))


def test_who_comes_back_waits_for_what_they_bought(
    shop: Shop, alice: User, as_alice: Client
) -> None:
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    assert "being confirmed" in text_of(as_alice.get("/plans/return?kind=api"))
    shop.subscribe(customer, "api_grid")
    said = text_of(as_alice.get("/plans/return?kind=api"))
    assert "Your programs draw on in the first lane" in said
    assert "It is yours now" in text_of(as_alice.get("/plans/return?kind=planet"))


def test_a_gift_is_shown_with_its_day(alice: User, as_alice: Client) -> None:
    until = timezone.now().replace(year=2099, month=3, day=14)
    Gift.objects.create(user=alice, plan_id="premium", until=until, reason="a prize")
    assert "Premium was given to you until March 14, 2099" in text_of(as_alice.get("/plans"))


def test_a_trial_is_given_once(shop: Shop, as_alice: Client, settings: Settings) -> None:
    settings.TRIAL_DAYS = 7
    assert "first 7 days are free" in text_of(as_alice.get("/plans"))
    paid(shop, begin(as_alice)["Location"])  # type: ignore[index]
    as_alice.get("/plans/return")
    assert Subscription.objects.get().status == "trialing"
    assert plan_of(User.objects.get()) == "premium"
    shop.stripe.lifecycle.end(shop.stripe.store.all("subscription")[0])
    shop.told()
    assert "days are free" not in text_of(as_alice.get("/plans"))


def test_premium_and_the_api_are_two_subscriptions_side_by_side(
    shop: Shop, as_alice: Client
) -> None:
    paid(shop, begin(as_alice, "premium_yearly")["Location"])  # type: ignore[index]
    as_alice.get("/plans/return")
    paid(shop, begin(as_alice, "api_grid")["Location"])  # type: ignore[index]
    as_alice.get("/plans/return")
    assert {one.kind for one in Subscription.objects.filter(entitled=True)} == {"premium", "api"}


def test_taxes_are_asked_for_when_the_setting_says_so(
    shop: Shop, as_alice: Client, settings: Settings
) -> None:
    begin(as_alice)
    assert "automatic_tax" not in shop.stripe.store.all("checkout.session")[0]
    settings.STRIPE_AUTOMATIC_TAX = True
    begin(as_alice, "premium_yearly")
    assert shop.stripe.store.all("checkout.session")[0]["automatic_tax"] == {"enabled": "true"}


def test_what_somebody_never_had_cannot_be_changed(shop: Shop, as_alice: Client) -> None:
    for path in ("portal", "end/premium", "end/planet", "change/premium_yearly"):
        assert as_alice.post(f"/plans/{path}").status_code == 409
    assert not Customer.objects.exists()
