"""What is forgotten, and when."""

from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone

from accounts.models import Network, SpentProof, User, Visitor
from accounts.networks import hash_of, network_of
from billing.models import StripeEvent
from craiyon_site import retention
from generation.models import Job
from tests.accounts.people import member, sign_in, sign_up
from tests.generation.site.cast import ask, finished

pytestmark = pytest.mark.django_db

ADDRESS = "203.0.113.7"
DAY = timedelta(days=1)


def aged(model: type, days: float, column: str = "created") -> None:
    model._default_manager.update(**{column: timezone.now() - days * DAY})  # type: ignore[attr-defined]


class TestAnAddress:
    def test_is_a_hash_after_a_week_and_still_the_same_bucket(self) -> None:
        row = network_of(ADDRESS)
        aged(Network, 6.9)
        assert retention.forget()["addresses_hashed"] == 0
        aged(Network, 7.1)
        assert retention.forget()["addresses_hashed"] == 1
        row.refresh_from_db()
        assert ADDRESS not in row.prefix
        assert network_of(ADDRESS) == row
        assert Network.objects.count() == 1
        assert retention.forget()["addresses_hashed"] == 0

    def test_cannot_be_found_by_hashing_all_that_there_are(self, settings) -> None:
        ours = hash_of(ADDRESS)
        settings.SECRET_KEY = "another site's secret, as long as it needs to be"
        assert hash_of(ADDRESS) != ours

    @pytest.mark.both_databases
    def test_that_came_back_in_between_is_one_bucket_again(self, monkeypatch) -> None:
        hashed = Network.objects.create(prefix=hash_of(ADDRESS))
        second = Network.objects.create(prefix=ADDRESS)
        job = ask(Visitor.objects.create())
        Job.objects.update(network=second)
        aged(Network, 8)
        retention.forget()
        job.refresh_from_db()
        assert job.network == hashed
        assert list(Network.objects.all()) == [hashed]

    def test_of_a_session_is_forgotten_after_a_week(self) -> None:
        member("alice")
        browser = Client(REMOTE_ADDR=ADDRESS)
        sign_in(browser, "alice")
        assert ADDRESS in browser.get("/account/sessions/").content.decode()
        aged(UserSession, 8, "created_at")
        retention.forget()
        page = browser.get("/account/sessions/").content.decode()
        assert ADDRESS not in page
        assert browser.get("/account").status_code == 200


class TestAGrid:
    def test_of_a_visitor_goes_after_thirty_days_with_its_files(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        finished(ask(Visitor.objects.create()), monkeypatch)
        aged(Job, 29)
        assert retention.forget()["grids_erased"] == 0
        aged(Job, 31)
        assert retention.forget()["grids_erased"] == 1
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert Job.objects.get().prompt == ""

    def test_of_an_account_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        finished(ask(member("alice")), monkeypatch)
        aged(Job, 400)
        assert retention.forget()["grids_erased"] == 0
        assert Job.objects.get().prompt == "a red fox"


def test_a_visitor_without_grids_goes_after_thirty_days() -> None:
    idle, drawing = Visitor.objects.create(), Visitor.objects.create()
    ask(drawing)
    aged(Visitor, 31)
    retention.forget()
    assert list(Visitor.objects.all()) == [drawing]
    assert not Visitor.objects.filter(pk=idle.pk).exists()


def test_sessions_and_proofs_that_are_over_go() -> None:
    member("alice")
    over, here = Client(), Client()
    sign_in(over, "alice")
    Session.objects.update(expire_date=timezone.now() - DAY)
    aged(UserSession, 30, "created_at")
    sign_in(here, "alice")
    SpentProof.objects.create(challenge="old", purpose="", expires=timezone.now() - DAY)
    SpentProof.objects.create(challenge="new", purpose="", expires=timezone.now() + DAY)
    retention.forget()
    assert Session.objects.count() == UserSession.objects.count() == 1
    assert SpentProof.objects.get().challenge == "new"
    assert User.objects.count() == 1


def test_an_address_that_nobody_confirmed_is_forgotten_after_a_week() -> None:
    sign_up(Client(), "bob")
    member("alice")
    User.objects.create_superuser("charlie")
    aged(User, 6, "date_joined")
    assert retention.forget()["unconfirmed_forgotten"] == 0
    aged(User, 8, "date_joined")
    assert retention.forget()["unconfirmed_forgotten"] == 1
    assert sorted(User.objects.values_list("username", flat=True)) == ["alice", "charlie"]


def test_an_event_of_stripe_is_forgotten_when_it_cannot_come_again() -> None:
    week = timezone.now() - 7 * DAY
    for name, charge in (("evt_done", ""), ("evt_waits", "ch_of_a_dispute")):
        StripeEvent.objects.create(pk=name, type="charge.updated", happened=week, charge=charge)
    aged(StripeEvent, 59, "received")
    assert retention.forget()["stripe_events_forgotten"] == 0
    aged(StripeEvent, 61, "received")
    assert retention.forget()["stripe_events_forgotten"] == 1
    assert StripeEvent.objects.get().pk == "evt_waits"


def test_nothing_young_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    finished(ask(Visitor.objects.create()), monkeypatch)
    network_of(ADDRESS)
    sign_in(Client(), str(member("alice").username))
    assert set(retention.forget().values()) == {0}
    with pytest.raises(IntegrityError):
        Network.objects.create(prefix=ADDRESS)
