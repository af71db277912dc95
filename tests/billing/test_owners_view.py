"""The owner sees what came in and what it cost; gifts are on record."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import ApiKey, Usage, User
from billing.models import Gift, Price
from tests.billing.cast import DAY, Shop, plan_of, reconcile

pytestmark = pytest.mark.django_db


def key_of(user: User) -> ApiKey:
    return ApiKey.objects.get_or_create(user=user, name="n", live=True, sha256="0" * 64)[0]


def test_the_numbers_are_those_of_the_rows(
    shop: Shop, alice: User, bob: User, admin_client: Client, settings: Settings
) -> None:
    settings.GPU_HOUR_PRICE = 3600  # a cent a second
    customer = shop.customer(alice)
    shop.subscribe(customer)
    reconcile(customer)
    failing = shop.customer(bob)
    shop.subscribe(failing, "premium_yearly")
    shop.stripe.store.cards[failing.stripe_id] = False
    shop.stripe.lifecycle.advance(366 * DAY)
    reconcile(failing)
    for plan, seconds in (("premium", 2.0), ("premium", 4.0), ("visitor", 1.0)):
        Usage.objects.create(
            job_id=uuid.uuid4(), plan=plan, images=9, pixel_steps=1, seconds=seconds
        )
    for bill in ("", "due"):
        Usage.objects.create(
            job_id=uuid.uuid4(), plan="free", images=9, pixel_steps=1, seconds=5.0,
            bill=bill, api_key=key_of(alice),
        )  # fmt: skip
    page = " ".join(admin_client.get("/admin/billing/takings/").content.decode().split())
    assert "<td>premium</td><td>2</td><td>6</td><td>3.00</td><td>€0.03</td><td>€0.06</td>" in page
    assert "<td>visitor</td><td>1</td><td>1</td><td>1.00</td><td>€0.01</td><td>€0.01</td>" in page
    assert "<td>programs</td><td>2</td><td>10</td><td>5.00</td><td>€0.05</td><td>€0.10</td>" in page
    assert "bob" in page
    assert "payment failed" in page


def test_with_nothing_in_it_the_page_says_so(db: None, admin_client: Client) -> None:
    page = admin_client.get("/admin/billing/takings/").content.decode()
    for said in ("Billing is off", "None.", "Nothing yet.", "Set GPU_HOUR_PRICE"):
        assert said in page


def test_a_price_that_is_missing_is_named(shop: Shop, admin_client: Client) -> None:
    Price.objects.filter(pk="api_grid").delete()
    page = admin_client.get("/admin/billing/takings/").content.decode()
    assert "not for sale: api_grid. Run manage.py billing_setup" in page


def test_only_who_may_look_at_money_sees_it(alice: User, client: Client) -> None:
    User.objects.update(is_staff=True)
    client.force_login(alice)
    assert client.get("/admin/billing/takings/").status_code == 403


def test_a_gift_is_on_record_with_its_reason(admin_client: Client, alice: User) -> None:
    until = timezone.now() + timedelta(days=30)
    said = {"user": alice.pk, "plan": "premium", "until_0": until.date().isoformat(),
            "until_1": "00:00", "reason": "Found a bug"}  # fmt: skip
    assert "object at" not in admin_client.get("/admin/billing/gift/add/").content.decode()
    assert admin_client.post("/admin/billing/gift/add/", said).status_code == 302
    gift = Gift.objects.get()
    assert gift.given_by is not None
    assert plan_of(alice) == "premium"
    assert LogEntry.objects.filter(object_id=str(gift.pk)).exists()
    said["until_0"] = "2026-01-01"
    admin_client.post(f"/admin/billing/gift/{gift.pk}/change/", said)
    assert plan_of(alice) == "free"
    assert admin_client.post(f"/admin/billing/gift/{gift.pk}/delete/").status_code == 403
