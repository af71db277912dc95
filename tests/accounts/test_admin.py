"""Plans and accounts in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Plan, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def charlie(client: Client) -> Client:
    """The browser of an admin."""
    client.force_login(User.objects.create_superuser("charlie"))
    return client


def posted(plan: Plan, **changes: object) -> dict[str, object]:
    """What the form of a plan sends: a box that is not ticked is left out."""
    shown = {field.name: getattr(plan, field.name) for field in Plan._meta.fields} | changes
    return {name: value for name, value in shown.items() if value is not False}


def test_a_plan_is_changed(charlie):
    free = Plan.objects.get(name="free")
    page = reverse("admin:accounts_plan_change", args=["free"])
    assert charlie.post(page, posted(free, per_day=40, ads=False)).status_code == 302
    free.refresh_from_db()
    assert (free.per_day, free.ads, free.per_minute) == (40, False, 4)


def test_a_plan_that_cannot_be_is_refused(charlie):
    free = Plan.objects.get(name="free")
    page = reverse("admin:accounts_plan_change", args=["free"])
    answer = charlie.post(page, posted(free, weight=0))
    assert answer.status_code == 200
    assert "weight" in answer.context["adminform"].form.errors


def test_a_plan_of_ones_own_is_added_and_deleted(charlie):
    gold = Plan(name="gold", in_flight=1, per_minute=1, per_day=1)
    assert charlie.post(reverse("admin:accounts_plan_add"), posted(gold)).status_code == 302
    page = reverse("admin:accounts_plan_delete", args=["gold"])
    assert charlie.post(page, {"post": "yes"}).status_code == 302
    assert not Plan.objects.filter(name="gold").exists()


@pytest.mark.parametrize("name", Plan.NAMED)
def test_a_plan_that_the_code_names_cannot_be_deleted(charlie, name):
    page = reverse("admin:accounts_plan_delete", args=[name])
    assert charlie.post(page, {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [name], "post": "yes"}
    charlie.post(reverse("admin:accounts_plan_changelist"), chosen)
    assert Plan.objects.filter(name=name).exists()


def test_an_account_is_put_on_another_plan(charlie):
    alice = User.objects.create_user("alice")
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    form = charlie.get(page).context["adminform"].form
    assert form.initial["plan"] == "free"
    joined = {
        "date_joined_0": f"{alice.date_joined:%Y-%m-%d}",
        "date_joined_1": f"{alice.date_joined:%H:%M:%S}",
    }
    inline = {f"override-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    sent = {"username": "alice", "plan": "premium", "is_active": "on", **joined, **inline}
    assert charlie.post(page, sent).status_code == 302
    alice.refresh_from_db()
    assert alice.plan_id == "premium"


def test_an_account_cannot_be_deleted_under_its_waiting_jobs(charlie):
    alice = User.objects.create_user("alice")
    page = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert charlie.post(page, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()
