"""A Stripe on loopback with our prices, and Alice, who has an account."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from billing import gateway
from tests.billing.cast import DaysLater, Shop
from tests.fakes.stripe_server import StripeServer, stripe_running
from tests.fakes.stripe_server.server import KEY, SECRET


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits: neither the SDK between its tries, nor a ring for a broker.

    An answer may take its time, on a machine that does much else.
    """
    monkeypatch.setattr(gateway, "RETRIES", 0)
    monkeypatch.setattr(gateway, "ANSWER", 60)
    monkeypatch.setattr("billing.inbox.ring", lambda: None)
    gateway._client.cache_clear()


@pytest.fixture(autouse=True)
def guards_that_hold() -> Iterator[None]:
    """No update finds its rows by a subquery: after waiting for another process, PostgreSQL looks
    at a row again, but does not ask the subquery again, and the guard in it would be lost.
    """

    def looked_at(execute: Any, sql: str, *rest: Any) -> Any:
        assert not (sql.startswith("UPDATE") and "(SELECT" in sql), sql
        return execute(sql, *rest)

    with connection.execute_wrapper(looked_at):
        yield


@pytest.fixture
def stripe(settings: Settings) -> Iterator[StripeServer]:
    """A Stripe without anything in it, which the settings name."""
    with stripe_running() as server:
        settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, SECRET
        settings.STRIPE_API_BASE = server.url
        yield server


@pytest.fixture
def shop(stripe: StripeServer, db: None, tmp_path: object, settings: Settings) -> Shop:
    """A Stripe in which billing_setup was run."""
    settings.STRIPE_WEBHOOK_FILE = tmp_path / "secret"  # type: ignore[operator]
    call_command("billing_setup", stdout=StringIO())
    return Shop(stripe)


@pytest.fixture
def days_later(monkeypatch: pytest.MonkeyPatch) -> DaysLater:
    """Puts the site's clock so many days after the beginning of the test."""
    began = timezone.now()

    def put(days: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: began + timedelta(days=days))

    return put


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", "alice@example.org")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", "bob@example.org")


@pytest.fixture
def as_alice(alice: User) -> Client:
    """Her browser."""
    browser = Client()
    browser.force_login(alice)
    return browser
