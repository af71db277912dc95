"""Every address of the API, asked by everybody: only whose it is gets anything."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, User, Visitor
from generation.api import urls, webui_urls
from generation.api.openai import urls as openai_urls
from generation.api.reference import METHODS, document
from generation.programs import callbacks
from tests.generation.api.cast import Program
from tests.generation.api.conftest import program_of
from tests.generation.api.test_generations import job_of
from tests.generation.site.cast import client_of, finished

pytestmark = pytest.mark.django_db

PROGRAMS = {"/api/v1/": urls, "/v1/": openai_urls, "/sdapi/v1/": webui_urls}
OPEN_TO_ALL = {("post", "/api/v1/keys/report")}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/generations"): {"prompt": "a fox", "dry_run": True},
    ("post", "/v1/images/generations"): {"prompt": " "},
    ("post", "/api/v1/callbacks"): {"url": "https://example.org/hook"},
    ("post", "/sdapi/v1/txt2img"): {"prompt": " "},
    ("post", "/sdapi/v1/options"): {},
}


def operations() -> Iterator[tuple[str, str]]:
    """Every method of every address for programs, as the addresses themselves have it."""
    for prefix, module in PROGRAMS.items():
        for pattern in module.urlpatterns:
            if (view := getattr(pattern.callback, "cls", None)) is None:
                continue
            path = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
            yield from ((method, path) for method in METHODS if hasattr(view, method))
            if hasattr(view, "get"):
                yield "head", path


ALL = list(operations())
OPERATIONS = [one for one in ALL if one not in OPEN_TO_ALL]
SECRET = "the prompt that nobody else may read"


class Place:
    """Alice's private grid and callback, and the addresses that lead to them."""

    def __init__(self, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = program.draw(SECRET, count=1, visibility="private")
        self.job = finished(job_of(asked), monkeypatch)
        self.callback = callbacks.add(program.key.user, "https://example.org/secret-hook")
        self.delivery = callbacks.test(self.callback)

    def address(self, path: str) -> str:
        return path.format(
            job_id=self.job.pk, position=0, model="ink", callback_id=self.callback.pk,
            delivery_id=self.delivery.pk,
        )  # fmt: skip

    @property
    def secrets(self) -> tuple[str, ...]:
        return SECRET, "secret-hook", self.callback.secret, str(self.delivery.pk)


@pytest.fixture
def place(program, monkeypatch) -> Place:
    # What waits lets go of its connection; here it is the one that holds the test's rows.
    for module in ("generation.api.endpoint", "generation.site.live"):
        monkeypatch.setattr(f"{module}.connection", SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(callbacks, "ring", lambda: None)
    return Place(program, monkeypatch)


def asked(client: Client, operation: tuple[str, str], place: Place, key: str = "") -> Any:
    method, path = operation
    said = base64.b64encode(f"me:{key}".encode()).decode()
    way = f"Basic {said}" if path.startswith("/sdapi/") else f"Bearer {key}"
    headers = {"authorization": way} if key else {}
    body = BODIES.get((method, path))
    return client.generic(
        method.upper(), place.address(path), b"" if body is None else _json(body),
        content_type="application/json", headers=headers,
    )  # fmt: skip


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def test_the_matrix_has_no_holes():
    documented = {
        (method, path)
        for path, methods in document()["paths"].items()
        for method in METHODS
        if method in methods
    }
    ours = {one for one in ALL if not one[1].startswith("/sdapi/") and one[0] != "head"}
    assert documented == ours
    assert len(OPERATIONS) >= 27


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_without_a_good_key_nobody_gets_anything(operation, place, alice, bob):
    expired = program_of(alice, expires=timezone.now() + timedelta(hours=1))
    ApiKey.objects.filter(pk=expired.key.pk).update(expires=timezone.now())
    revoked = program_of(alice)
    keys.revoke(revoked.key)
    staff = User.objects.create(username="staff", is_staff=True, is_superuser=True)
    principals = {
        "nobody": (Client(), ""),
        "visitor": (client_of(Visitor.objects.create()), ""),
        "other user": (client_of(bob), ""),
        "owner's cookie": (client_of(alice), ""),
        "staff": (client_of(staff), ""),
        "expired": (Client(), expired.text),
        "revoked": (Client(), revoked.text),
        "made up": (Client(), "cry_live_" + "a" * 38),
    }
    for name, (client, key) in principals.items():
        answer = asked(client, operation, place, key)
        assert answer.status_code == 401, name
        assert answer["WWW-Authenticate"], name
        assert not answer.cookies, name
        assert not any(secret.encode() in answer.content for secret in place.secrets), name
    place.job.refresh_from_db()
    assert place.job.erased is None
    place.callback.refresh_from_db()


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_a_key_without_the_scope_is_refused(operation, place, alice):
    needed = {
        scope
        for scope in keys.ALL_SCOPES
        if asked(Client(), operation, place, program_of(alice, scopes=[scope]).text).status_code
        != 403
    }
    assert len(needed) == 1


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "_id}" in one[1]], ids=" ".join)
def test_what_is_somebody_elses_is_not_there(operation, place, program, bobs, practising):
    for other in (bobs, practising) if "job_id" in operation[1] else (bobs,):
        answer = asked(Client(), operation, place, other.text)
        assert answer.status_code == 404
        assert operation[0] == "head" or answer.json()["code"] == "not_found"
        assert not any(secret.encode() in answer.content for secret in place.secrets)
    assert asked(Client(), operation, place, program.text).status_code < 500
    if operation[0] == "get":
        assert asked(Client(), operation, place, program.text).status_code == 200


def test_what_is_private_is_404_on_the_site_too(place, bob):
    for client in (Client(), client_of(bob), client_of(Visitor.objects.create())):
        for path in ("", "/0.webp", "/0-small.webp", "/grid.webp", "/events"):
            assert client.get(f"/g/{place.job.pk}{path}").status_code == 404
        assert client.get(f"/i/{uuid4()}").status_code == 404
