"""An account goes, with everything in it."""

from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Override, Usage, User
from craiyon_site import lifecycle, retention
from generation.models import Job
from tests.accounts.people import PASSWORD, member, prove, sign_in
from tests.generation.site.cast import ask, finished

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return member("alice", first_name="Alice")


@pytest.fixture
def browser(alice: User) -> Client:
    browser = Client()
    sign_in(browser, "alice")
    prove(browser)
    return browser


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_pictures_and_personal_data_are_gone_and_what_money_needs_has_no_name(
    alice: User, browser: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = finished(ask(alice, "a secret garden"), monkeypatch)
    keys.make(alice, keys.KeyWish(name="mine"))
    Override.objects.create(user=alice, per_day=9, reason="Alice of Wonderland")
    alice.groups.add(Group.objects.create(name="painters"))
    Authenticator.objects.create(user=alice, type="totp", data={})
    assert files(tmp_path)
    answer = browser.post("/account/delete", {"sure": "on"})
    assert answer.headers["Location"] == "/"
    assert files(tmp_path) == []
    row = Job.objects.get()
    assert (row.prompt, row.seed) == ("", 0)
    assert row.erased is not None
    assert browser.get(f"/g/{job.pk}").status_code in (404, 410)
    left = User.objects.get(pk=alice.pk)
    assert "alice" not in str(vars(left)).lower()
    assert not left.is_active
    assert not left.check_password(PASSWORD)
    for model in (EmailAddress, Authenticator, UserSession, ApiKey, Override):
        assert not model._default_manager.exists()
    assert not left.groups.exists()
    usage = Usage.objects.get()
    assert (usage.user, usage.images) == (left, 9)


def test_the_admins_log_says_no_more_to_whom_something_was_done(
    alice: User, browser: Client
) -> None:
    charlie = User.objects.create_superuser("charlie")
    LogEntry.objects.log_actions(
        charlie.pk, [alice], CHANGE, change_message="Added exception “alice: a friend of mine”."
    )
    browser.post("/account/delete", {"sure": "on"})
    entry = LogEntry.objects.get()
    assert entry.user == charlie
    assert "alice" not in f"{entry.object_repr} {entry.change_message}"


def test_nobody_comes_back_to_it_and_its_address_is_free(alice: User, browser: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere, "alice")
    browser.post("/account/delete", {"sure": "on"})
    # A session's own data may hold the address that it began at.
    assert not Session.objects.exists()
    assert elsewhere.get("/account").status_code == 302
    assert browser.get("/account").status_code == 302
    assert sign_in(Client(), "alice").status_code == 200
    member("alice")


def test_it_is_asked_first_and_nothing_goes_without_the_box(alice: User, browser: Client) -> None:
    page = browser.get("/account/delete")
    assert page.status_code == 200
    assert browser.post("/account/delete").status_code == 400
    assert User.objects.get().email == alice.email


def test_the_password_is_asked_for_once_more(alice: User) -> None:
    browser = Client()
    sign_in(browser, "alice")
    answer = browser.post("/account/delete", {"sure": "on"})
    assert answer.headers["Location"].startswith("/account/reauthenticate/")
    assert User.objects.get().email == alice.email


def test_a_deletion_that_ended_halfway_is_gone_on_with(
    alice: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    finished(ask(alice, "a secret garden"), monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr("craiyon_site.lifecycle.erase_deleted", lambda _: None)
        lifecycle.delete_account(alice)
    job = Job.objects.get()
    assert Client().get(f"/g/{job.pk}").status_code == 404
    assert retention.forget()["accounts_erased"] == 1
    assert files(tmp_path) == []
    assert retention.forget()["accounts_erased"] == 0
