"""The table of subjects: what can be drawn, its name in two languages and where it belongs."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "subjects.csv"

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 62, 58),
    "orange": (240, 146, 60),
    "yellow": (248, 214, 84),
    "green": (98, 178, 92),
    "teal": (56, 166, 160),
    "blue": (72, 120, 214),
    "purple": (140, 90, 196),
    "pink": (244, 162, 190),
    "brown": (140, 98, 70),
    "gray": (150, 154, 160),
    "white": (248, 248, 246),
    "black": (36, 38, 46),
}


@dataclass(frozen=True)
class Subject:
    """One thing that can be drawn.

    `icon` names it in the artists' sets, `home` is "ground", "sky" or "water", and the
    first English and French name is the one used most. French names carry their article.
    """

    name: str
    icon: str
    kind: str
    home: str
    english: tuple[str, ...]
    french: tuple[str, ...]


@cache
def subjects() -> tuple[Subject, ...]:
    """The subjects that are taught, in the table's order, which is that of the tokens."""
    return _rows("yes")


@cache
def untaught() -> tuple[Subject, ...]:
    """The subjects that the table holds for later."""
    return _rows("no")


def _rows(taught: str) -> tuple[Subject, ...]:
    with TABLE.open(encoding="utf-8", newline="") as table:
        return tuple(
            Subject(
                row["name"],
                row["icon"],
                row["kind"],
                row["place"],
                tuple(row["english"].split("|")),
                tuple(row["french"].split("|")),
            )
            for row in csv.DictReader(table)
            if row["taught"] == taught
        )


@cache
def index_of(name: str) -> int:
    """The row of the subject called `name`; `KeyError` if there is none."""
    return {subject.name: row for row, subject in enumerate(subjects())}[name]
