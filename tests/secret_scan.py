"""No test of accounts, money or the API may log or print a secret, at whatever level.

Whatever makes a secret is wrapped, so that each one that a test uses is known: keys, cookies,
passwords, signing secrets, codes. What the test logged, written as the site writes it with
LOG_LEVEL=debug, and what it printed is then looked through for all of them. A test that gives one
away fails.
"""

import io
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import structlog

TESTS = Path(__file__).parent
WATCHED = tuple(
    TESTS / name for name in ("accounts", "billing", "generation/api", "generation/site")
)
SHAPES = re.compile(
    r"cry_(?:live|test)_[0-9A-Za-z]{38}|whsec_[0-9A-Za-z+/=]{16,}|sk_(?:live|test)_\w{10,}"
    r"|Bearer \S{10,}|Basic [0-9A-Za-z+/=]{12,}|(?:sessionid|visitor|csrftoken)=\S{12,}"
)
"""What nothing but a secret looks like, known or not."""

COOKIES = {"sessionid", "visitor", "csrftoken"}
SHORTEST = 8
"""Shorter ones would be found in texts that have nothing to do with them; codes are of this."""

CODE = re.compile(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", re.MULTILINE)
"""A code in a mail: a line of its own."""

known: set[str] = set()


def note(secret: Any) -> None:
    """Remembers a secret, and what it looks like without its dashes or its beginning."""
    if isinstance(secret, str) and len(secret) >= SHORTEST:
        known.update({secret, secret.removeprefix("whsec_")})
        if secret.startswith("cry_"):
            known.add(secret[15:])


def leaks(text: str, secrets: set[str]) -> list[str]:
    """Returns the secrets that a text holds."""
    shaped = [found.group() for found in SHAPES.finditer(text)]
    return shaped + [secret for secret in secrets if secret in text]


def _noted(owner: Any, name: str, secrets: Callable[..., Any]) -> None:
    """Wraps a function so that the secrets in its arguments or its answer are known."""
    made = getattr(owner, name)

    @wraps(made)
    def wrapped(*args: Any, **named: Any) -> Any:
        answer = made(*args, **named)
        for secret in secrets(answer, *args, **named):
            note(secret)
        return answer

    setattr(owner, name, wrapped)


def _cookie(_answer: Any, _response: Any, key: str, value: str = "", **_: Any) -> list[str]:
    return [value] if key in COOKIES else []


def _mailed(_answer: Any, mail: Any, *_: Any, **__: Any) -> list[str]:
    return CODE.findall(mail.body)


def watch() -> None:
    """Wraps whatever makes a secret, once for all tests of a process."""
    from django.conf import settings  # noqa: PLC0415
    from django.contrib.auth.base_user import AbstractBaseUser  # noqa: PLC0415
    from django.core.mail import EmailMessage  # noqa: PLC0415
    from django.http.response import HttpResponseBase  # noqa: PLC0415

    from accounts import claims, keys  # noqa: PLC0415
    from craiyon_site.sign_in import SecondFactorAdapter  # noqa: PLC0415
    from generation.programs import callbacks  # noqa: PLC0415

    _noted(keys, "_drawn", lambda text, *_: [text])
    _noted(callbacks, "_new_secret", lambda text: [text])
    _noted(claims, "new_code", lambda text, *_: [text, text.replace("-", "")])
    _noted(SecondFactorAdapter, "encrypt", lambda _cipher, _self, text: [text])
    _noted(AbstractBaseUser, "set_password", lambda _none, _user, password: [password])
    _noted(HttpResponseBase, "set_cookie", _cookie)
    _noted(EmailMessage, "send", _mailed)
    note(settings.SECRET_KEY)


def is_watched(test: pytest.Item) -> bool:
    """Whether a test is looked after; one whose subject is giving secrets away is not."""
    if test.get_closest_marker("gives_away"):
        return False
    return any(test.path.is_relative_to(folder) for folder in WATCHED)


@contextmanager
def recorded() -> Iterator[io.StringIO]:
    """Gives what is logged meanwhile, at every level, as the site would write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    own = next(one for one in root.handlers if _is_of_the_site(one))
    handler.setFormatter(own.formatter)
    before, own_before = root.level, own.level
    own.setLevel(max(before, own_before))
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        own.setLevel(own_before)


def _is_of_the_site(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
