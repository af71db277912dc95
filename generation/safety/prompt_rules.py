"""Does a text hold what a rule forbids? Pure: texts and patterns, no rows.

A pattern is groups joined by `+`, each of alternatives separated by commas, each of one or more
words: `child, little girl + naked, nude` is met by a text that holds one of the first and one of
the second, anywhere. A word that ends in `*` stands for all that begin like it. Words are whole
words: `sex` does not see Essex.

A text is read as somebody may have disguised it: in look-alikes of Latin letters, with accents or
characters of no width, with digits for letters, with letters apart or repeated, with signs inside
words.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

LOOK_ALIKES = str.maketrans(
    dict(
        zip(
            "авекмнорстухіѕјһԁԛԝёαβεικνορτυχıøłđ",
            "abekmhopctyxisjhdqweabeikvoptuxiold",
            strict=True,
        )
    )
    | {"œ": "oe", "æ": "ae"}
)
FOR_LETTERS = "01345789@$!|€"
AS_LETTERS = (
    str.maketrans(FOR_LETTERS, "oieastbgasiie"),
    str.maketrans(FOR_LETTERS, "oleastbgaslle"),
)
SIGNS = frozenset("@$!|€")
"""Stand for letters inside a word; other signs end it."""
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800")
"""Of no width, beside Unicode's format characters."""

_THRICE = re.compile(r"(.)\1{2,}")
_NOBODY: frozenset[str] = frozenset()


class PatternError(ValueError):
    """A pattern cannot be read; the message says why."""


@dataclass(frozen=True)
class Phrase:
    """Words that stand side by side."""

    said: str
    words: tuple[str, ...]

    def at(self, words: Sequence[frozenset[str]], start: int) -> bool:
        """Whether the words stand there."""
        there = words[start : start + len(self.words)]
        return len(there) == len(self.words) and all(map(_is, there, self.words))


@dataclass(frozen=True)
class Rule:
    """What is forbidden, and the phrases that are no part of it."""

    groups: tuple[tuple[Phrase, ...], ...]
    unless: tuple[Phrase, ...] = ()

    @classmethod
    def of(cls, pattern: str, unless: str = "") -> "Rule":
        """Returns the rule that a pattern and its exceptions, separated by commas, describe.

        Exceptions are read with their accents: `râpé` excepts no other word.

        Raises:
            PatternError: a group is empty, or an alternative has no word in it.
        """
        groups = tuple(tuple(_phrases(group, fold)) for group in pattern.split("+"))
        return cls(groups, tuple(_phrases(unless, plain)) if unless.strip() else ())


@dataclass
class _Read:
    """Words in their order, and where each begins."""

    words: list[frozenset[str]]
    starts: dict[str, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = defaultdict(list)
        for position, forms in enumerate(self.words):
            for form in forms:
                self.starts[form].append(position)

    def holds(self, phrase: Phrase) -> bool:
        first = phrase.words[0]
        if not first.endswith("*"):
            return any(phrase.at(self.words, start) for start in self.starts.get(first, ()))
        beginning = first[:-1]
        return any(
            phrase.at(self.words, start)
            for form, starts in self.starts.items()
            if form.startswith(beginning)
            for start in starts
        )


class Text:
    """A text as the rules read it."""

    def __init__(self, text: str) -> None:
        self._chunks = [list(_pieces(chunk)) for chunk in _visible(text).split()]
        self._pieces = [piece for chunk in self._chunks for piece in chunk]
        self._plain = [frozenset({plain(piece)}) for piece in self._pieces]
        self._whole = self._reads(frozenset())

    def breaks(self, rule: Rule) -> tuple[str, ...]:
        """Returns what of each group of the rule the text holds; nothing where it keeps it."""
        excepted = self._excepted(rule.unless)
        reads = self._reads(excepted) if excepted else self._whole
        found = tuple(_first(group, reads) for group in rule.groups)
        return found if all(found) else ()

    def _excepted(self, unless: Iterable[Phrase]) -> frozenset[int]:
        return frozenset(
            position
            for phrase in unless
            for start in range(len(self._plain))
            if phrase.at(self._plain, start)
            for position in range(start, start + len(phrase.words))
        )

    def _reads(self, excepted: frozenset[int]) -> tuple[_Read, _Read]:
        """Word by word; and with what signs or blanks keep apart put together."""
        apart: list[frozenset[str]] = []
        together: list[str] = []
        position = 0
        for chunk in self._chunks:
            left = ""
            for piece in chunk:
                apart.append(_NOBODY if position in excepted else forms(piece))
                left += "" if position in excepted else piece
                position += 1
            together.append(left)
        return _Read(apart), _Read([forms(word) for word in _letters_joined(together)])


def plain(word: str) -> str:
    """Returns a word in one spelling, with its accents."""
    return unicodedata.normalize("NFC", word.casefold())


def fold(word: str) -> str:
    """Returns a word in small Latin letters without accents."""
    letters = unicodedata.normalize("NFKD", word).casefold().translate(LOOK_ALIKES)
    letters = unicodedata.normalize("NFKD", letters)
    return "".join(letter for letter in letters if unicodedata.category(letter)[0] != "M")


@lru_cache(maxsize=4096)
def forms(word: str) -> frozenset[str]:
    """Returns all that a word may be meant to say."""
    said = fold(word)
    found = {said}
    if any(letter.isalpha() for letter in said) or SIGNS & set(said):
        found |= {said.translate(letters) for letters in AS_LETTERS}
    for form in tuple(found):
        if _THRICE.search(form):
            found |= {_THRICE.sub(r"\1", form), _THRICE.sub(r"\1\1", form)}
    return frozenset(found)


def _first(group: Iterable[Phrase], reads: tuple[_Read, _Read]) -> str:
    return next((phrase.said for phrase in group if any(r.holds(phrase) for r in reads)), "")


def _is(there: frozenset[str], wanted: str) -> bool:
    if wanted.endswith("*"):
        return any(form.startswith(wanted[:-1]) for form in there)
    return wanted in there


def _phrases(alternatives: str, spelling: Callable[[str], str]) -> Iterator[Phrase]:
    for alternative in alternatives.split(","):
        said = " ".join(alternative.split())
        words = tuple(word for chunk in said.split() for word in _pattern_words(chunk, spelling))
        if not words:
            raise PatternError(said)
        yield Phrase(said, words)


def _pattern_words(chunk: str, spelling: Callable[[str], str]) -> Iterator[str]:
    words = [spelling(piece) for piece in _pieces(chunk)]
    if words and chunk.endswith("*"):
        words[-1] += "*"
    yield from words


def _visible(text: str) -> str:
    return "".join(
        unicodedata.normalize("NFKC", letter) if unicodedata.category(letter) == "So" else letter
        for letter in unicodedata.normalize("NFC", text)
        if unicodedata.category(letter) != "Cf" and letter not in INVISIBLE
    )


def _pieces(chunk: str) -> Iterator[str]:
    """The words of a text without blanks: what other signs than those for letters keep apart."""
    for inside, letters in groupby(chunk, _in_a_word):
        piece = "".join(letters).strip("!|")
        if inside and any(map(str.isalnum, piece)):
            yield piece


def _in_a_word(letter: str) -> bool:
    return letter.isalnum() or letter in SIGNS or unicodedata.category(letter)[0] == "M"


def _letters_joined(words: Iterable[str]) -> Iterator[str]:
    """The words; of three single letters in a row, or more, one is made.

    The first and the last may be words themselves: `a n u d e`.
    """
    for single, run in groupby(words, lambda word: len(word) == 1):
        letters = list(run)
        if single and len(letters) > 2:
            whole = "".join(letters)
            yield from (whole, whole[1:], whole[:-1])
        else:
            yield from letters
