"""Text of any script as lines that fit: what can be shown, where it breaks, how it is drawn."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, groupby
from pathlib import Path
from typing import Literal

from PIL import ImageDraw

from generation.images.fonts.faces import SHAPING, Faces, font, shows, system

_ELLIPSIS = "…"
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
# Enough for Vietnamese, Hebrew with points and Thai; a tower of accents would leave its line.
_MARKS_A_LETTER = 3


@dataclass(frozen=True)
class Lettering:
    """How letters look: the fonts to ask, pixels to the em, and the colour."""

    faces: Faces
    size: int
    ink: str


@dataclass(frozen=True)
class Paragraph:
    """Lines that fit their width, all of one direction."""

    lines: tuple[str, ...]
    rtl: bool
    cut: bool
    """Whether the end of the text is missing."""


@dataclass(frozen=True)
class _Run:
    text: str
    face: Path
    rtl: bool

    def direction(self) -> Literal["ltr", "rtl"] | None:
        return ("rtl" if self.rtl else "ltr") if SHAPING else None

    def width(self, size: int) -> float:
        return font(self.face, size).getlength(self.text, direction=self.direction())


def showable(text: str, faces: Faces) -> str:
    """Returns the text in one line and without what no font here has.

    Letters in disguise (fullwidth, mathematical) become plain ones. What cannot be shown leaves
    one ellipsis for each gap; controls, and marks that no font has with their letter, leave
    nothing.
    """
    one_line = " ".join(unicodedata.normalize("NFC", text).split())
    visible = "".join(character for character in one_line if not _is_control(character))
    shown = "".join(_substitute(letter, faces) for letter in _letters(visible))
    return re.sub(rf"{_ELLIPSIS}(?: ?{_ELLIPSIS})+", _ELLIPSIS, " ".join(shown.split()))


def set_paragraph(text: str, letters: Lettering, room: float, limit: int) -> Paragraph:
    """Returns text as at most so many lines of near equal width, none wider than room pixels.

    Only a single letter may be wider. A text that needs more lines is cut and ends in an ellipsis.
    """
    shown = showable(text, letters.faces)
    rtl = _starts_rtl(shown)
    pieces = list(_pieces(shown, letters, room))
    lines = _break(pieces, letters, room)
    if len(lines) > limit:
        rest = _with_ellipsis(_joined(chain.from_iterable(lines[limit - 1 :])), letters, room)
        return Paragraph((*map(_joined, lines[: limit - 1]), rest), rtl, cut=True)
    even = _balanced(pieces, letters, room, len(lines))
    return Paragraph(tuple(map(_joined, even)), rtl, cut=False)


@lru_cache(maxsize=4096)
def width(text: str, letters: Lettering) -> float:
    """Returns the width in pixels of showable text as one line."""
    return sum(run.width(letters.size) for run in _runs(text, letters.faces, rtl=False))


def draw_line(
    canvas: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    letters: Lettering,
    *,
    rtl: bool = False,
) -> None:
    """Draws showable text from the left end of its baseline, in the order in which it is read."""
    x, y = at
    for run in _visual(_runs(text, letters.faces, rtl=rtl), rtl=rtl):
        face = font(run.face, letters.size)
        canvas.text((x, y), run.text, letters.ink, face, anchor="ls", direction=run.direction())
        x += run.width(letters.size)


def _letters(text: str) -> list[str]:
    """The text letter by letter, each with the marks and joiners that stand on it."""
    letters: list[str] = []
    for character in text:
        if letters and _stands_on_a_letter(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf"} and character not in _JOINERS


def _stands_on_a_letter(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] == "M"


def _substitute(letter: str, faces: Faces) -> str:
    base, marks = letter[0], letter[1 : 1 + _MARKS_A_LETTER]
    for candidate in (base + marks, unicodedata.normalize("NFKC", base) + marks):
        if _face_of(candidate, faces):
            return candidate
    for candidate in (base + marks, base, unicodedata.normalize("NFKC", base)):
        if _face_of(candidate, (*faces, *system())):
            return candidate
    return _ELLIPSIS


@lru_cache(maxsize=4096)
def _face_of(letter: str, faces: Faces) -> Path | None:
    """The first font that has all of the letter."""
    return next((face for face in faces if all(shows(face, part) for part in letter)), None)


def _pieces(text: str, letters: Lettering, room: float) -> Iterator[str]:
    """What may stand on a line of its own; a piece that follows a space starts with it."""
    for word in re.findall(r" ?[^ ]+", text):
        for piece in _between_ideographs(word):
            if width(piece.strip(), letters) <= room:
                yield piece
            else:
                # A space stays with the letter that it stands before.
                first, *others = _letters(piece.lstrip())
                yield from (piece[: -len(piece.lstrip())] + first, *others)


def _between_ideographs(word: str) -> list[str]:
    cuts = [
        index
        for index in range(1, len(word))
        if unicodedata.east_asian_width(word[index]) == "W"
        and unicodedata.category(word[index])[0] in "LS"
        and word[index - 1] != " "
    ]
    return [word[a:b] for a, b in zip([0, *cuts], [*cuts, len(word)], strict=True)]


def _break(pieces: list[str], letters: Lettering, room: float) -> list[list[str]]:
    lines: list[list[str]] = []
    left = 0.0
    for piece in pieces:
        needed = width(piece, letters)
        if needed > left or not lines:
            lines.append([])
            left, needed = room, width(piece.lstrip(), letters)
        lines[-1].append(piece)
        left -= needed
    return lines


def _joined(pieces: Iterable[str]) -> str:
    return "".join(pieces).lstrip()


def _balanced(pieces: list[str], letters: Lettering, room: float, count: int) -> list[list[str]]:
    """The same number of lines in the least room, so that no last line holds one short word."""
    low, high = room / 2, room
    for _ in range(6):
        middle = (low + high) / 2
        if len(_break(pieces, letters, middle)) > count:
            low = middle
        else:
            high = middle
    return _break(pieces, letters, high)


def _with_ellipsis(text: str, letters: Lettering, room: float) -> str:
    """As much of the text as fits before an ellipsis, in whole words unless that loses a lot."""
    used = accumulate(width(letter, letters) for letter in _letters(text))
    fits = next((count for count, so_far in enumerate(used) if so_far > room), len(text))
    start = "".join(_letters(text)[:fits])
    while start and width(_trimmed(start), letters) > room:
        start = start[:-1]
    words = start.rpartition(" ")[0]
    return _trimmed(words if len(words) > len(start) * 2 / 3 else start)


def _trimmed(text: str) -> str:
    return text.rstrip(" ,;:.-" + _ELLIPSIS) + _ELLIPSIS


def _runs(text: str, faces: Faces, *, rtl: bool) -> list[_Run]:
    """Stretches of one font and one direction, as written."""
    everything = faces if text.isascii() else (*faces, *system())
    chosen: list[Path] = []
    for letter in _letters(text):
        # Spaces and signs stay with the letters before them, so that a line has few seams.
        previous = [face for face in chosen[-1:] if face in faces and not letter[0].isalpha()]
        face = _face_of(letter, (*previous, *everything)) or faces[0]
        chosen.extend([face] * len(letter))
    keys = zip(chosen, _directions(text, rtl=rtl), text, strict=True)
    return [
        _Run("".join(character for _, _, character in group), face, right_to_left)
        for (face, right_to_left), group in groupby(keys, key=lambda key: key[:2])
    ]


def _visual(runs: list[_Run], *, rtl: bool) -> list[_Run]:
    """The runs from left to right.

    Two levels of the Unicode Bidirectional Algorithm (UAX 9), which are all that a text without
    embeddings needs; inside a run the shaper orders the letters.
    """
    stretches = [
        list(group)[:: -1 if direction else 1]
        for direction, group in groupby(runs, key=lambda run: run.rtl)
    ]
    return [run for stretch in stretches[:: -1 if rtl else 1] for run in stretch]


def _starts_rtl(text: str) -> bool:
    return next((strong for strong in map(_strong, text) if strong is not None), False)


def _strong(character: str) -> bool | None:
    """Whether the character is read from right to left, None where its neighbours decide."""
    return {"L": False, "R": True, "AL": True}.get(unicodedata.bidirectional(character))


def _directions(text: str, *, rtl: bool) -> list[bool]:
    """The direction of each character.

    Digits go with the letters before them (UAX 9, W2 and W7), a percent sign with its digit (W5);
    brackets, spaces and signs with their neighbours where those agree (N0, N1), else with the
    line (N2).
    """
    kinds = [unicodedata.bidirectional(character) for character in text]
    letters = accumulate(map(_strong, text), _latest, initial=rtl)
    strong = [
        before if _is_numeric(kind, previous) else _strong(character)
        for character, kind, previous, before in zip(
            text, kinds, ["", *kinds], letters, strict=False
        )
    ]
    for opening, closing in _bracket_pairs(text):
        inside = set(strong[opening + 1 : closing]) - {None}
        if inside:
            outside = next((known for known in strong[opening::-1] if known is not None), rtl)
            strong[opening] = strong[closing] = rtl if rtl in inside else outside
    left = list(accumulate(strong, _latest, initial=rtl))[1:]
    right = list(accumulate(reversed(strong), _latest, initial=rtl))[1:][::-1]
    return [
        before if before == after or kind in {"NSM", "BN"} else rtl
        for kind, before, after in zip(kinds, left, right, strict=True)
    ]


def _is_numeric(kind: str, previous: str) -> bool:
    return kind in {"EN", "AN"} or (kind == "ET" and previous == "EN")


def _bracket_pairs(text: str) -> list[tuple[int, int]]:
    """Where brackets open and close, in the order in which they open."""
    pairs: list[tuple[int, int]] = []
    opened: list[int] = []
    for index, character in enumerate(text):
        if character in _BRACKETS:
            opened.append(index)
        elif opened and _BRACKETS[text[opened[-1]]] == character:
            pairs.append((opened.pop(), index))
    return sorted(pairs)


def _latest(known: bool, strong: bool | None) -> bool:
    return known if strong is None else strong
