"""Which words of a prompt a checkpoint never learnt, and what it draws in their place."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from generation.checkpoints import Checkpoint

MOST_SHOWN = 12
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|&")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu)['’](?=\w)")
_SMALL = frozenset(
    """
    a an the in on at to for from by into of this that these those some is are be its his her my
    your our their with without
    and or very so as it i me you he she we they who which there while having has wearing
    un une le la les des du de d l ce cette ces son sa ses mon ma mes ton ta tes et ou est sont
    au aux en dans avec sans qui que il elle on très
    """.split()  # noqa: SIM905
)
"""They carry no picture: that they fall away changes nothing."""


@dataclass(frozen=True)
class UnknownWord:
    """A word that was never learnt, and the known thing that is drawn for it, if any."""

    word: str
    nearest: str | None


def unknown_words(checkpoint: Checkpoint, prompt: str) -> list[UnknownWord]:
    """Returns the words that a checkpoint leaves out or takes for others, each once.

    Empty for a checkpoint that has no list of its words.
    """
    if not checkpoint.known_words:
        return []
    found = dict.fromkeys(_unknown(prompt, *_lexicon(checkpoint.known_words)))
    words = [UnknownWord(word, checkpoint.nearest(word)) for word in found]
    return words[:MOST_SHOWN]


def _unknown(prompt: str, known: frozenset[str], longest: int) -> Iterator[str]:
    """Reads the prompt from the left, the longest known form first, as the tokenizer does."""
    words = [_ELISION.sub("", word) for word in _WORD.findall(_plain(prompt))]
    place = 0
    while place < len(words):
        sizes = range(min(longest, len(words) - place), 0, -1)
        forms = ((size, " ".join(words[place : place + size])) for size in sizes)
        size = next((size for size, form in forms if form in known or _bare(form) in known), 0)
        if not size and words[place] not in _SMALL:
            yield words[place]
        place += size or 1


@lru_cache(maxsize=16)
def _lexicon(known_words: tuple[str, ...]) -> tuple[frozenset[str], int]:
    """All forms, accents or none, and how many words the longest has."""
    forms = {" ".join(_WORD.findall(_plain(form))) for form in known_words} - {""}
    every = frozenset(forms | {_bare(form) for form in forms})
    return every, max((form.count(" ") + 1 for form in every), default=1)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower().replace("’", "'")


def _bare(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
