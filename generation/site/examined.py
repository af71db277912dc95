"""How often a checkpoint is right, for the page about it, where somebody has examined it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from generation.checkpoints import Checkpoint

ASKED: dict[str, str | Promise] = {
    "english, subject": _("One thing, where it never was before"),
    "french, subject": _("The same in French"),
    "english, place and time": _("The place and the time of day"),
    "english, background colour": _("A plain background"),
    "several, count": _("Two, three or four of a thing, exactly"),
    "two, both": _("Two different things, both there"),
    "two, relation": _("Left of, right of, above, below"),
    "coloured, colour": _("A thing in a colour that is not its own"),
    "wearing, worn": _("A hat, a crown or glasses, worn"),
    "wet, weather": _("Rain or falling snow"),
    "people, gender and skin": _("Somebody of a gender and skin that are told, both right"),
    "styled, style": _("One of four styles; chance would be right one time in four"),
    "other phrasings, subject": _("One thing, in the words of somebody who did not know it"),
}
"""What was asked, by its name in the file of figures."""
PEOPLE: dict[str, str | Promise] = {
    "women": _("Women"),
    "light skin": _("The lightest of five tones of skin"),
    "medium-light skin": _("The second"),
    "medium skin": _("The third"),
    "medium-dark skin": _("The fourth"),
    "dark skin": _("The darkest"),
}
"""Who is drawn where a prompt tells neither gender nor skin."""


@dataclass(frozen=True)
class Figure:
    """A part of the pictures, in per cent."""

    title: str | Promise
    percent: int


@dataclass(frozen=True)
class Examined:
    """What an examination found."""

    right: tuple[Figure, ...]
    people: tuple[Figure, ...]


def examined(checkpoint: Checkpoint) -> Examined | None:
    """Returns what an examination of a checkpoint found; None where there was none."""
    found = checkpoint.figures
    if not found:
        return None
    return Examined(
        tuple(Figure(ASKED[name], _percent(found[name])) for name in ASKED if name in found),
        tuple(
            Figure(title, _percent(found[f"anybody, {name}"]))
            for name, title in PEOPLE.items()
            if f"anybody, {name}" in found
        ),
    )


def _percent(part: float) -> int:
    return round(100 * part)
