"""What a prompt leaves open, for the nine pictures of a grid to share out among them.

`unsaid.json` lists it for `generation/unsaid.py`: where something is left open, and what may be
said there, in the order of asking. Nine pictures take one each.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from doodle.subjects import PEOPLE, subjects
from doodle.tokenizer import token, words

NAME = "unsaid.json"
SEEN_BEFORE = (
    *("blue", "yellow", "green", "pink", "white", "purple", "orange", "teal", "red"),
    *("gray", "brown", "black"),
)
"""Plain colours of backgrounds, those that nearly all stands out from first."""
OUTDOORS = (
    *("in a meadow", "on the beach", "in the mountains", "in the city", "in a forest"),
    *("in the snow", "in the desert"),
)
ASIDE = ("", "on the left", "on the right", "at the top", "at the bottom")
IN_PLACE = ("", "on the left", "on the right")
SKIN = ("white", "brown", "black")
"""A gender is not told: a man who was asked for is drawn as a woman too often for that to help."""


def unsaid() -> list[dict[str, Any]]:
    """All of it, as the file has it."""
    background = ["background", *_kinds("place")]
    hinted = ["night", "sunset", "day", "rain", "under", "flying"]
    alone = _none_of([*_kinds("where"), "two", "three", "four", "and", "flying", "wearing"])
    one_thing = r"^(?!.*\S_ (?:.* )?\S+_(?!\S))"
    somebody = [token(subject) for subject in subjects() if subject.kind == PEOPLE]
    return [
        _open(f"^{_one_of(somebody)}", [f"{tone} {{prompt}}" for tone in SKIN]),
        _open(alone + one_thing + _some_of(["background"]), _after(ASIDE)),
        _open(alone + one_thing + _some_of(_kinds("place")), _after(IN_PLACE)),
        _open(_none_of([*background, "snowfall"]) + _some_of(hinted), _after(OUTDOORS)),
        _open(
            _none_of([*background, "snowfall"]),
            _after(f"{colour} background" for colour in SEEN_BEFORE),
        ),
    ]


def _open(where: str, one_of: list[str]) -> dict[str, Any]:
    return {"where": where, "one_of": one_of}


def _after(said: Iterable[str]) -> list[str]:
    """What may be said behind a prompt."""
    return [f"{{prompt}}, {one}" if one else "{prompt}" for one in said]


def _kinds(kind: str) -> list[str]:
    return [word.word for word in words() if word.kind == kind]


def _one_of(tokens: list[str]) -> str:
    return rf"(?<!\S)(?:{'|'.join(tokens)})(?!\S)"


def _none_of(tokens: list[str]) -> str:
    return rf"^(?!.*{_one_of(tokens)})"


def _some_of(tokens: list[str]) -> str:
    return rf"(?=.*{_one_of(tokens)})"


def write_unsaid(folder: Path) -> None:
    """Write it beside the weights that know it."""
    text = json.dumps(unsaid(), ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")
