"""Keys by which programs ask: made, recognised, revoked and reported."""

import hashlib
import re
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, User

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 32
"""190 bits: nobody guesses one, so that a plain hash is enough to keep."""

CHECKSUM_LENGTH = 6
"""CRC-32 in base 62: a mistyped key is known without a look at the database."""

PREFIX_LENGTH = 15
MOST_KEYS = 50
"""An account's keys that are neither revoked nor expired."""

NOTED_EVERY = timedelta(minutes=1)
ALL_SCOPES = tuple(ApiKey.Scope.values)

_SHAPE = re.compile(rf"cry_(live|test)_([0-9A-Za-z]{{{SECRET_LENGTH}}})([0-9A-Za-z]{{6}})")


class KeyRefused(Exception):
    """This API key is not valid."""

    code = "invalid_api_key"
    message = _("This API key is not valid: it is mistyped, or there never was such a key.")


class KeyEnded(KeyRefused):
    """This API key was revoked."""

    code = "revoked_api_key"
    message = _("This API key was revoked. Make another one on your account's page of keys.")


class KeyExpired(KeyRefused):
    """This API key has expired."""

    code = "expired_api_key"
    message = _("This API key has expired. Make another one on your account's page of keys.")


class TooManyKeys(Exception):
    """This account has as many keys as it may have."""


@dataclass(frozen=True)
class KeyWish:
    """What somebody wants of a new key. None means: as the plan allows, or without an end."""

    name: str
    live: bool = True
    scopes: Sequence[str] = ALL_SCOPES
    per_day: int | None = None
    largest_side: int | None = None
    expires: datetime | None = None


def make(user: User, wish: KeyWish) -> tuple[ApiKey, str]:
    """Returns a new key's row and the key itself, which nobody can be shown again.

    Raises:
        TooManyKeys: the account has too many already.
    """
    text = _drawn("live" if wish.live else "test")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if valid().filter(user=user).count() >= MOST_KEYS:
            raise TooManyKeys
        key = ApiKey.objects.create(
            user=user,
            name=wish.name,
            live=wish.live,
            prefix=text[:PREFIX_LENGTH],
            sha256=_hash(text),
            scopes=[scope for scope in ALL_SCOPES if scope in wish.scopes],
            per_day=wish.per_day,
            largest_side=wish.largest_side,
            expires=wish.expires,
        )
    return key, text


def key_of(text: str) -> ApiKey:
    """Returns the key that a text is, and notes the minute in which it was used.

    Raises:
        KeyRefused: it is none, or no longer one.
    """
    if not well_formed(text):
        raise KeyRefused
    key = ApiKey.objects.select_related("user__plan").filter(sha256=_hash(text)).first()
    if key is None or not key.user.is_active:
        raise KeyRefused
    if key.ended:
        raise KeyEnded
    now = timezone.now()
    if key.expires is not None and key.expires <= now:
        raise KeyExpired
    _note_use(key, now)
    return key


def well_formed(text: str) -> bool:
    """Whether a text has the shape and the checksum of a key."""
    shape = _SHAPE.fullmatch(text)
    return shape is not None and _checksum(shape[2]) == shape[3]


def valid() -> QuerySet[ApiKey]:
    """Returns the keys that are neither revoked nor expired."""
    lasting = Q(expires__isnull=True) | Q(expires__gt=timezone.now())
    return ApiKey.objects.filter(lasting, ended="")


def still_valid(pk: int) -> bool:
    """Whether a key may go on: what lasts longer than a request asks this every few seconds."""
    return valid().filter(pk=pk, user__is_active=True).exists()


def revoke(key: ApiKey, why: ApiKey.Ended = ApiKey.Ended.BY_OWNER) -> bool:
    """Ends a key from the next request on; False where it had ended before."""
    mine = ApiKey.objects.filter(pk=key.pk, ended="")
    return bool(mine.update(ended=why, ended_at=timezone.now()))


def report(text: str) -> bool:
    """Ends the key that somebody found where no key should be; False where it is none of ours.

    Nobody needs to say who they are: whoever holds a key could do worse with it.
    """
    if not well_formed(text):
        return False
    key = ApiKey.objects.filter(sha256=_hash(text)).first()
    if key is None:
        return False
    revoke(key, ApiKey.Ended.REPORTED)
    return True


def _drawn(kind: str) -> str:
    secret = "".join(secrets.choice(BASE62) for _place in range(SECRET_LENGTH))
    return f"cry_{kind}_{secret}{_checksum(secret)}"


def _checksum(secret: str) -> str:
    number, digits = zlib.crc32(secret.encode()), ""
    for _place in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(BASE62))
        digits = BASE62[digit] + digits
    return digits


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _note_use(key: ApiKey, now: datetime) -> None:
    """At most one write a minute, however many requests come."""
    if key.used is not None and now - key.used < NOTED_EVERY:
        return
    stale = Q(used__isnull=True) | Q(used__lte=now - NOTED_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(used=now)
