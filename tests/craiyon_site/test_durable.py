"""What was saved is on the disk, and not only on its way there."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from craiyon_site import parts
from craiyon_site.durable import DurableFiles
from craiyon_site.environment import kept_secret


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files and folders that were written to the disk, as they are called by then."""
    places: list[str] = []
    fsync = os.fsync

    def noted(opened: Any) -> None:
        places.append(str(Path(f"/proc/self/fd/{opened}").readlink()))
        fsync(opened)

    monkeypatch.setattr(os, "fsync", noted)
    return places


def test_a_file_and_the_folders_that_name_it_are_written(tmp_path: Path, synced: list[str]) -> None:
    storage = DurableFiles(location=tmp_path)
    storage.save("ab/grid/1.png", ContentFile(b"a picture"))
    assert synced == [f"{tmp_path}{name}" for name in ("/ab/grid/1.png", "/ab/grid", "/ab", "")]


def test_folders_hold_such_files(tmp_path: Path) -> None:
    for storage in parts.storage("", tmp_path).values():
        assert isinstance(storages.create_storage(storage), DurableFiles)


def test_so_is_the_secret_of_a_site(tmp_path: Path, synced: list[str]) -> None:
    assert kept_secret(tmp_path / "secret_key")
    [draft] = synced
    assert draft.startswith(f"{tmp_path}/secret_key.")
