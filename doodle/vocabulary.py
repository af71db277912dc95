"""What the model knows, for the site.

`vocabulary.json` holds the subjects by kind with their names in both languages, the other
words by kind, every known form of a word with its meaning, and sample prompts.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from doodle.noun_lists import GENDERED
from doodle.subjects import subjects
from doodle.tokenizer import FRENCH_ARTICLE, YOUNG, forms, words

NAME = "vocabulary.json"
SAMPLES = {
    "en": (
        "a red fox under a full moon",
        "a panda on a pink background",
        "a rocket in space",
        "a penguin in the snow",
        "a cat on a blue background",
        "a robot in the desert at sunset",
        "a pumpkin in the forest at night",
        "a house in the mountains",
        "a rabbit and a carrot",
        "two pumpkins on a green background",
    ),
    "fr": (
        "un renard roux sous la pleine lune",
        "un panda sur fond rose",
        "une fusée dans l'espace",
        "un chat noir sous la lune",
        "un lion dans le désert",
    ),
}


@cache
def known_forms() -> dict[str, str]:
    """Every way to say something that the model knows, and the word it means."""
    said = [(form, subject.name) for subject in subjects() for form in forms(subject)]
    said += [(form, w.word) for w in words() for form in (w.word, *w.english, *w.french)]
    meanings: dict[str, str] = {}
    for form, meaning in said:
        meanings.setdefault(form, meaning)
    for meant, gendered in GENDERED.items():
        meanings |= dict.fromkeys(gendered, meanings[meant.split(" ", 1)[1]])
    return dict(sorted(meanings.items()))


def vocabulary() -> dict[str, Any]:
    """All of it, as the file has it."""
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
            {"word": w.word, "kind": w.kind, "en": list(w.english), "fr": list(w.french)}
            for w in words()
            if w.word not in YOUNG
        ],
        "forms": {form: meant for form, meant in known_forms().items() if meant not in YOUNG},
        "sample_prompts": {language: list(prompts) for language, prompts in SAMPLES.items()},
    }


def write_vocabulary(folder: Path) -> None:
    """Write it beside the weights that know it."""
    text = json.dumps(vocabulary(), ensure_ascii=False, indent=1)
    (folder / NAME).write_text(text + "\n", encoding="utf-8")
