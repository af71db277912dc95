"""What a prompt leaves open: the pictures of a grid share it out among them.

Whoever types "a cat" has said nothing of where it is. A small checkpoint that draws all nine from
the same words draws nine of nearly the same; so each is drawn from words that say another
background, and people from words for another skin.

The seed of a picture chooses, so that a prompt and a seed remain one picture. `seeds.py` gives the
nine of a grid seeds of nine different remainders. What the first of them shows depends on the
prompt, so that no background always comes with the same skin.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from generation.manifest_fields import as_texts
from generation.seeds import NINE

Tokens = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Open:
    """Something that many prompts leave open."""

    where: re.Pattern[str]
    """Found in the tokens of the prompts that do, joined by spaces."""
    one_of: tuple[str, ...]
    """What may be said; `{prompt}` stands for the rest."""
    even_if_said: bool = False
    """Whether it may repeat what the prompt says, of something else."""


def read(file: Path) -> tuple[Open, ...]:
    """Returns what a JSON file lists.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON, or `understood` refuses it.
    """
    return understood(json.loads(file.read_text(encoding="utf-8")))


def understood(rows: Any) -> tuple[Open, ...]:
    """Returns what is listed as `[{"where": REGEX, "one_of": [TEMPLATE, ...]}, ...]`.

    A row may also have `"even_if_said": true`.

    Raises:
        ValueError: it is no such list, or a template has no place for the prompt.
    """
    if not isinstance(rows, list):
        raise ValueError("it is no list")  # noqa: TRY004
    try:
        found = tuple(map(_understood, rows))
    except (AttributeError, KeyError, TypeError, re.error) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if not all(one.one_of and all("{prompt}" in said for said in one.one_of) for one in found):
        raise ValueError("every one_of wants templates that hold {prompt}")
    return found


def _understood(row: dict[str, Any]) -> Open:
    even_if_said = row.get("even_if_said", False) is True
    return Open(re.compile(row["where"]), as_texts(row["one_of"]), even_if_said)


def completed(
    prompt: str, negative_prompt: str, seed: int, unsaid: Sequence[Open], tokens: Tokens
) -> str:
    """Returns the prompt with what the picture of this seed shows of all that it leaves open.

    Args:
        prompt: what was typed.
        negative_prompt: what is not to be seen, and therefore never added.
        seed: of the picture.
        unsaid: what may be left open, in the order of asking.
        tokens: how the checkpoint reads a text.
    """
    whole = prompt
    said = {*tokens(prompt), *tokens(negative_prompt)}
    for number, one in enumerate(unsaid):
        if one.where.search(" ".join(tokens(whole))):
            free = one.one_of if one.even_if_said else _free(one.one_of, said, tokens)
            first = crc32(f"{number} {prompt}".encode())
            if free:
                whole = free[(seed + first) % NINE % len(free)].replace("{prompt}", whole)
    return whole


def _free(templates: Sequence[str], said: set[str], tokens: Tokens) -> list[str]:
    """The templates that add nothing which is said already: no red background for a red car."""
    added = [set(tokens(template.replace("{prompt}", ""))) for template in templates]
    always = set.intersection(*added)
    return [
        template
        for template, words in zip(templates, added, strict=True)
        if not (words - always) & said
    ]
