"""Whether the stored files are those that the tables speak of."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.core.files.storage import Storage, storages
from django.db.models import QuerySet
from django.utils import timezone

from generation.audit import Check
from generation.models import Image, Rendition


@dataclass(frozen=True)
class Shelf:
    """A storage, and the rows that refer to its files."""

    alias: str
    kind: str
    model: type[Image | Rendition]
    name: str
    """The column that holds the file's name."""
    sha256: str
    """The column that holds the hash of its content."""

    @property
    def storage(self) -> Storage:
        return storages[self.alias]

    @property
    def rows(self) -> QuerySet[Image | Rendition]:
        """The rows that have a file."""
        return self.model._default_manager.exclude(**{self.name: ""}).order_by("pk")

    def files(self) -> Iterator[tuple[str, str]]:
        """Yields name and hash of each file, as the rows have them."""
        yield from self.rows.values_list(self.name, self.sha256).iterator()

    def says_of(self, name: str, what: str) -> Iterator[str]:
        """Yields a breach, unless its owner deleted the grid while we looked."""
        for row in self.rows.filter(**{self.name: name}):
            yield f"{self.kind} {row.pk}: {name} {what}"


SHELVES = (
    Shelf("masters", "master", Image, "master", "master_sha256"),
    Shelf("default", "rendition", Rendition, "name", "sha256"),
)


def file_checks(*, contents: bool) -> tuple[Check, ...]:
    """Returns the checks of all stored files.

    Args:
        contents: whether to read every file and compare its hash, beside seeing that it is there.
    """
    stored = [
        Check(
            f"every_{shelf.kind}_is_stored",
            f"the file of every {shelf.kind} exists",
            partial(_missing, shelf),
        )
        for shelf in SHELVES
    ]
    unaltered = [
        Check(
            f"every_{shelf.kind}_is_unaltered",
            f"the file of every {shelf.kind} holds what was stored",
            partial(_altered, shelf),
        )
        for shelf in SHELVES
        if contents
    ]
    return (*stored, *unaltered)


def orphans() -> list[str]:
    """Returns the files that no row refers to.

    That is no breach: a delivery stores its files before the rows that refer to them, and one
    that was killed in between leaves them behind.
    """
    return [f"{shelf.kind} {name}" for shelf in SHELVES for name in _orphans(shelf)]


def delete_orphans(*, older_than: timedelta = timedelta(days=1)) -> int:
    """Deletes the files that no row has referred to for so long; returns how many."""
    deleted = 0
    for shelf in SHELVES:
        for name in _orphans(shelf):
            with suppress(FileNotFoundError):
                if timezone.now() - shelf.storage.get_modified_time(name) > older_than:
                    shelf.storage.delete(name)
                    deleted += 1
    return deleted


def _orphans(shelf: Shelf) -> Iterable[str]:
    # First the files: a row that comes later cannot make one of them look forgotten.
    return sorted(set(_names(shelf.storage)).difference(name for name, _ in shelf.files()))


def _missing(shelf: Shelf) -> Iterator[str]:
    stored = set(_names(shelf.storage))
    for name, _ in shelf.files():
        if name not in stored and not shelf.storage.exists(name):
            yield from shelf.says_of(name, "is not stored")


def _altered(shelf: Shelf) -> Iterator[str]:
    for name, sha256 in shelf.files():
        if _hash(shelf.storage, name) != sha256:
            yield from shelf.says_of(name, "is not what was stored")


def _hash(storage: Storage, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with storage.open(name) as content:
            for chunk in content.chunks():
                digest.update(chunk)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()


def _names(storage: Storage, folder: str = "") -> Iterator[str]:
    """Yields the names of all files in a storage."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        # Nothing was stored yet, or the folder went while we looked.
        return
    at = f"{folder}/" if folder else ""
    yield from (f"{at}{file}" for file in files)
    for name in folders:
        yield from _names(storage, f"{at}{name}")
