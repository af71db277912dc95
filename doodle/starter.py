"""The weights to begin with: `python -m doodle.starter FOLDER`.

An earlier experiment with the same method left weights that know one token a word, and captions of
one plain shape: "a small fox in the snow", "a cat left of a dog on a blue background". They serve
until the training in this folder has made better ones. This writes their copy for `doodle/weights/`
with a tokenizer that rewrites English and French into that shape, and beside it `vocabulary.json`,
which says what they know.
"""

import argparse
import csv
import json
import re
import shutil
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import NFC, Lowercase, Normalizer, Replace, Sequence
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from doodle.state import WEIGHTS
from doodle.subjects import TABLE, Subject
from doodle.tokenizer import END, FRENCH_ARTICLE, START, forms

LENGTH = 22
NOUNS = Path(__file__).parent / "nouns.json"
NAMED = (
    "cat|dog|fox|rabbit|bear|panda|lion|tiger|pig|cow|frog|monkey|penguin|owl|fish|whale|octopus|"
    "turtle|snail|butterfly|bee|elephant|mouse|apple|banana|strawberry|watermelon|lemon|pizza|"
    "burger|donut|ice cream|cake|carrot|mushroom|cheese|car|bus|fire truck|bicycle|rocket|plane|"
    "boat|train|helicopter|tree|sunflower|rose|tulip|cactus|sun|moon|star|cloud|rainbow|snowman|"
    "house|ball|balloon|heart|umbrella|gift|robot|ghost"
)
SUBJECTS = tuple(NAMED.split("|"))
"""In the order of their marks."""

SIZES = {
    "small": ("small|tiny|little|mini", "petit|petite|petits|petites|minuscule"),
    "big": (
        "big|large|huge|giant|enormous",
        "grand|grande|grands|grandes|gros|grosse|énorme|géant",
    ),
}
PLACES = {
    "in a meadow": (
        "meadow|grass|field|park|garden|hill|hills|lawn|countryside|farm|forest|woods",
        "pré|prairie|herbe|champ|parc|jardin|colline|campagne|ferme|forêt|bois",
    ),
    "on the beach": ("beach|seaside|shore|coast", "plage|bord de mer|rivage|côte"),
    "at sea": (
        "sea|ocean|lake|river|water|underwater|waves",
        "mer|océan|lac|rivière|eau|vagues",
    ),
    "at night": (
        "night|midnight|night sky|moonlight|dark|space",
        "nuit|minuit|espace|clair de lune",
    ),
    "in the snow": ("snow|snowy|winter|ice|snowfall", "neige|enneigé|enneigée|hiver"),
    "in the desert": ("desert|dune|dunes|sahara", "désert"),
}
RELATIONS = {
    "left of": (
        "on the left of|to the left of|left of",
        "à gauche de|à gauche d'|à gauche du",
    ),
    "right of": (
        "on the right of|to the right of|right of",
        "à droite de|à droite d'|à droite du",
    ),
    "next to": ("next to|beside|near|by", "à côté de|à côté d'|à côté du|près de|près d'"),
    "above": ("above|on top of|over", "au-dessus de|au-dessus d'|au-dessus du"),
    "below": ("below|beneath|under", "au-dessous de|en dessous de|en dessous d'|sous"),
    "and": ("and|with|plus", "et|avec"),
    "on the left": ("on the left|at the left", "à gauche"),
    "on the right": ("on the right|at the right", "à droite"),
    "at the top": ("at the top", "en haut"),
    "at the bottom": ("at the bottom", "en bas"),
}
COLOUR_WORDS = {
    "red": ("red|crimson|scarlet", "rouge|rouges|roux|rousse"),
    "orange": ("orange", "orangé|orangée"),
    "yellow": ("yellow|golden", "jaune|jaunes"),
    "green": ("green", "vert|verte|verts|vertes"),
    "teal": ("teal|turquoise|cyan", "sarcelle"),
    "blue": ("blue|navy", "bleu|bleue|bleus|bleues"),
    "purple": ("purple|violet", "violette|violets|violettes|mauve"),
    "pink": ("pink|magenta", "rose|roses"),
    "brown": ("brown", "brun|brune|marron"),
    "gray": ("gray|grey|silver", "gris|grise|grises"),
    "white": ("white", "blanc|blanche|blancs|blanches"),
    "black": ("black", "noir|noire|noirs|noires"),
}
BACKGROUNDS = "background|backdrop|wall|table|floor|canvas|sheet|paper|fond|mur|sol|papier|nappe"
SAMPLES = {
    "en": (
        "a fox in the snow",
        "a penguin on a pink background",
        "a rocket at night",
        "a strawberry on a yellow background",
        "a red car on the beach",
        "an apple and a banana",
        "a lion in the desert",
        "a ghost on a purple background",
        "a tulip in a meadow",
    ),
    "fr": (
        "un renard dans la neige",
        "un pingouin sur fond rose",
        "une fusée la nuit",
        "une pomme et une banane",
        "un lion dans le désert",
    ),
}

# While a prompt is rewritten, one character that nobody can type stands for each thing to say.
SUBJECT, SIZE, PLACE, RELATION, COLOUR, BACKGROUND, ON = (0xE000 + 0x100 * n for n in range(7))
TABLES = {
    "size": (SIZE, SIZES),
    "place": (PLACE, PLACES),
    "relation": (RELATION, RELATIONS),
    "colour": (COLOUR, COLOUR_WORDS),
}


def mark(kind: int, number: int = 0) -> str:
    """The character that stands for a thing."""
    return chr(kind + number)


def all_of(kind: int) -> str:
    """A character class of the marks of a kind."""
    return f"[{mark(kind)}-{mark(kind, 0xFF)}]"


def subjects() -> list[Subject]:
    """The subjects that the weights know, as the table names them."""
    with TABLE.open(encoding="utf-8", newline="") as table:
        rows = {row["name"]: row for row in csv.DictReader(table)}
    return [
        Subject(
            name,
            rows[name]["icon"],
            rows[name]["kind"],
            rows[name]["place"],
            tuple(rows[name]["english"].split("|")),
            tuple(rows[name]["french"].split("|")),
        )
        for name in SUBJECTS
    ]


def lexicon() -> dict[str, str]:
    """Every way to say something and the mark it becomes; the first that claims a form has it."""
    said: list[tuple[str, str]] = []
    for number, subject in enumerate(subjects()):
        said += [(form, mark(SUBJECT, number)) for form in (subject.name, *forms(subject))]
    for kind, table in TABLES.values():
        for number, ways in enumerate(table.values()):
            said += [(form, mark(kind, number)) for form in "|".join(ways).split("|")]
    said += [(form, mark(BACKGROUND)) for form in BACKGROUNDS.split("|")]
    said += [("on", mark(ON)), ("sur", mark(ON))]
    found: dict[str, str] = {}
    for form, meaning in [*said, *((_bare(form), meaning) for form, meaning in said)]:
        found.setdefault(form, meaning)
    return found


def similar() -> dict[str, str]:
    """Nouns that nobody taught, and the mark of the nearest subject that the weights know."""
    nearest: Mapping[str, list[str]] = json.loads(NOUNS.read_text(encoding="utf-8"))
    return {
        noun: mark(SUBJECT, SUBJECTS.index(name))
        for name, nouns in nearest.items()
        if name in SUBJECTS
        for noun in nouns
    }


def _bare(form: str) -> str:
    letters = unicodedata.normalize("NFD", form)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _saying(known: Mapping[str, str]) -> list[Normalizer]:
    """One rule for each number of words and mark: what is longer is read first."""
    groups: dict[tuple[int, str], list[str]] = {}
    for form, meaning in known.items():
        groups.setdefault((-len(form.split()), meaning), []).append(form)
    return [
        Replace(Regex(_any_of(groups[key])), f" {key[1]} ")
        for key in sorted(groups, key=lambda key: key[0])
    ]


def _any_of(said: Iterable[str]) -> str:
    longest_first = sorted(said, key=lambda form: (-len(form), form))
    return rf"(?<!\w)(?:{'|'.join(re.escape(form) for form in longest_first)})(?:(?<=')|(?!\w))"


def _rewriting() -> list[Normalizer]:
    """From marks to the shape of the captions that the weights were trained on."""
    gap = r"\s*"
    rose = mark(SUBJECT, SUBJECTS.index("rose"))
    moon = mark(SUBJECT, SUBJECTS.index("moon"))
    night = mark(PLACE, list(PLACES).index("at night"))
    below = mark(RELATION, list(RELATIONS).index("below"))
    rules: list[tuple[str, str]] = [
        (rf"(?<={all_of(SUBJECT)} ){rose}", " "),
        (rf"{below}{gap}{moon}", night),
    ]
    for number in range(len(COLOUR_WORDS)):
        colour, plain = mark(COLOUR, number), mark(COLOUR, 0x80 + number)
        ground = mark(BACKGROUND)
        rules += [
            (rf"{mark(ON)}?{gap}{colour}{gap}{ground}", plain),
            (rf"{mark(ON)}?{gap}{ground}{gap}{colour}", plain),
            (rf"{mark(ON)}{gap}{colour}(?!{gap}{all_of(SUBJECT)})", plain),
        ]
    above = mark(RELATION, list(RELATIONS).index("above"))
    rules += [
        (rf"{mark(ON)}(?={gap}{all_of(SUBJECT)})", above),
        (rf"[{mark(COLOUR)}-{mark(COLOUR, 0x7F)}]", " "),
        (f"[{mark(BACKGROUND)}{mark(ON)}]", " "),
        (r"\s+", " "),
    ]
    return [Replace(Regex(pattern), wanted) for pattern, wanted in rules]


def _unfolding() -> list[Normalizer]:
    """The marks become the words that the weights know; a size takes the article to its front."""
    rules: list[Normalizer] = []
    for number, name in enumerate(SUBJECTS):
        one = mark(SUBJECT, number)
        article = "an" if name[0] in "aeiou" else "a"
        rules.append(Replace(Regex(f"(?<={all_of(SIZE)} ){one}"), name))
        rules.append(Replace(one, f"{article} {name}"))
    for kind, table in ((SIZE, SIZES), (PLACE, PLACES), (RELATION, RELATIONS)):
        article = "a " if kind == SIZE else ""
        rules += [Replace(mark(kind, n), f"{article}{said}") for n, said in enumerate(table)]
    for number, colour in enumerate(COLOUR_WORDS):
        article = "an" if colour[0] in "aeiou" else "a"
        said = f" on {article} {colour} background "
        rules.append(Replace(mark(COLOUR, 0x80 + number), said))
    return rules


def new_tokenizer(ids: Mapping[str, int]) -> PreTrainedTokenizerFast:
    """The tokenizer over the ids (token → row of the embedding) of the experiment's vocabulary."""
    known = {**similar(), **lexicon()}
    tokenizer = Tokenizer(WordLevel(dict(ids), unk_token=END))
    tokenizer.normalizer = Sequence(
        [
            NFC(),
            Lowercase(),
            Replace(Regex("[\ue000-\uf8ff_-]"), " "),
            Replace("’", "'"),
            Replace(Regex(r"(?<=(?:fond|mur|couleur) )roses?"), "pink"),
            *_saying({form.replace("-", " "): meaning for form, meaning in known.items()}),
            Replace(Regex(r"[^\s\ue000-\uf8ff]+"), " "),
            Replace(Regex(r"\s+"), " "),
            *_rewriting(),
            *_unfolding(),
        ]
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, ids[START]), (END, ids[END])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=START,
        eos_token=END,
        pad_token=END,
        unk_token=END,
        model_max_length=LENGTH,
    )


def experiments_ids(folder: Path) -> dict[str, int]:
    """The vocabulary of the experiment's tokenizer, its whole words without their end marks."""
    stored: dict[str, int] = json.loads((folder / "tokenizer/vocab.json").read_text())
    whole = {token.removesuffix("</w>"): i for token, i in stored.items() if token.endswith("</w>")}
    pieces = {f"{token}…": i for token, i in stored.items() if not token.endswith("</w>")}
    special = {START: stored[START], END: stored[END]}
    taken = set(special.values())
    return {**{t: i for t, i in pieces.items() if i not in taken}, **whole, **special}


def vocabulary() -> dict[str, Any]:
    """What the weights know, in the form that the site reads."""
    meanings = {mark(SUBJECT, number): name for number, name in enumerate(SUBJECTS)}
    meanings |= {mark(BACKGROUND): "background", mark(ON): "on"}
    for kind, table in TABLES.values():
        meanings |= {mark(kind, number): said for number, said in enumerate(table)}
    return {
        "subjects": [
            {
                "name": subject.name,
                "kind": subject.kind,
                "en": list(subject.english),
                "fr": [FRENCH_ARTICLE.sub("", name) for name in subject.french],
            }
            for subject in subjects()
        ],
        "words": [
            {"word": word, "kind": name, "en": english.split("|"), "fr": french.split("|")}
            for name, (_, table) in TABLES.items()
            for word, (english, french) in table.items()
        ],
        "forms": {form: meanings[meaning] for form, meaning in sorted(lexicon().items())},
        "sample_prompts": {language: list(prompts) for language, prompts in SAMPLES.items()},
    }


def write(source: Path, folder: Path) -> None:
    """Copy the experiment's weights, with the tokenizer and the vocabulary of this module."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("tokenizer"))
    tokenizer = new_tokenizer(experiments_ids(source))
    tokenizer.save_pretrained(folder / "tokenizer")
    index = json.loads((folder / "model_index.json").read_text())
    index["tokenizer"] = ["transformers", type(tokenizer).__name__]
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    text = json.dumps(vocabulary(), ensure_ascii=False, indent=1)
    (folder / "vocabulary.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write the weights from the experiment's folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="the experiment's diffusers folder")
    parser.add_argument("folder", type=Path, nargs="?", default=WEIGHTS)
    options = parser.parse_args()
    write(options.source, options.folder)


if __name__ == "__main__":
    main()
