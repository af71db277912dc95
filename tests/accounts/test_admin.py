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


def sent(client: Client, page: str, **changes: object) -> dict[str, object]:
    """What a browser sends of the form of an account that it has just opened."""
    form = client.get(page).context["adminform"].form
    joined = form.initial["date_joined"]
    return {
        "username": form.initial["username"],
        "email": form.initial["email"],
        "plan": form.initial["plan"],
        "initial-plan": form.initial["plan"],
        "is_active": "on",
        "date_joined_0": f"{joined:%Y-%m-%d}",
        "date_joined_1": f"{joined:%H:%M:%S}",
        "override-TOTAL_FORMS": 0,
        "override-INITIAL_FORMS": 0,
    } | changes


def test_an_account_is_put_on_another_plan(charlie):
    alice = User.objects.create_user("alice")
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    assert b'name="initial-plan" value="free"' in charlie.get(page).content
    assert charlie.post(page, sent(charlie, page, plan="premium")).status_code == 302
    alice.refresh_from_db()
    assert alice.plan_id == "premium"


def test_what_happened_to_an_account_while_its_form_was_open_stays(charlie):
    alice = User.objects.create_user("alice")
    page = reverse("admin:accounts_user_change", args=[alice.pk])
    form = sent(charlie, page, email="alice@example.com")
    User.objects.filter(pk=alice.pk).update(plan="premium")  # She has paid meanwhile.
    assert charlie.post(page, form).status_code == 302
    alice.refresh_from_db()
    assert (alice.plan_id, alice.email) == ("premium", "alice@example.com")


def test_an_account_cannot_be_deleted_under_its_waiting_jobs(charlie):
    alice = User.objects.create_user("alice")
    page = reverse("admin:accounts_user_delete", args=[alice.pk])
    assert charlie.post(page, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()
