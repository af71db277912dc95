"""What the database itself refuses about those who ask."""

import uuid

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError

from accounts.models import Network, Plan, Usage, User

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_every_plan_that_the_code_names_is_there_from_the_start():
    assert set(Plan.objects.values_list("name", flat=True)) == set(Plan.NAMED)


@pytest.mark.parametrize("columns", [{"weight": 0}, {"tier": 3}])
def test_a_plan_without_weight_or_of_no_tier_cannot_be(columns):
    with pytest.raises(IntegrityError):
        Plan.objects.filter(name="free").update(**columns)


def test_a_plan_that_somebody_has_cannot_be_deleted():
    User.objects.create(username="alice", plan_id="premium")
    with pytest.raises(ProtectedError):
        Plan.objects.get(name="premium").delete()


def test_a_delivery_is_counted_once():
    job = uuid.uuid4()
    counted = {"job_id": job, "images": 9, "pixel_steps": 1, "seconds": 1.0}
    Usage.objects.create(**counted)
    with pytest.raises(IntegrityError):
        Usage.objects.create(**counted)


def test_what_was_delivered_stays_counted_when_its_account_goes():
    alice = User.objects.create(username="alice")
    usage = Usage.objects.create(
        job_id=uuid.uuid4(), user=alice, images=9, pixel_steps=1, seconds=1.0
    )
    alice.delete()
    usage.refresh_from_db()
    assert usage.user is None


def test_a_network_has_one_row():
    Network.objects.create(prefix="192.0.2.7")
    with pytest.raises(IntegrityError):
        Network.objects.create(prefix="192.0.2.7")
