"""One made-up checkpoint, and storages that end with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from generation.checkpoints import Checkpoint
from tests.generation.queue.cast import a_checkpoint


def offer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Checkpoint]:
    """Offers one checkpoint and returns all offered, which may be changed."""
    checkpoints = {"ink": a_checkpoint("ink", sizes=((64, 64),))}
    monkeypatch.setattr("generation.catalogue.offered", lambda: checkpoints)
    return checkpoints


def stored_in(folder: Path) -> override_settings:
    """Puts the storages "masters" and "default" into a folder, for a while."""
    ours = {
        alias: {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder / alias},
        }
        for alias in ("masters", "default")
    }
    return override_settings(STORAGES=settings.STORAGES | ours)


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Checkpoint]:
    """The checkpoints on offer; a test may change them."""
    return offer(monkeypatch)


@pytest.fixture(autouse=True)
def storage_folder(tmp_path: Path) -> Iterator[Path]:
    """The folder that holds the storages of this test."""
    folder = tmp_path / "storages"
    with stored_in(folder):
        yield folder
