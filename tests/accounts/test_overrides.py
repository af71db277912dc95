"""Exceptions for one account, on top of its plan."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.entitlements import entitlements_of
from accounts.limits import Allowance
from accounts.models import Override, Plan, User
from generation.errors import RequestRefused
from generation.submission import GridRequest, asked_for
from tests.accounts.people import member

pytestmark = pytest.mark.django_db


def test_what_it_says_counts_and_the_rest_is_as_the_plan_has_it():
    alice = member("alice")
    Override.objects.create(user=alice, per_day=99, watermark=False, reason="she draws for us")
    rights = entitlements_of(alice)
    assert rights.allowance == Allowance(in_flight=1, per_minute=4, per_day=99)
    assert not rights.watermark
    assert rights.ads
    Plan.objects.filter(name="free").update(per_minute=7)
    assert entitlements_of(User.objects.get(pk=alice.pk)).allowance.per_minute == 7


def test_it_can_take_away_as_well_as_give():
    alice = member("alice", plan_id="premium")
    Override.objects.create(user=alice, per_day=0, private=False, reason="under review")
    rights = entitlements_of(alice)
    assert rights.allowance.per_day == 0
    assert not rights.private


@pytest.mark.parametrize(("hours", "counts"), [(1, True), (-1, False)])
def test_it_ends_by_itself(hours, counts):
    alice = member("alice")
    until = timezone.now() + timedelta(hours=hours)
    Override.objects.create(user=alice, per_day=99, reason="a week off", until=until)
    rights = entitlements_of(alice)
    assert (rights.allowance.per_day == 99) is counts
    assert (rights.until == until) is counts


def test_it_is_one_accounts_own():
    alice, bob = member("alice"), member("bob")
    Override.objects.create(user=alice, per_day=99, reason="alice")
    assert entitlements_of(bob).allowance.per_day == 25


def test_an_admin_gives_one_on_the_accounts_page(admin_client):
    alice = member("alice")
    page = f"/admin/accounts/user/{alice.pk}/change/"
    form = admin_client.get(page)
    assert b"override-0-per_day" in form.content or b"override-__prefix__-per_day" in form.content
    sent = {
        "username": "alice", "email": alice.email, "plan": "free", "is_active": "on",
        "date_joined_0": f"{alice.date_joined:%Y-%m-%d}",
        "date_joined_1": f"{alice.date_joined:%H:%M:%S}",
        "override-TOTAL_FORMS": 1, "override-INITIAL_FORMS": 0,
        "override-0-user": alice.pk, "override-0-per_day": 99, "override-0-reason": "a friend",
        "override-0-watermark": "unknown", "override-0-ads": "unknown",
        "override-0-private": "unknown", "override-0-api": "unknown",
    }  # fmt: skip
    answer = admin_client.post(page, sent)
    assert answer.status_code == 302, answer.context["errors"]
    assert entitlements_of(alice).allowance.per_day == 99
    assert entitlements_of(alice).watermark


def test_a_program_draws_only_where_the_plan_lets_it():
    alice = member("alice")
    key, _ = keys.make(alice, keys.KeyWish(name="mine"))
    asked = {"owner": alice, "rights": entitlements_of(alice), "api_key": key}
    assert asked_for(GridRequest(prompt="a red fox"), **asked).api_key == key
    Override.objects.create(user=alice, api=False, reason="a program ran wild")
    asked["rights"] = entitlements_of(alice)
    with pytest.raises(RequestRefused, match="programs"):
        asked_for(GridRequest(prompt="a red fox"), **asked)
