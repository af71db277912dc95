"""The table of subjects: what can be drawn, its name in two languages and where it belongs."""

import csv
from dataclasses import dataclass
from functools import cache, cached_property
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


TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
"""The tones of skin in which the artists draw people."""
PEOPLE = "people"
GENDERS = {"woman": "woman", "girl": "woman", "man": "man", "boy": "man"}
"""What the first word of an icon tells."""


@dataclass(frozen=True)
class Drawing:
    """One way a subject is drawn: an icon, and for people its tone of skin and its gender.

    The gender is "woman" or "man", and empty for what has none, a baby among it.
    """

    icon: str
    tone: str = ""
    gender: str = ""


@dataclass(frozen=True)
class Subject:
    """One thing that can be drawn.

    `icon` names it in the artists' sets, `home` is "ground", "sky" or "water", and the
    first English and French name is the one used most. French names carry their article.
    People have an icon for each gender, with a bar between them.
    """

    name: str
    icon: str
    kind: str
    home: str
    english: tuple[str, ...]
    french: tuple[str, ...]

    @cached_property
    def drawings(self) -> tuple[Drawing, ...]:
        """The ways it is drawn: people in every tone of skin and, but for a few, either gender."""
        if self.kind != PEOPLE:
            return (Drawing(self.icon),)
        return tuple(
            Drawing(icon, tone, GENDERS.get(icon.partition("-")[0], ""))
            for icon in self.icon.split("|")
            for tone in TONES
        )

    @property
    def either(self) -> bool:
        """Whether its name leaves open if it is a woman or a man."""
        return "|" in self.icon


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


@cache
def people() -> tuple[int, ...]:
    """The rows of the subjects that are people."""
    return tuple(row for row, subject in enumerate(subjects()) if subject.kind == PEOPLE)


@cache
def drawings() -> tuple[tuple[int, Drawing], ...]:
    """Every drawing of every subject with the subject's row, in the order of the sprites."""
    return tuple((row, one) for row, subject in enumerate(subjects()) for one in subject.drawings)


@cache
def sprite_row(subject: int, drawing: int = 0) -> int:
    """The row of the sprites that shows a subject in one of its drawings."""
    return sum(len(one.drawings) for one in subjects()[:subject]) + drawing
