"""Codes by which a visitor's grids come to another device: short-lived, good once, kept hashed."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts.models import ClaimCode, Network, Visitor, WrongCode

LIFETIME = timedelta(minutes=15)
ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""No vowels, so that no code is a word, and nothing that is taken for something else."""

LENGTH = 8
"""28⁸ codes are 38 bits: with MOST_WRONG tries from each of 10,000 networks, the only code that is
out would be found in 36 years on average."""

MOST_CODES = 5
"""Made by a visitor in CODES_WINDOW."""

CODES_WINDOW = timedelta(hours=1)
MOST_WRONG = 10
"""Wrong codes from one network in WRONG_WINDOW."""

WRONG_WINDOW = timedelta(minutes=10)

_SALT = "accounts.claims.code"
_READ_AS = str.maketrans({"O": "Q", "0": "Q", "I": "J", "1": "J", "L": "J"})
"""What is not in the alphabet, as the sign that is nearest to it by eye."""


class ClaimRefused(Exception):
    """The code brings nothing."""

    status = 400

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class UnknownCode(ClaimRefused):
    """There is no such code, or no more."""

    def __init__(self) -> None:
        minutes = round(LIFETIME.total_seconds() / 60)
        super().__init__(
            _("No grids wait behind this code. A code is good once, for %(minutes)d minutes.")
            % {"minutes": minutes}
        )


class TooMany(ClaimRefused):
    """Too many codes were made or tried."""

    status = 429


def new_code(visitor: Visitor) -> str:
    """Returns a new code, such as “K7QM-3XPD”; the visitor's earlier ones are good no more.

    Raises:
        TooMany: the visitor made too many within the hour.
    """
    with transaction.atomic():
        Visitor.objects.select_for_update().get(pk=visitor.pk)
        now = timezone.now()
        made = ClaimCode.objects.filter(visitor=visitor, created__gt=now - CODES_WINDOW)
        moments = list(made.order_by("-created").values_list("created", flat=True)[:MOST_CODES])
        if len(moments) >= MOST_CODES:
            wait = moments[-1] + CODES_WINDOW - now
            raise TooMany(
                _("That was %(n)d codes within an hour.") % {"n": MOST_CODES},
                retry_after=max(1, round(wait.total_seconds())),
            )
        ClaimCode.objects.filter(visitor=visitor, expires__gt=now).update(expires=now)
        ClaimCode.objects.filter(created__lt=now - 2 * CODES_WINDOW).delete()
        text = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
        ClaimCode.objects.create(
            visitor=visitor, hash=_hash(text), created=now, expires=now + LIFETIME
        )
    return f"{text[: LENGTH // 2]}-{text[LENGTH // 2 :]}"


def spend(code: str, network: Network) -> Visitor | None:
    """Returns whose grids a code stands for, which is thereby used; None where it opens nothing.

    A wrong code is noted, so call this in a transaction that is kept whatever the answer is. Tries
    from one network take turns: a burst of them gets no more than the limit.

    Raises:
        TooMany: from this network too many wrong ones were tried lately.
    """
    Network.objects.select_for_update().get(pk=network.pk)
    now = timezone.now()
    _refuse_guessing(network)
    codes = ClaimCode.objects.filter(hash=_hash(_read(code)), visitor__claimed__isnull=True)
    known = codes.select_related("visitor").first()
    if known is not None and _use(known, now):
        return known.visitor
    WrongCode.objects.filter(created__lt=now - WRONG_WINDOW).delete()
    WrongCode.objects.create(network=network, created=now)
    return None


def _use(code: ClaimCode, now: datetime) -> bool:
    """Uses a code up; whether it was still good.

    The conditions are the row's own, with no join: a join would make them a subquery, which
    PostgreSQL does not ask again after it has waited for another who used the code.
    """
    good = ClaimCode.objects.filter(pk=code.pk, used__isnull=True, expires__gt=now)
    return bool(good.update(used=now))


def _refuse_guessing(network: Network) -> None:
    now = timezone.now()
    tries = WrongCode.objects.filter(network=network, created__gt=now - WRONG_WINDOW)
    moments = list(tries.order_by("-created").values_list("created", flat=True)[:MOST_WRONG])
    if len(moments) >= MOST_WRONG:
        wait = moments[-1] + WRONG_WINDOW - now
        raise TooMany(
            _("Too many wrong codes came from your network."),
            retry_after=max(1, round(wait.total_seconds())),
        )


def _read(code: str) -> str:
    """The code as it was meant: in capitals, without blanks and dashes, misread signs mended."""
    typed = "".join(sign for sign in code[:100].upper() if sign.isalnum())
    return typed.translate(_READ_AS)


def _hash(text: str) -> str:
    """Keyed by the site's secret: who reads the table alone cannot try all codes there are."""
    return salted_hmac(_SALT, text, algorithm="sha256").hexdigest()
