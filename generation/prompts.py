"""How a prompt is read before it counts as one: its letters, its length."""

import re
import unicodedata

from django.utils.translation import gettext as _

from generation.errors import PromptRefused

LONGEST_PROMPT = 1000
"""Characters, after normalising."""

_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = "\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
"""All of Unicode's but those that are white space."""
_REMOVED = re.compile(f"[{_BIDI_CONTROLS}{_CONTROLS}]")
_WHITE = re.compile(r"\s+")


def normalised(text: str) -> str:
    """Returns the text in NFC on one line, without control and bidi control characters.

    Raises:
        PromptRefused: it is too long, or holds lone surrogates, which are not text.
    """
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise PromptRefused(_("The prompt holds characters that are not text."))
    # In this order: what is removed may have kept two blanks apart, or what NFC composes.
    text = unicodedata.normalize("NFC", _WHITE.sub(" ", _REMOVED.sub("", text)).strip())
    if len(text) > LONGEST_PROMPT:
        raise PromptRefused(
            _("The prompt has %(length)d characters; %(longest)d are the most.")
            % {"length": len(text), "longest": LONGEST_PROMPT}
        )
    return text


def prompt_of(text: str) -> str:
    """Returns a normalised prompt that says something.

    Raises:
        PromptRefused: it is empty, too long, or not text.
    """
    prompt = normalised(text)
    if not any(unicodedata.category(c)[0] not in "CZ" for c in prompt):
        raise PromptRefused(_("Say what to draw: the prompt is empty."))
    return prompt
