"""The tokenizer: every way to say a thing, in English or French, becomes the same tokens.

Articles, plurals and unknown words fall away; a subject or a word that is known is one token.
All of it is the normaliser of one `tokenizer.json`, so the stock pipeline needs no code of ours.
"""

import csv
import json
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

from doodle.noun_lists import GENDERED, MISREAD, SAYS_NOTHING
from doodle.subjects import PEOPLE, Subject, subjects

TABLE = Path(__file__).parent / "words.csv"
NOUNS = Path(__file__).parent / "nouns.json"
LENGTH = 24
MARKS = "\ue000-\uf8ff"
YOUNG = ("small", "big")
"""Words that are taught but not yet drawn: what is said to be small comes out as a blob, and what
is big blurred. The folder that ships leaves them unread."""
SHORTEST_BARE = 5
"""Letters of a noun that may be told by its bare letters: "thé" without its accent is English."""
UNTITLED = ("baby", "boy", "girl", "woman", "man")
"""People who are nothing else: "a man and a woman", where "a woman farmer" is a farmer."""
START, END = "<|startoftext|>", "<|endoftext|>"
# "An orange cat" has a colour, "an orange on a table" is a fruit.
ORANGE_FRUIT = (
    r"\b(?:une orange|an orange(?=\s*(?:$|,|\."
    r"| (?:on|in|at|by|over|under|above|below|next|and|with)\b)))"
)
MAGPIE = r"(?<=\bune |\bla |\bcette |\bles |\bdes |\bdeux |\btrois )pies?\b"
"""A French "pie" is no cake."""
WATCH_AFTER = "a the my his her gold golden silver smart pocket digital"
"""Behind these, and behind a colour, "watch" is a thing; elsewhere it is a verb."""
IS = "that|which|who|qui|is|are|est|sont|all|tout|toute|tous|toutes|de couleur"
"""What may stand between a thing and its colour."""
LINKING = (
    "of to in at by for from into onto the a an that which who is are was were "
    "de du des d la le les l à au aux en dans pour par qui que est sont un une"
)
"""What stands between two things and describes neither."""
MOST_DESCRIBED = 4
"""Words that may describe the thing that something is on, or in front of."""
ALONE_AFTER_ON = r"\bon (?=(?:{colours})\s*(?:$|[,.]))"
"""What is on nothing but a colour has it as its background."""
NEVER_BARE = ("de", "des", "mais", "crane", "cranes")
"""What "dé", "maïs" and "crâne" are without their accents, and mostly is something else."""
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


def of_kind(*kinds: str) -> list[str]:
    """The words of some kinds, in the order of the table."""
    return [word.word for word in words() if word.kind in kinds]


def _split(forms: str) -> tuple[str, ...]:
    return tuple(form for form in forms.split("|") if form)


def token(subject: Subject) -> str:
    """The token of a subject, which no word of the table can be."""
    return re.sub(r"\W", "_", subject.name) + "_"


IRREGULAR = {
    "mouse": "mice",
    "wolf": "wolves",
    "goose": "geese",
    "leaf": "leaves",
    "loaf": "loaves",
    "scarf": "scarves",
    "tooth": "teeth",
    "ox": "oxen",
    "deer": "deer",
    "sheep": "sheep",
}


def english_plurals(noun: str) -> list[str]:
    """The noun, and several of it: the usual plural first, then others that people type."""
    head, of, what = noun.partition(" of ")
    if of:
        return [noun, *(one + of + what for one in english_plurals(head)[1:])]
    start, space, last = noun.rpartition(" ")
    if last in IRREGULAR or last.endswith("man"):
        return [noun, start + space + IRREGULAR.get(last, last.removesuffix("man") + "men")]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return [noun, noun[:-1] + "ies"]
    if noun.endswith(("s", "sh", "ch", "x")):
        return [noun, noun + "es"]
    return [noun, noun + "s", noun + "es"]


FRENCH_LINK = re.compile(r"[ -](?:de|du|des|d'|à|au|aux|en|pour)\b.*")


def french_plurals(noun: str) -> list[str]:
    """The noun without its article, and several of it: the first word alone, then all that agree.

    "Des ours polaires" is right and "des ours polaire" is typed; nothing agrees behind a "de".
    """
    head, *tail = FRENCH_ARTICLE.sub("", noun).split(" ")
    plural = head[:-1] + "ux" if head.endswith("al") else head + "x" if head.endswith("u") else ""
    heads = [head, _several(head), plural, "coraux" if head == "corail" else ""]
    found = [" ".join([form, *tail]) for form in heads if form]
    whole = " ".join([head, *tail])
    link = FRENCH_LINK.search(whole)
    start = link.start() if link else len(whole)
    found.append(re.sub(r"[^ -]+", lambda one: _several(one[0]), whole[:start]) + whole[start:])
    return list(dict.fromkeys(found))


def _several(word: str) -> str:
    if word.endswith(("s", "x", "z")):
        return word
    return word + ("x" if word.endswith("eau") else "s")


def forms(subject: Subject) -> list[str]:
    """All ways to name a subject, singular and plural, in both languages."""
    english = [form for noun in subject.english for form in english_plurals(noun)]
    french = [form for noun in subject.french for form in french_plurals(noun)]
    return list(dict.fromkeys(english + french))


def bare(form: str) -> str:
    """The form without its accents, as many people type it."""
    letters = unicodedata.normalize("NFD", form)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def lexicon() -> dict[str, str]:
    """Every known way to say something, and the word or the mark it stands for."""
    said = [(form, _mark(subject)) for subject in subjects() for form in forms(subject)]
    said += [(form, w.word) for w in words() for form in (w.word, *w.english, *w.french)]
    found: dict[str, str] = {}
    for form, meaning in said:
        found.setdefault(form, meaning)
    for form, meaning in said:
        if bare(form) not in NEVER_BARE:
            found.setdefault(bare(form), meaning)
    return found


def similar() -> dict[str, str]:
    """Nouns that nobody taught, one or several of them, and the mark of the nearest subject."""
    found: dict[str, str] = {}
    nearest: dict[str, list[str]] = json.loads(NOUNS.read_text(encoding="utf-8"))
    said = [(noun, _mark(one)) for one in subjects() for noun in nearest.get(one.name, ())]
    found.update(said)
    for noun, mark in said:
        for form in english_plurals(noun):
            if form not in MISREAD:
                found.setdefault(form, mark)
    for form, mark in list(found.items()):
        if len(form) >= SHORTEST_BARE:
            found.setdefault(bare(form), mark)
    return found


def _pattern(said: Iterable[str]) -> str:
    longest_first = sorted(said, key=lambda form: (-len(form), form))
    escaped = "|".join(
        re.escape(form).replace(r"\ ", " ").replace(r"\-", "-") for form in longest_first
    )
    return rf"(?<![\w])(?:{escaped})(?![\w])"


def _rules(*, nouns: bool) -> list[Replace]:
    """Replacements in order: longer ways to say something before the shorter ones in them."""
    groups: dict[tuple[int, str], list[str]] = {}
    for form, meaning in {**(similar() if nouns else {}), **lexicon()}.items():
        groups.setdefault((-form.count(" ") - form.count("-"), meaning), []).append(form)
    ordered = sorted(groups.items(), key=lambda item: item[0][0])
    return [Replace(Regex(_pattern(said)), f" {meaning} ") for (_, meaning), said in ordered]


def _mark(subject: Subject) -> str:
    """What stands for a subject until all is read; nobody can type a mark."""
    return chr(0xE000 + subjects().index(subject))


def _unfolded() -> list[Replace]:
    """The marks become the tokens of their subjects."""
    return [Replace(_mark(subject), token(subject)) for subject in subjects()]


def vocabulary() -> list[str]:
    """All tokens, in the order of their ids."""
    known = [word.word for word in words()]
    return [START, END, *known, *(token(subject) for subject in subjects())]


def _colours() -> str:
    """Every way to say a colour in English, the longer ones first."""
    said = [form for w in words() if w.kind == "colour" for form in (w.word, *w.english)]
    return _longest_first(said)


def _longest_first(said: Iterable[str]) -> str:
    return "|".join(sorted({re.escape(form) for form in said}, key=lambda one: (-len(one), one)))


def _watch() -> str:
    before = "|".join(rf"\b{one} " for one in (*WATCH_AFTER.split(), *of_kind("colour")))
    return rf"(?:(?<={before})|^\s*)watch(?:es)?\b(?! (?:over|out|tower|an?|the)\b)"


def _backgrounds() -> list[Replace]:
    """A background says its colour after it, as in French: "a red wall" as "un mur rouge".

    Else "white background, red hedgehog" could be read as a hedgehog before red.
    """
    said = next(w for w in words() if w.word == "background")
    walls = _longest_first(said.english)
    return [
        Replace(
            Regex(rf"\b(?:{_longest_first((w.word, *w.english))})\s+(?:{walls})\b"),
            f" background {w.word} ",
        )
        for w in words()
        if w.kind == "colour"
    ]


def _people() -> list[Replace]:
    """What tells the gender of who may be of either; of who may not, it says nothing.

    A baby animal is that animal, and so is a mother bear.
    """
    marks = {subject.name: _mark(subject) for subject in subjects()}
    either = "".join(_mark(subject) for subject in subjects() if subject.either)
    young = "".join(_mark(s) for s in subjects() if s.kind in ("animal", "character", "food"))
    animals = "".join(_mark(s) for s in subjects() if s.kind == "animal")
    untitled = "".join(marks[name] for name in UNTITLED)
    alone = "".join(
        _mark(subject)
        for subject in subjects()
        if subject.kind == PEOPLE and not subject.either and subject.name not in UNTITLED
    )
    return [
        Replace(Regex(rf"\b(?:une|female)\s+(?=[{either}])"), f" {marks['woman']} "),
        Replace(Regex(rf"\bmale\s+(?=[{either}])"), f" {marks['man']} "),
        Replace(Regex(rf"[{marks['woman']}{marks['man']}]\s+(?=[{alone}])"), " "),
        Replace(Regex(rf"{marks['baby']}\s+(?=[{young}])"), " "),
        Replace(Regex(rf"[{untitled}]\s+(?=[{animals}])"), " "),
    ]


def _relations() -> list[Replace]:
    """What is on a thing is above it; "in front of" tells of things, not of places.

    A thing may be described, also by words that nobody knows: "on a shabby old box".
    """
    looks = "|".join(of_kind("colour", "size", "count"))
    others = "|".join([*LINKING.split(), *(w.word for w in words())])
    described = rf"(?:\s*(?:(?:{looks})|(?!(?:{others})\b)[^\W{MARKS}]+)(?![\w{MARKS}]))"
    thing = rf"(?={described}{{0,{MOST_DESCRIBED}}}\s*[{MARKS}])"
    article = r"(?:(?:an?|the|my|his|her|their|some|une?|la|le|les|des|son|sa|ses)\b|l')"
    on = rf"\b(?:on|onto|sur) {article}{thing}"
    before = rf"\b(?:in front of|devant)(?: {article})?{thing}"
    nowhere = rf"(?!(?: {article})?{thing})"
    return [
        Replace(Regex(r"\s+"), " "),
        Replace(Regex(on), " above "),
        Replace(Regex(before), " front "),
        Replace(Regex(r"\s+"), " "),
        Replace(Regex(rf"(?<=\S) front\b{nowhere}"), " "),
        Replace(Regex(rf"^\s*front\b{nowhere}(?=\s*\S)"), " "),
    ]


def _rose() -> list[Replace]:
    """After a thing, a French "rose" is its colour and not a flower."""
    flower = [_mark(subject) for subject in subjects() if subject.name == "rose"]
    return [Replace(Regex(rf"(?<=[{MARKS}])\s+{mark}"), " pink ") for mark in flower]


def _colours_first() -> list[Replace]:
    """A thing says its colour before it, as in English: "un chat noir" as "a black cat".

    A replacement can move nothing, so the colour is said before the thing and then taken from
    behind it; "a black woman cook" is one thing of two marks.
    """
    gender = "".join(_mark(subject) for subject in subjects() if subject.name in ("woman", "man"))
    rules = [Replace(Regex(r"\s+"), " ")]
    for colour in of_kind("colour"):
        behind = rf" {colour}(?![\w])(?! ?[{MARKS}])"
        thing = rf"(?:[{gender}] )?[{MARKS}]"
        rules += [
            Replace(Regex(rf"(?<![{gender}]) (?={thing}{behind})"), f" {colour} "),
            Replace(Regex(rf"(?<={colour} [{MARKS}]){behind}"), ""),
            Replace(Regex(rf"(?<={colour} [{gender}] [{MARKS}]){behind}"), ""),
        ]
    return rules


def _young() -> list[Replace]:
    """What is taught, but not drawn yet, says nothing: "small and black" is black."""
    colours = "|".join(of_kind("colour"))
    link = rf"(?:\s*(?:,|and)\s+(?=(?:{colours})\b))?"
    return [Replace(Regex(rf"(?<!\S)(?:{'|'.join(YOUNG)})(?![^\s,]){link}"), " ")]


def _is() -> list[Replace]:
    """What is said to be of a colour stands before it: "le chat est noir" as "un chat noir"."""
    rose = next(_mark(subject) for subject in subjects() if subject.name == "rose")
    colours = "|".join(of_kind("colour"))
    is_ = rf"(?<=[{MARKS}])\s+(?:(?:{IS})\s+)+(?=(?:{colours}|{rose})(?!\w))"
    return [Replace(Regex(is_), " ")]


def new_tokenizer(*, teaching: bool = False) -> PreTrainedTokenizerFast:
    """The tokenizer, ready for a stock pipeline.

    One for `teaching` reads all that is taught and, to be quick, no nouns that captions never say.
    """
    known = sorted((re.escape(word.word) for word in words()), key=len, reverse=True)
    unknown = rf"(?<!\S)(?!(?:{'|'.join(known)}|[{MARKS}])(?!\S))\S+"
    tokenizer = Tokenizer(
        WordLevel({token: i for i, token in enumerate(vocabulary())}, unk_token=END)
    )
    tokenizer.normalizer = Sequence(
        [
            NFC(),
            Lowercase(),
            Replace("’", "'"),
            Replace(Regex(f"[{MARKS}_]"), " "),
            Replace(Regex(ORANGE_FRUIT), "tangerine"),
            Replace(Regex(r"(?<=(?:fond|background|mur|couleur) )roses?"), "pink"),
            Replace(Regex(MAGPIE), "bird"),
            *(Replace(Regex(said), " ") for said in SAYS_NOTHING),
            Replace(Regex(_watch()), "wristwatch"),
            *(Replace(Regex(_pattern(said)), meant) for meant, said in GENDERED.items()),
            Replace(Regex(ALONE_AFTER_ON.format(colours=_colours())), "background "),
            *_backgrounds(),
            *_rules(nouns=not teaching),
            *([] if teaching else _young()),
            *_people(),
            *_relations(),
            *_is(),
            *_rose(),
            *_colours_first(),
            Replace(Regex(rf"[^\w\s{MARKS}]"), " "),
            Replace(Regex(unknown), " "),
            *_unfolded(),
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


def first_subject() -> int:
    """The id of the first subject's token; the others follow in the order of the table."""
    return 2 + len(words())
