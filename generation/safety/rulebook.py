"""The rules of what may be asked for, as the admins have them now."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

import structlog
from django.utils.translation import gettext as _

from generation.errors import PromptBlocked
from generation.safety.models import PromptRule
from generation.safety.prompt_rules import PatternError, Rule, Text

log = structlog.get_logger(__name__)

KEPT = 5.0
"""Seconds after which a process sees what an admin changed."""

Read = list[tuple[PromptRule, Rule]]


@dataclass
class _Rulebook:
    """The rules in force, read once in a while."""

    rules: Read = field(default_factory=list)
    good_until: float = 0.0
    lock: Lock = field(default_factory=Lock)


_book = _Rulebook()


def refuse_forbidden(prompt: str) -> None:
    """Says no to a prompt that breaks a rule.

    Raises:
        PromptBlocked: it does; the message names what it asks for.
    """
    text = Text(prompt)
    for row, rule in in_force():
        if text.breaks(rule):
            log.info("prompt.blocked", rule=row.name, category=row.category)
            raise PromptBlocked(_sentence(row), category=row.category)


def in_force() -> Read:
    """Returns the rules that refuse, at most KEPT seconds old."""
    with _book.lock:
        if time.monotonic() >= _book.good_until:
            _book.rules = _read(PromptRule.objects.filter(action=PromptRule.Action.BLOCK))
            _book.good_until = time.monotonic() + KEPT
        return _book.rules


def forget() -> None:
    """Makes this process read the rules anew at the next prompt."""
    _book.good_until = 0.0


def _read(rows: Iterable[PromptRule]) -> Read:
    rules = []
    for row in rows:
        try:
            rules.append((row, Rule.of(row.pattern, row.unless)))
        except PatternError:
            # Only a row that no form has checked; the other rules still hold.
            log.exception("prompt_rule.cannot_be_read", rule=row.name)
    return rules


def _sentence(row: PromptRule) -> str:
    return row.reason or _(
        "This prompt asks for %(what)s. That is not drawn here; nothing was counted."
    ) % {"what": row.get_category_display()}
