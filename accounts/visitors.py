"""Who sends a request: somebody with an account, a visitor by a signed cookie, or a newcomer.

Ownership comes from the account or the cookie, never from the network.
"""

import secrets
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from accounts.models import Network, Owner, User, Visitor
from accounts.networks import UNKNOWN, bucket, network_of

COOKIE = "visitor"
COOKIE_SECONDS = 400 * 24 * 3600
"""The longest that browsers keep a cookie; every draw starts it anew."""

KEY_SECONDS = 24 * 3600
"""How long a form stays good for a first draw."""

_COOKIE_SALT = "accounts.visitors.cookie"
_KEY_SALT = "accounts.visitors.key"


def owner_of(request: HttpRequest) -> Owner | None:
    """Returns the account or the visitor that a request comes from; None for a newcomer."""
    return request.user if isinstance(request.user, User) else visitor_of(request)


def visitor_of(request: HttpRequest) -> Visitor | None:
    """Returns the visitor whose cookie a request carries, whether or not somebody is signed in."""
    said = request.get_signed_cookie(COOKIE, None, salt=_COOKIE_SALT, max_age=COOKIE_SECONDS)
    return Visitor.objects.filter(pk=said, claimed__isnull=True).first() if said else None


def is_unknown(request: HttpRequest) -> bool:
    """Whether nothing in a request says who sends it: what it gets, everybody may get."""
    return not {COOKIE, settings.SESSION_COOKIE_NAME} & set(request.COOKIES)


def moved_away(request: HttpRequest) -> bool:
    """Whether the request's cookie is that of a visitor whose grids another owner has claimed."""
    said = request.get_signed_cookie(COOKIE, None, salt=_COOKIE_SALT, max_age=COOKIE_SECONDS)
    return said is not None and Visitor.objects.filter(pk=said, claimed__isnull=False).exists()


def new_key() -> str:
    """Returns a signed random key for one form: what is sent with it is done once."""
    return signing.dumps(secrets.token_urlsafe(16), salt=_KEY_SALT)


def known_key(key: str) -> str:
    """Returns what is inside a key of ours that is not too old; the empty text for any other."""
    try:
        return str(signing.loads(key, salt=_KEY_SALT, max_age=KEY_SECONDS))
    except signing.BadSignature:
        return ""


def newcomer(key: str) -> Visitor:
    """Returns the row of a visitor who draws for the first time.

    The key names the visitor: a double click arrives twice without a cookie, and both clicks must
    come from one visitor. The keys are ours and signed, so nobody can choose whom to be.
    """
    if not (inside := known_key(key)):
        return Visitor.objects.create()
    named = UUID(bytes=salted_hmac(_KEY_SALT, inside, algorithm="sha256").digest()[:16], version=4)
    visitor, _ = Visitor.objects.get_or_create(pk=named)
    return visitor


def remember(response: HttpResponseBase, visitor: Visitor) -> None:
    """Sets the cookie by which the visitor is known."""
    response.set_signed_cookie(
        COOKIE,
        str(visitor.pk),
        salt=_COOKIE_SALT,
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def network_from(request: HttpRequest) -> Network:
    """Returns the bucket of the client's address.

    REMOTE_ADDR is the client's own behind the proxies that TRUSTED_PROXIES names, and the last
    sender's otherwise: asgi.py sees to it, and no header is read here. What is no address, a socket
    of a proxy that names no client say, shares one bucket: without any it would have no limit.
    """
    try:
        return network_of(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return bucket(UNKNOWN)
