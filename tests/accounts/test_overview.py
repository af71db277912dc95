"""The account's own page."""

import pytest

from accounts.models import Override, Plan, User
from craiyon_site.account_forms import ProfileForm
from craiyon_site.sign_in import AccountAdapter
from tests.accounts.people import member

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = member("alice")
    client.force_login(alice)
    return alice


def test_it_says_what_is_left_before_one_runs_into_it(client, alice):
    rooms = client.get("/account").context["rooms"]
    assert [(room.left, room.said) for room in rooms] == [
        (25, "of 25 grids in 24 hours"),
        (4, "of 4 grids in a minute"),
        (1, "of 1 grid at a time"),
    ]
    Plan.objects.filter(name="free").update(per_day=40)
    Override.objects.create(user=alice, in_flight=3, reason="a friend")
    rooms = client.get("/account").context["rooms"]
    assert [room.left for room in rooms] == [40, 4, 3]


def test_it_greets_nobody_else(client):
    assert client.get("/account").headers["Location"] == "/account/login/?next=/account"
    assert client.post("/account").status_code == 302


def test_a_language_is_kept_and_comes_along_to_the_next_browser(client, alice):
    answer = client.post("/account", {"first_name": "Alice", "language": "fr"})
    assert answer.headers["Location"] == "/account"
    assert answer.cookies["django_language"].value == "fr"
    alice.refresh_from_db()
    assert (alice.first_name, alice.language) == ("Alice", "fr")


def test_a_language_that_the_site_does_not_speak_is_refused(client, alice):
    answer = client.post("/account", {"first_name": "x" * 151, "language": "xx"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"first_name", "language"}
    alice.refresh_from_db()
    assert alice.language == ""


def test_the_way_to_it_is_on_every_page(client, alice):
    assert b'href="/account"' in client.get("/").content
    client.logout()
    assert b'href="/account/login/"' in client.get("/").content


def test_a_profile_saved_while_the_plan_changes_leaves_the_plan(client, alice, monkeypatch):
    valid = ProfileForm.is_valid

    def while_she_pays(form):
        User.objects.filter(pk=alice.pk).update(plan=Plan.objects.get(name=Plan.PREMIUM))
        return valid(form)

    monkeypatch.setattr(ProfileForm, "is_valid", while_she_pays)
    client.post("/account", {"first_name": "Alice", "language": ""})
    alice.refresh_from_db()
    assert (alice.first_name, alice.plan_id) == ("Alice", Plan.PREMIUM)


def test_a_password_saved_while_the_plan_changes_leaves_the_plan(alice):
    User.objects.filter(pk=alice.pk).update(plan=Plan.objects.get(name=Plan.PREMIUM))
    AccountAdapter().set_password(alice, "a fox under a blue moon")
    alice.refresh_from_db()
    assert alice.check_password("a fox under a blue moon")
    assert alice.plan_id == Plan.PREMIUM
