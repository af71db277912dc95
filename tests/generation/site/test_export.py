"""Everything of an account as one file."""

import io
import json
import os
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.socialaccount.models import SocialAccount
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import IntegrityError
from django.test import AsyncClient, Client
from django.utils import timezone

from accounts import keys
from accounts.models import Export, Metering, Override, User
from craiyon_site import exports
from generation import services
from generation.programs import callbacks
from generation.queue import deletion
from tests.accounts.people import member
from tests.generation.site.cast import ask, client_of, finished

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rung_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the chores were rung for; no broker is needed."""
    bells: list[str] = []
    monkeypatch.setattr("craiyon_site.tasks.ring_for_exports", lambda: bells.append("ring"))
    return bells


@pytest.fixture
def alice(db: None) -> User:
    return member("alice")


@pytest.fixture
def as_alice(alice: User) -> Client:
    return client_of(alice)


def packed(export: Export) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(storages["exports"].open(export.name).read()))


def test_every_picture_comes_with_its_prompt(
    alice: User, as_alice: Client, rung_for: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = finished(ask(alice, "a red fox", count=2), monkeypatch)
    deletion.delete(finished(ask(alice, "a mistake", count=1), monkeypatch))
    finished(ask(member("bob"), "bob's own", count=1), monkeypatch)
    assert as_alice.post("/account/export").headers["Location"] == "/account#export"
    assert rung_for == ["ring"]
    assert b"0 of 1 grids" in as_alice.get("/account").content
    assert exports.pack_waiting() == 1
    with packed(Export.objects.get()) as archive:
        (grid,) = json.loads(archive.read("grids.json"))
        assert (grid["id"], grid["prompt"]) == (str(drawn.pk), "a red fox")
        assert [archive.read(name)[8:12] for name in grid["pictures"]] == [b"WEBP", b"WEBP"]
        assert json.loads(archive.read("account.json"))["email"] == "alice@example.org"


@pytest.mark.both_databases
def test_a_second_click_joins_the_packing(as_alice: Client) -> None:
    as_alice.post("/account/export")
    as_alice.post("/account/export")
    assert Export.objects.count() == 1


def test_a_second_click_finds_a_packing_that_has_just_ended(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = exports.ask(alice)

    def refused(**_: object) -> Export:
        Export.objects.filter(pk=first.pk).update(status=Export.Status.READY)
        raise IntegrityError

    monkeypatch.setattr(Export.objects, "create", refused)
    assert exports.ask(alice) == first


def test_its_owner_alone_can_fetch_it(alice: User, as_alice: Client) -> None:
    as_alice.post("/account/export")
    export = Export.objects.get()
    address = f"/account/export/{export.pk}.zip"
    assert as_alice.get(address).status_code == 404
    exports.pack_waiting()
    export.refresh_from_db()
    assert address.encode() in as_alice.get("/account").content
    assert client_of(member("bob")).get(address).status_code == 404
    assert Client().get(address).headers["Location"].startswith("/account/login/")

    async def fetched() -> bytes:
        browser = AsyncClient()
        await browser.aforce_login(alice)
        answer = await browser.get(address)
        assert answer.headers["Cache-Control"] == "private, no-store"
        return b"".join([piece async for piece in answer.streaming_content])

    content = async_to_sync(fetched)()
    assert len(content) == export.bytes
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None


def test_a_day_later_it_is_gone(alice: User, as_alice: Client) -> None:
    as_alice.post("/account/export")
    exports.pack_waiting()
    export = Export.objects.get()
    Export.objects.update(created=timezone.now() - timedelta(hours=25))
    assert exports.forget_old() == 1
    assert not storages["exports"].exists(export.name)
    assert not Export.objects.exists()


def test_it_is_everything_that_the_site_knows(
    alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.cancel(ask(alice, "what came to nothing"))
    keys.make(alice, keys.KeyWish(name="mine", per_day=7))
    callbacks.add(alice, "https://example.org/hook")
    SocialAccount.objects.create(user=alice, provider="github", uid="7", extra_data={"login": "al"})
    Override.objects.create(user=alice, per_day=99, reason="a friend")
    Metering.objects.create(user=alice, cap=12)
    as_alice.post("/account/export")
    assert exports.pack_waiting() == 1
    with packed(Export.objects.get()) as archive:
        (grid,) = json.loads(archive.read("grids.json"))
        said = json.loads(archive.read("account.json"))
    assert (grid["prompt"], grid["status"]) == ("what came to nothing", "cancelled")
    assert grid["pictures"] == []
    assert said["api_keys"][0]["per_day"] == 7
    assert said["callbacks"][0]["url"] == "https://example.org/hook"
    assert said["other_sites"][0]["extra_data"] == {"login": "al"}
    assert (said["exception"]["reason"], said["paying_by_use"]["cap"]) == ("a friend", 12)
    assert "whsec_" not in json.dumps(said)


def test_a_file_that_no_row_came_to_name_is_found(tmp_path: Path) -> None:
    name = storages["exports"].save("7.zip", ContentFile(b"everything"))
    assert exports.forget_old() == 0
    long_ago = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(tmp_path / "exports" / name, (long_ago, long_ago))
    assert exports.forget_old() == 1
    assert not storages["exports"].exists(name)


def test_a_packing_that_lost_its_process_is_begun_anew(alice: User) -> None:
    exports.ask(alice)
    Export.objects.update(status="packing", moved=timezone.now())
    assert exports.pack_waiting() == 0
    Export.objects.update(moved=timezone.now() - timedelta(hours=1))
    assert exports.pack_waiting() == 1
    assert Export.objects.get().status == Export.Status.READY


def test_a_storage_that_is_away_is_said_and_can_be_tried_again(
    alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports.ask(alice)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.files.storage.FileSystemStorage.save", _full)
        exports.pack_waiting()
    assert b"The packing failed" in as_alice.get("/account").content
    as_alice.post("/account/export")
    assert exports.pack_waiting() == 1


def _full(*_: object) -> str:
    raise OSError("no space left")
