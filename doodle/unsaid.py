"""What a prompt leaves open, for the nine pictures of a grid to share out among them.

`unsaid.json` lists it for `generation/unsaid.py`: where something is left open, and what may be
said there, in the order of asking.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from doodle.subjects import PEOPLE, subjects
from doodle.tokenizer import of_kind, token

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
AT_SEA = ("at sea", "on the beach")
ASIDE = ("", "on the left", "on the right", "at the top", "at the bottom")
IN_PLACE = ("", "on the left", "on the right")
ARTISTS_BY_TURNS = ("", "flat", "3d")
"""Of the four only those whose subjects come out best; three pictures are left to chance."""
GENDERS_BY_TURNS = ("", *("man",) * 3, "", *("man",) * 3, "")
"""Half are men then: of those asked for four in ten come out as women, of the others seven.

The three that are left open are not by the same artist.
"""
SKIN = (*("white",) * 3, *("brown",) * 3, *("black",) * 3)


def unsaid() -> list[dict[str, Any]]:
    """All of it, as the file has it."""
    background = ["background", *of_kind("place")]
    hinted = ["night", "sunset", "day", "rain", "under", "flying"]
    several = [count for count in of_kind("count") if count != "one"]
    alone = _none_of([*of_kind("where"), *several, "and", "flying", "wearing"])
    one_thing = r"^(?!.*\S_ (?:.* )?\S+_(?!\S))"
    somebody = [token(subject) for subject in subjects() if subject.kind == PEOPLE]
    either = [token(subject) for subject in subjects() if subject.either]
    swimming = [token(subject) for subject in subjects() if subject.home == "water"]
    outdoors = _none_of([*background, "snowfall"]) + _some_of(hinted)
    uncoloured = rf"(?! {_one_of(of_kind('colour'))})"
    return [
        _open(rf"^{_one_of(either)}{uncoloured}", _before(GENDERS_BY_TURNS)),
        _open(rf"^{_one_of(somebody)}{uncoloured}", _before(SKIN)) | {"even_if_said": True},
        _open(outdoors + _some_of(swimming), _after(AT_SEA)),
        _open(outdoors, _after(OUTDOORS)),
        _open(alone + one_thing + _some_of(["background"]), _after(ASIDE)),
        _open(alone + one_thing + _some_of(of_kind("place")), _after(IN_PLACE)),
        _open(
            _none_of([*background, "snowfall"]),
            _after(f"{colour} background" for colour in SEEN_BEFORE),
        ),
        _open(_none_of(of_kind("style")), _after(ARTISTS_BY_TURNS)),
    ]


def _open(where: str, one_of: list[str]) -> dict[str, Any]:
    return {"where": where, "one_of": one_of}


def _before(said: Iterable[str]) -> list[str]:
    """What may be said before a prompt."""
    return [f"{one} {{prompt}}".lstrip() for one in said]


def _after(said: Iterable[str]) -> list[str]:
    """What may be said behind a prompt."""
    return [f"{{prompt}}, {one}" if one else "{prompt}" for one in said]


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
