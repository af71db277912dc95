"""The words that a checkpoint learned, by kind, for the page about it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from generation.checkpoints import Checkpoint

KINDS: dict[str, str | Promise] = {
    "animal": _("Animals"),
    "food": _("Food"),
    "plant": _("Plants"),
    "nature": _("Sky and weather"),
    "vehicle": _("Vehicles"),
    "building": _("Buildings"),
    "thing": _("Things"),
    "tool": _("Tools"),
    "sport": _("Sports"),
    "music": _("Music"),
    "clothes": _("Clothes"),
    "character": _("Characters"),
    "people": _("People"),
    "colour": _("Colours"),
    "place": _("Places"),
    "time": _("Times of day"),
    "weather": _("Rain and snow"),
    "count": _("Numbers"),
    "size": _("Sizes"),
    "where": _("Positions"),
    "relation": _("Positions"),
    "style": _("Styles"),
}
"""What people call the kinds; those of joints and other small words are left out."""


@dataclass(frozen=True)
class Word:
    """What one word may be called in each language, the most common first."""

    english: tuple[str, ...]
    french: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """The words of one kind."""

    title: str | Promise
    words: tuple[Word, ...]


def words_of(checkpoint: Checkpoint) -> tuple[Kind, ...]:
    """Returns the words of a checkpoint by kind; none where it has no list of them."""
    return () if checkpoint.vocabulary is None else _read(checkpoint.vocabulary)


def samples_of(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Returns prompts to show to somebody who has none, in their language where there are some."""
    own = {} if checkpoint.vocabulary is None else _samples(checkpoint.vocabulary)
    language = (get_language() or "en")[:2]
    return checkpoint.samples if language == "en" else own.get(language, checkpoint.samples)


@cache
def _samples(file: Path) -> dict[str, tuple[str, ...]]:
    said = json.loads(file.read_text(encoding="utf-8")).get("sample_prompts", {})
    return {language: tuple(prompts) for language, prompts in said.items() if prompts}


@cache
def _read(file: Path) -> tuple[Kind, ...]:
    said = json.loads(file.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = [*said.get("subjects", ()), *said.get("words", ())]
    found = {kind: tuple(_word(row) for row in rows if row["kind"] == kind) for kind in KINDS}
    return tuple(Kind(KINDS[kind], words) for kind, words in found.items() if words)


def _word(row: dict[str, Any]) -> Word:
    return Word(tuple(row["en"]), tuple(row["fr"]))
