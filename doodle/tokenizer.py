"""The tokenizer: every way to say a thing, in English or French, becomes the same tokens.

Articles, plurals and unknown words fall away. A subject becomes several tokens, one for each
patch of its picture, so that the denoiser's attention can copy patches instead of learning
every subject by heart. All of it is the normaliser of one `tokenizer.json`, so the stock
pipeline needs no code of ours.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFC, Lowercase, Replace, Sequence
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from doodle.subjects import Subject, subjects

TABLE = Path(__file__).parent / "words.csv"
LENGTH = 64
PARTS_SIDE = 4
PARTS = PARTS_SIDE**2
START, END = "<|startoftext|>", "<|endoftext|>"
# "An orange cat" has a colour, "an orange on a table" is a fruit.
ORANGE_FRUIT = (
    r"\b(?:une orange|an orange(?=\s*(?:$|,|\."
    r"| (?:on|in|at|by|over|under|above|below|next|and|with)\b)))"
)
FRENCH_ARTICLE = re.compile(r"^(?:une?|la|le|les|des) |^l'")


@dataclass(frozen=True)
class Word:
    """A word of the model, its kind, and the ways to say it."""

    word: str
    kind: str
    english: tuple[str, ...]
    french: tuple[str, ...]


@cache
def words() -> tuple[Word, ...]:
    """All words that are not subjects: colours, places, times, counts, relations, styles."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        return tuple(
            Word(row["word"], row["kind"], _split(row["english"]), _split(row["french"]))
            for row in csv.DictReader(table)
        )


def _split(forms: str) -> tuple[str, ...]:
    return tuple(form for form in forms.split("|") if form)


def parts(subject: Subject) -> list[str]:
    """The tokens of a subject, one for each patch of its picture, row by row."""
    stem = re.sub(r"\W", "_", subject.name)
    return [f"{stem}_{part}" for part in range(PARTS)]


def _english_plurals(noun: str) -> list[str]:
    irregular = {"mouse": "mice", "wolf": "wolves", "goose": "geese", "snowman": "snowmen"}
    if noun in irregular:
        return [noun, irregular[noun]]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return [noun, noun[:-1] + "ies"]
    if noun.endswith(("s", "sh", "ch", "x")):
        return [noun, noun + "es"]
    return [noun, noun + "s", noun + "es"]


def _french_plurals(noun: str) -> list[str]:
    head, *tail = FRENCH_ARTICLE.sub("", noun).split(" ")
    plural = head[:-1] + "ux" if head.endswith("al") else head + "x" if head.endswith("u") else ""
    heads = [head, head if head.endswith(("s", "x", "z")) else head + "s", plural]
    return [" ".join([form, *tail]) for form in dict.fromkeys(heads) if form]


def forms(subject: Subject) -> list[str]:
    """All ways to name a subject, singular and plural, in both languages."""
    english = [form for noun in subject.english for form in _english_plurals(noun)]
    french = [form for noun in subject.french for form in _french_plurals(noun)]
    return list(dict.fromkeys(english + french))


def _bare(form: str) -> str:
    """The form without its accents, as many people type it."""
    letters = unicodedata.normalize("NFD", form)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def lexicon() -> dict[str, str]:
    """Every known way to say something, and the tokens it stands for."""
    said = [(form, " ".join(parts(subject))) for subject in subjects() for form in forms(subject)]
    said += [(form, w.word) for w in words() for form in (w.word, *w.english, *w.french)]
    found: dict[str, str] = {}
    for form, tokens in said:
        found.setdefault(form, tokens)
    for form, tokens in said:
        found.setdefault(_bare(form), tokens)
    return found


def _pattern(said: Iterable[str]) -> str:
    longest_first = sorted(said, key=lambda form: (-len(form), form))
    escaped = "|".join(
        re.escape(form).replace(r"\ ", " ").replace(r"\-", "-") for form in longest_first
    )
    return rf"(?<![\w])(?:{escaped})(?![\w])"


def _rules() -> list[Replace]:
    """Replacements in order: longer ways to say something before the shorter ones in them."""
    groups: dict[tuple[int, str], list[str]] = {}
    for form, tokens in lexicon().items():
        groups.setdefault((-form.count(" ") - form.count("-"), tokens), []).append(form)
    ordered = sorted(groups.items(), key=lambda item: item[0][0])
    return [
        Replace(Regex(_pattern(said)), f" {tokens} ")
        for (_, tokens), said in ordered
        if _says_more(said, tokens)
    ]


def _says_more(said: list[str], tokens: str) -> bool:
    return any(form != tokens for form in said)


def vocabulary() -> list[str]:
    """All tokens, in the order of their ids."""
    known = [word.word for word in words()]
    patches = [part for subject in subjects() for part in parts(subject)]
    return [START, END, *known, *patches]


def new_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer, ready for a stock pipeline."""
    known = [re.escape(token).replace(r"\-", "-") for token in vocabulary()[2:]]
    unknown = rf"(?<!\S)(?!(?:{'|'.join(sorted(set(known), key=len, reverse=True))})(?!\S))\S+"
    tokenizer = Tokenizer(
        WordLevel({token: i for i, token in enumerate(vocabulary())}, unk_token=END)
    )
    tokenizer.normalizer = Sequence(
        [
            NFC(),
            Lowercase(),
            Replace("’", "'"),
            Replace("_", " "),
            Replace(Regex(ORANGE_FRUIT), "tangerine"),
            Replace(Regex(r"(?<=(?:fond|background|mur|couleur) )roses?"), "pink"),
            *_rules(),
            Replace(Regex(rf"(?<=_{PARTS - 1})\s+rose_0 (?:rose_\d+ ?)+"), " pink "),
            Replace(Regex(r"[^\w\s]"), " "),
            Replace(Regex(unknown), " "),
        ]
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, 0), (END, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        unk_token=END,
        model_max_length=LENGTH,
    )


def first_tokens() -> list[int]:
    """The id of the first patch of every subject, in the order of the table."""
    start = 2 + len(words())
    return [start + PARTS * row for row in range(len(subjects()))]
