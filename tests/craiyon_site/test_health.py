"""Up, ready, and what is missing."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone
from pytest_django import Settings

from craiyon_site import health, parts
from craiyon_site.urls import handler500
from craiyon_site.urls import urlpatterns as site
from generation.models import Worker


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the connection is closed")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("no view expected this")


urlpatterns = [*site, path("away", away), path("broken", broken)]
__all__ = ["handler500"]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No finding is left from the test before."""
    monkeypatch.setattr(health, "readiness", health.Readiness())


def seen(
    ago: timedelta,
    state: Worker.State = Worker.State.READY,
    kind: str = "cpu",
    checkpoint: str = "doodle",
) -> None:
    now = timezone.now()
    Worker.objects.create(
        id=f"worker-{state}",
        kind=kind,
        checkpoints=[checkpoint],
        host="here",
        pid=1,
        state=state,
        started=now,
        seen_at=now - ago,
    )


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_a_process_that_answers_is_up(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "up"}


class TestReady:
    def test_with_every_part_and_a_worker(self, client: Client) -> None:
        seen(timedelta(seconds=2))
        status, answer = ready(client)
        assert (status, answer["status"]) == (200, "ready")
        assert set(answer["parts"]) == {"database", "broker", "storage", "worker"}
        assert all(part["ok"] and part["ms"] >= 0 for part in answer["parts"].values())

    def test_while_a_worker_draws(self, client: Client) -> None:
        seen(timedelta(), Worker.State.DRAWING)
        assert ready(client)[0] == 200

    def test_is_found_again_only_after_a_second(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = 1000.0
        monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: now))
        assert ready(client)[0] == 503
        seen(timedelta())
        now += 0.9
        assert ready(client)[0] == 503
        now += 0.2
        assert ready(client)[0] == 200

    def test_is_said_again_in_no_cache(self, client: Client) -> None:
        assert "no-store" in client.get("/readyz")["Cache-Control"]


class TestNotReady:
    def test_with_a_worker_that_draws_only_what_is_not_on_offer(self, client: Client) -> None:
        seen(timedelta(), checkpoint="crayon")
        assert ready(client)[0] == 503

    def test_without_a_worker(self, client: Client) -> None:
        status, answer = ready(client)
        assert status == 503
        assert answer["parts"]["worker"]["error"] == "no worker that can draw was seen lately"

    def test_when_the_worker_was_last_seen_long_ago(self, client: Client) -> None:
        seen(timedelta(seconds=16))
        assert ready(client)[0] == 503

    @pytest.mark.parametrize(
        ("state", "said"),
        [
            ("loading", "loading doodle"),
            ("paused", "the storage refuses files"),
            ("stopped", "no worker that can draw was seen lately"),
        ],
    )
    def test_when_the_worker_cannot_draw(self, client: Client, state: str, said: str) -> None:
        seen(timedelta(), Worker.State(state))
        status, answer = ready(client)
        assert (status, answer["parts"]["worker"]["error"]) == (503, said)

    def test_when_the_worker_has_loaded_no_checkpoint_yet(self, client: Client) -> None:
        seen(timedelta(), kind="")
        status, answer = ready(client)
        assert (status, answer["parts"]["worker"]["error"]) == (503, "loading doodle")

    def test_when_no_checkpoint_can_be_loaded_and_tells_nobody_of_its_files(
        self, client: Client
    ) -> None:
        seen(timedelta(), Worker.State.BROKEN, kind="")
        Worker.objects.update(broken={"doodle": "/srv/weights/unet: no such file"})
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "doodle could not be loaded" in answer.text
        assert "/srv" not in answer.text

    @pytest.mark.parametrize("alias", ["masters", "default"])
    def test_when_either_storage_refuses(
        self, client: Client, settings: Settings, tmp_path: Path, alias: str
    ) -> None:
        seen(timedelta())
        (tmp_path / "file").write_text("no folder")
        settings.STORAGES = {
            **settings.STORAGES,
            alias: {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": tmp_path / "file"},
            },
        }
        status, answer = ready(client)
        assert status == 503
        assert answer["parts"]["storage"] == {
            "ok": False, "ms": answer["parts"]["storage"]["ms"], "error": "NotADirectoryError",
        }  # fmt: skip


@pytest.fixture
def broker_at(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Points Celery at another broker for the test."""
    names = ("broker_url", "broker_transport_options")
    before = {name: current_app.conf[name] for name in names}

    def use(url: str) -> None:
        broker = parts.broker(url, tmp_path)
        current_app.conf.update(broker_url=broker.url, broker_transport_options=broker.options)

    yield use
    current_app.conf.update(before)


class TestABrokerThatIsAway:
    @pytest.mark.parametrize("scheme", ["redis", "amqp"])
    def test_is_said_but_leaves_the_site_ready(
        self, client: Client, broker_at: Callable[[str], None], scheme: str
    ) -> None:
        seen(timedelta())
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
            broker_at(f"{scheme}://127.0.0.1:{nobody.getsockname()[1]}//")
            status, answer = ready(client)
        assert (status, answer["status"]) == (200, "degraded")
        assert answer["parts"]["broker"]["error"] == "OperationalError"

    def test_is_ready_again_with_a_real_one(
        self, client: Client, broker_at: Callable[[str], None], redis_url: str
    ) -> None:
        seen(timedelta())
        broker_at(redis_url)
        assert ready(client)[1]["status"] == "ready"


class TestAFailure:
    def test_of_the_database_is_a_503_that_says_when_to_come_back(self, client: Client) -> None:
        client.raise_request_exception = False
        answer = client.get("/away")
        assert answer.status_code == 503
        assert answer["Retry-After"] == "5"

    def test_of_the_database_is_a_503_with_debug_on_too(
        self, client: Client, settings: Settings
    ) -> None:
        settings.DEBUG = True
        client.raise_request_exception = False
        assert client.get("/away").status_code == 503

    def test_of_anything_else_is_a_500(self, client: Client) -> None:
        client.raise_request_exception = False
        answer = client.get("/broken")
        assert answer.status_code == 500
        assert b"What had been accepted before is still in the queue" in answer.content

    def test_of_the_database_makes_the_site_unready(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse() -> None:
            raise OperationalError("the server closed the connection")

        monkeypatch.setattr(connection, "cursor", refuse)
        status, answer = ready(client)
        assert status == 503
        assert answer["parts"]["database"]["error"] == "OperationalError"
