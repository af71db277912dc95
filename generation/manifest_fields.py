"""Reads the fields of a TOML table, and says which field of which table does not fit."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

COMMIT = re.compile(r"[0-9a-f]{40}")

Value = TypeVar("Value")


class ManifestError(Exception):
    """A manifest cannot be used; the message names the file, the checkpoint and the field."""


class Table:
    """A table of a manifest. Each field is taken once; `end` refuses what nobody took."""

    def __init__(self, manifest: Path, name: str, values: object) -> None:
        if not isinstance(values, dict):
            raise ManifestError(f"{manifest}: {name} is no table")
        self._manifest = manifest
        self._name = name
        self._left: dict[str, Any] = dict(values)

    def take(
        self, key: str, read: Callable[[Any], Value], wanted: str, default: Value | None = None
    ) -> Value:
        """Returns a field as `read` makes it, or the default where the field is absent.

        Raises:
            ManifestError: the field is missing and has no default, or `read` raised a TypeError
                or a ValueError.
        """
        if key not in self._left:
            if default is None:
                raise self.refusal(key, f"is missing; it wants {wanted}")
            return default
        value = self._left.pop(key)
        try:
            return read(value)
        except (TypeError, ValueError):
            raise self.refusal(key, f"wants {wanted}, not {value!r}") from None

    def text(self, key: str, default: str | None = None) -> str:
        """Returns a text."""
        return self.take(key, as_text, "a text", default)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Returns true or false."""
        return self.take(key, _as_flag, "true or false", default)

    def whole(self, key: str) -> int:
        """Returns a whole number of 1 or more."""
        return self.take(key, as_whole, "a whole number, 1 or more")

    def number(self, key: str) -> float:
        """Returns a number of 0 or more."""
        return self.take(key, as_number, "a number, 0 or more")

    def commit(self, key: str) -> str:
        """Returns the full name of a commit: a branch or a tag may move."""
        wanted = "the 40 hex digits of a commit, so that a seed keeps its picture"
        return self.take(key, _as_commit, wanted)

    def path(self, key: str) -> Path:
        """Returns a path, relative ones taken from the manifest's folder."""
        return (self._manifest.parent / self.text(key)).resolve()

    def table(self, key: str) -> "Table | None":
        """Returns a table in this one, None where it is absent."""
        if key not in self._left:
            return None
        return Table(self._manifest, f"{self._name}.{key}", self._left.pop(key))

    def has(self, key: str) -> bool:
        """Whether the field is there and was not taken yet."""
        return key in self._left

    def rest(self) -> dict[str, Any]:
        """Returns all that was not taken yet, and takes it."""
        rest, self._left = self._left, {}
        return rest

    def end(self) -> None:
        """Refuses what nobody took: most likely a slip of the pen.

        Raises:
            ManifestError: a field is left.
        """
        for key in self._left:
            raise self.refusal(key, "is no field of a manifest")

    def refusal(self, key: str, complaint: str) -> ManifestError:
        """Returns the error that complains about a field."""
        return ManifestError(f"{self._manifest}: {self._name}: {key} {complaint}")


def as_text(value: Any) -> str:
    """Returns the text as it is; TypeError otherwise."""
    if not isinstance(value, str):
        raise TypeError
    return value


def as_texts(value: Any) -> tuple[str, ...]:
    """Returns a list of texts as a tuple; TypeError otherwise."""
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(as_text, value))


def as_whole(value: Any) -> int:
    """Returns a whole number of 1 or more; TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    if value < 1:
        raise ValueError
    return value


def as_number(value: Any) -> float:
    """Returns a number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not 0 <= value < float("inf"):
        raise ValueError
    return float(value)


def _as_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _as_commit(value: Any) -> str:
    if not COMMIT.fullmatch(as_text(value)):
        raise ValueError
    return str(value)
