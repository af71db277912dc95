"""The files: who gets them, in which format, with which mark, and for how long."""

import io
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.test import Client
from PIL import Image as Pictures

from accounts.models import Plan, User, Visitor
from generation.models import Job, Rendition
from tests.generation.site.cast import ask, claimed, client_of, finished

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(alice: Visitor, monkeypatch: pytest.MonkeyPatch) -> Job:
    return finished(ask(alice), monkeypatch)


@pytest.fixture
def carol(db: None) -> User:
    return User.objects.create(username="carol", plan_id=Plan.PREMIUM)


def opened(response: object) -> Pictures.Image:
    return Pictures.open(io.BytesIO(response.content))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "type_", "size"),
    [
        ("0.webp", "image/webp", (64, 64)),
        ("8.webp", "image/webp", (64, 64)),
        ("3.png", "image/png", (64, 64)),
        ("3.jpeg", "image/jpeg", (64, 64)),
        ("3.jpg", "image/jpeg", (64, 64)),
        ("3.avif", "image/avif", (64, 64)),
        ("3-small.webp", "image/webp", (64, 64)),
        ("grid.webp", "image/webp", None),
        ("grid.png", "image/png", None),
    ],
)
def test_each_file_is_what_its_name_says(
    client: Client, job: Job, name: str, type_: str, size: tuple[int, int] | None
) -> None:
    response = client.get(f"/g/{job.pk}/{name}")
    assert response.status_code == 200
    assert response["Content-Type"] == type_
    assert response["X-Content-Type-Options"] == "nosniff"
    picture = opened(response)
    assert Pictures.MIME[str(picture.format)] == type_
    assert size in (None, picture.size)


@pytest.mark.parametrize(
    "name", ["9.webp", "10.webp", "-1.webp", "0.gif", "0.", "0", "grid.svg", "grid", "0-big.webp"]
)
def test_what_there_is_not_is_not_found(client: Client, job: Job, name: str) -> None:
    assert client.get(f"/g/{job.pk}/{name}").status_code == 404


def test_a_picture_is_named_after_its_prompt(client: Client, job: Job) -> None:
    said = client.get(f"/g/{job.pk}/0.webp")["Content-Disposition"]
    assert said == 'inline; filename="a-red-fox-1.webp"'


def test_a_position_that_was_held_back_has_no_file(
    client: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = finished(ask(alice), monkeypatch, blocked=(4,))
    assert client.get(f"/g/{job.pk}/3.webp").status_code == 200
    assert client.get(f"/g/{job.pk}/4.webp").status_code == 404
    assert client.get(f"/g/{job.pk}/4-small.webp").status_code == 404


@pytest.mark.parametrize("name", ["0.webp", "grid.webp"])
def test_nothing_is_there_before_the_grid_is_done(
    client: Client, alice: Visitor, name: str
) -> None:
    job = ask(alice)
    assert client.get(f"/g/{job.pk}/{name}").status_code == 404
    claimed(job, progress=0.9)
    assert client.get(f"/g/{job.pk}/{name}").status_code == 404


def test_a_shared_file_is_kept_for_a_minute_at_most_and_asked_for_by_its_hash(
    client: Client, job: Job
) -> None:
    address = f"/g/{job.pk}/0.webp"
    response = client.get(address)
    assert response["Cache-Control"] == "public, max-age=60"
    rendition = Rendition.objects.get(image__position=0, kind="full", format="webp")
    assert response["ETag"] == f'"{rendition.sha256}"'
    unchanged = client.get(address, headers={"If-None-Match": response["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("name", ["0.webp", "0.png", "0-small.webp", "grid.webp"])
def test_a_private_file_is_its_owners_alone_and_kept_by_nobody(
    carol: User, bob: Visitor, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = finished(ask(carol, visibility=Job.Visibility.PRIVATE), monkeypatch)
    address = f"/g/{job.pk}/{name}"
    mine = client_of(carol).get(address)
    assert mine.status_code == 200
    assert mine["Cache-Control"] == "no-store"
    for other in (client_of(bob), Client()):
        assert other.get(address).status_code == 404
        assert other.get(address, headers={"If-None-Match": mine["ETag"]}).status_code == 404


class TestTheWatermark:
    def test_goes_when_the_owner_goes_premium_and_comes_back_after(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dave = User.objects.create(username="dave", plan_id=Plan.FREE)
        job = finished(ask(dave), monkeypatch)
        address = f"/g/{job.pk}/0.png"
        marked = Client().get(address).content
        User.objects.filter(pk=dave.pk).update(plan_id=Plan.PREMIUM)
        clean = Client().get(address).content
        assert len(opened(Client().get(address)).getcolors() or ()) == 1
        User.objects.filter(pk=dave.pk).update(plan_id=Plan.FREE)
        assert Client().get(address).content == marked != clean

    def test_is_decided_by_the_owners_rights_and_not_by_who_looks(
        self, carol: User, job: Job
    ) -> None:
        theirs = client_of(carol).get(f"/g/{job.pk}/0.png").content
        assert theirs == Client().get(f"/g/{job.pk}/0.png").content
        assert len(opened(client_of(carol).get(f"/g/{job.pk}/0.png")).getcolors(4096) or ()) > 1


class TestAStorageThatIsAway:
    @pytest.mark.parametrize("name", ["0.webp", "0.png"])
    def test_is_said_to_be_away_and_to_come_back(
        self, client: Client, job: Job, name: str, tmp_path: Path
    ) -> None:
        for alias in ("default", "masters"):
            (tmp_path / alias).rename(tmp_path / f"{alias}-away")
        response = client.get(f"/g/{job.pk}/{name}")
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
        assert "grids that were accepted are safe" in response.content.decode()
        for alias in ("default", "masters"):
            (tmp_path / f"{alias}-away").rename(tmp_path / alias)
        assert client.get(f"/g/{job.pk}/{name}").status_code == 200

    def test_does_not_keep_the_page_from_being_shown(self, as_alice: Client, job: Job) -> None:
        name = Rendition.objects.filter(image__position=0, kind="full").get().name
        storages["default"].delete(name)
        assert as_alice.get(f"/g/{job.pk}").status_code == 200
