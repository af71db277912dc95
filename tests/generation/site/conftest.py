"""A made-up checkpoint, two visitors, and storages that end with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client

from accounts.models import Visitor
from billing import ads
from billing.ads import running
from billing.models import HouseAd
from generation.checkpoints import Checkpoint, Folder
from generation.queue import accuracy, busyness, workers
from generation.tasks import doorbell
from tests.generation.site.cast import client_of


@pytest.fixture(autouse=True)
def ink(monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """The checkpoint on offer."""
    checkpoint = Checkpoint(
        name="ink",
        title="Ink",
        source=Folder(Path("nowhere"), "0123456789ab"),
        pipeline="StableDiffusionPipeline",
        licence="Apache-2.0",
        commercial_ok=True,
        sizes=((64, 64), (128, 64), (512, 512)),
        steps=4,
        guidance=3.0,
        dtype="float32",
        batch_size=9,
        memory_gib=1.0,
        longest_prompt=77,
        needs_check=False,
        samples=("a fox in the snow", "50% & <b>more</b>"),
        negative_prompt=True,
    )
    monkeypatch.setattr("generation.catalogue.offered", lambda: {"ink": checkpoint})
    return checkpoint


@pytest.fixture(autouse=True)
def empty_storages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for alias in ("masters", "default", "exports"):
        storage = FileSystemStorage(location=tmp_path / alias)
        monkeypatch.setitem(vars(storages)["_storages"], alias, storage)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The checkpoints whose workers were rung for; no broker is needed."""
    bells: list[str] = []
    for module in ("views", "site.grids"):
        monkeypatch.setattr(f"generation.{module}.ring", bells.append)
    monkeypatch.setattr(doorbell, "silent_until", 0.0)
    return bells


@pytest.fixture(autouse=True)
def figures_of_this_test() -> None:
    """What the process remembers for a minute is not of the test before."""
    accuracy._as_of.cache_clear()
    busyness._as_of.cache_clear()
    workers._as_of.cache_clear()


@pytest.fixture
def ad(db: None) -> Iterator[HouseAd]:
    """One of the house, on every page that has a place for it."""
    running.read = -ads.KEPT
    yield HouseAd.objects.create(name="a", headline="Crayons", target="https://a.example/")
    running.read = -ads.KEPT


@pytest.fixture
def alice(db: None) -> Visitor:
    return Visitor.objects.create()


@pytest.fixture
def bob(db: None) -> Visitor:
    return Visitor.objects.create()


@pytest.fixture
def as_alice(alice: Visitor) -> Client:
    return client_of(alice)


@pytest.fixture
def as_bob(bob: Visitor) -> Client:
    return client_of(bob)
