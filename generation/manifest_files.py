"""Reads the JSON files that a manifest names: the words of a checkpoint, and what is known of it.

Every function takes the checkpoint's table and raises `ManifestError` for a file that does not fit.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from generation.manifest_fields import Table, as_number, as_text, as_texts
from generation.unsaid import Open, read


def vocabulary(entry: Table) -> Path | None:
    """The JSON file of known words; where the field or the file is absent, none."""
    file = entry.path("known_words") if entry.has("known_words") else None
    return file if file is not None and file.is_file() else None


def figures(entry: Table) -> Mapping[str, float]:
    """The numbers of a JSON file by their names; without the field, none."""
    if not entry.has("figures"):
        return {}
    file = entry.path("figures")
    try:
        found = json.loads(file.read_text(encoding="utf-8")).items()
        return MappingProxyType({name: as_number(figure) for name, figure in found})
    except (AttributeError, OSError, OverflowError, TypeError, ValueError):
        raise entry.refusal("figures", f"wants a JSON object of numbers in {file}") from None


def known_words(file: Path | None, entry: Table) -> tuple[str, ...]:
    """The keys of `forms` in the file of known words."""
    if file is None:
        return ()
    try:
        return tuple(json.loads(file.read_text(encoding="utf-8"))["forms"].keys())
    except (AttributeError, KeyError, TypeError, ValueError):
        raise entry.refusal("known_words", f"wants a JSON object with forms in {file}") from None


def nearest_words(entry: Table) -> Mapping[str, str]:
    """A JSON file's nouns by the thing they become, turned round; without the file, none."""
    if not entry.has("nearest_words"):
        return {}
    file = entry.path("nearest_words")
    if not file.is_file():
        return {}
    try:
        things = json.loads(file.read_text(encoding="utf-8"))
        return MappingProxyType(
            {as_text(noun): thing for thing, nouns in things.items() for noun in as_texts(nouns)}
        )
    except (AttributeError, TypeError, ValueError):
        message = f"wants a JSON object with lists of nouns in {file}"
        raise entry.refusal("nearest_words", message) from None


def unsaid(entry: Table) -> tuple[Open, ...]:
    """What a JSON file lists; without the field, nothing."""
    if not entry.has("unsaid"):
        return ()
    try:
        return read(entry.path("unsaid"))
    except (OSError, ValueError) as error:
        raise entry.refusal("unsaid", f"wants a list of what is left open: {error}") from None
