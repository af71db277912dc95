"""Addresses of private pictures that work for a minute and for whoever has them."""

from uuid import UUID

from django.core import signing

LIFETIME = 60
"""Seconds."""

_SALT = "generation.links"


class LinkRefused(Exception):
    """The address is too old, or was never ours."""


def token_for(job_id: UUID, position: int, suffix: str) -> str:
    """Returns what opens one picture in one format for a minute from now."""
    return signing.dumps([job_id.hex, position, suffix], salt=_SALT)


def opened(token: str) -> tuple[UUID, int, str]:
    """Returns the job, the position and the format that a token is for.

    Raises:
        LinkRefused: it is too old, or not ours.
    """
    try:
        job_id, position, suffix = signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        raise LinkRefused from None
    return UUID(job_id), position, suffix
