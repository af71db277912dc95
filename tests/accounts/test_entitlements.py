"""What an owner may do."""

import pytest

from accounts.entitlements import entitlements_of, network_allowance
from accounts.limits import Allowance
from accounts.models import Plan, User, Visitor

pytestmark = pytest.mark.django_db


def alice(plan: str) -> User:
    return User.objects.create(username="alice", plan_id=plan)


def test_a_visitor_has_a_small_allowance_ads_and_a_watermark():
    rights = entitlements_of(Visitor.objects.create())
    assert (rights.plan, rights.tier) == ("visitor", Plan.Tier.FREE)
    assert rights.allowance == Allowance(in_flight=1, per_minute=2, per_day=10)
    assert rights.watermark
    assert rights.ads
    assert not rights.private


def test_somebody_not_yet_known_has_the_rights_of_a_visitor():
    assert entitlements_of(None) == entitlements_of(Visitor.objects.create())


def test_a_new_account_is_on_the_free_plan():
    bob = User.objects.create(username="bob")
    assert entitlements_of(bob).plan == "free"
    assert entitlements_of(bob).allowance == Allowance(in_flight=1, per_minute=4, per_day=25)


def test_premium_pays_for_the_fast_lane_larger_pictures_and_no_marks():
    rights = entitlements_of(alice("premium"))
    assert rights.tier == Plan.Tier.PAID
    assert rights.allowance == Allowance(in_flight=4, per_minute=20, per_day=500)
    assert rights.largest_side > entitlements_of(None).largest_side
    assert rights.private
    assert not rights.watermark
    assert not rights.ads


def test_the_api_may_ask_for_ten_images():
    assert entitlements_of(alice("api")).images_per_grid == 10


def test_a_changed_plan_counts_at_once():
    Plan.objects.filter(name=Plan.VISITOR).update(per_day=99, watermark=False)
    rights = entitlements_of(None)
    assert rights.allowance.per_day == 99
    assert not rights.watermark


def test_a_network_has_room_for_about_thirty_visitors():
    visitor, network = entitlements_of(None).allowance, network_allowance()
    assert network.in_flight == 30 * visitor.in_flight
    assert network.per_minute == 30 * visitor.per_minute
    assert network.per_day == 30 * visitor.per_day
