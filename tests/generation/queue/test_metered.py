"""What programs draw is counted by the month: included, then paid, then refused with a 402."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts import metering
from accounts.models import ApiKey, Plan, Usage, User
from generation import services
from generation.errors import CapReached, PaymentRequired
from generation.models import Job
from generation.submission import GridRequest, quote, submit
from tests.generation.queue.cast import claimed, finish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def billing_on(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    Plan.objects.filter(name="free").update(monthly_grids=2, in_flight=9, per_minute=99)
    Plan.objects.filter(name="api").update(monthly_grids=2)


@pytest.fixture
def key(db: None) -> ApiKey:
    user = User.objects.create_user("dora", "dora@example.org")
    return ApiKey.objects.create(user=user, name="k", live=True, prefix="cry", sha256="0" * 64)


def asked(key: ApiKey) -> Job:
    return submit(GridRequest(prompt="a fox", count=1), owner=key.user, api_key=key)


def delivered(key: ApiKey) -> Usage:
    job = asked(key)
    assert finish(claimed())
    return Usage.objects.get(job_id=job.pk)


def test_without_a_card_the_month_ends_with_what_is_included(key: ApiKey) -> None:
    assert [delivered(key).bill for _ in range(2)] == ["", ""]
    with pytest.raises(PaymentRequired, match=r"until .* 1, .* Add a card") as refused:
        asked(key)
    frees = timezone.now() + timedelta(seconds=refused.value.retry_after or 0)
    assert metering.month_end(timezone.now()) <= frees
    assert frees - metering.month_end(timezone.now()) < timedelta(seconds=5)
    with pytest.raises(PaymentRequired):
        quote(GridRequest(prompt="a fox"), owner=key.user, api_key=key)
    Usage.objects.update(created=metering.month_start(timezone.now()) - timedelta(seconds=1))
    asked(key)


def test_on_the_site_itself_nothing_is_counted_by_the_month(key: ApiKey) -> None:
    for _ in range(2):
        delivered(key)
    assert submit(GridRequest(prompt="a fox"), owner=key.user).pk


def test_with_a_card_the_rest_is_paid_up_to_the_cap(key: ApiKey) -> None:
    metering.switch(key.user, on=True)
    metering.set_cap(key.user, 1)
    assert [delivered(key).bill for _ in range(3)] == ["", "", "due"]
    with pytest.raises(CapReached, match="cap of 1 paid"):
        asked(key)
    metering.set_cap(key.user, 2)
    asked(key)
    with pytest.raises(CapReached):  # the one under way counts
        asked(key)


def test_who_pays_by_use_draws_in_the_first_lane(key: ApiKey) -> None:
    assert asked(key).tier == Plan.Tier.FREE
    metering.switch(key.user, on=True)
    assert asked(key).tier == Plan.Tier.PAID


def test_while_billing_is_off_no_month_limits_anybody(key: ApiKey, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = ""
    for _ in range(3):
        assert delivered(key).bill == ""
    assert asked(key).pk


def test_usage_keeps_the_plan_that_it_was_drawn_under(key: ApiKey) -> None:
    usage = delivered(key)
    User.objects.update(plan="premium")
    usage.refresh_from_db()
    assert usage.plan == "free"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.both_databases
@pytest.mark.usefixtures("a_connection_each")
def test_deliveries_at_once_are_included_no_oftener_than_the_plan_says(key: ApiKey) -> None:
    metering.switch(key.user, on=True)
    jobs = [asked(key) for _ in range(6)]
    batch = services.claim("w", {jobs[0].checkpoint: 9})
    assert batch is not None
    assert len(batch.jobs) == 6

    def deliver(job: Job) -> None:
        finish(job)
        connection.close()

    threads = [threading.Thread(target=deliver, args=(job,)) for job in batch.jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Usage.objects.filter(bill="").count() == 2
    assert Usage.objects.filter(bill="due").count() == 4
