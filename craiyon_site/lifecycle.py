"""What touches several apps at once: one function a flow."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts import claims
from accounts.models import Network, Owner, User, Visitor
from generation.admission import jobs_of
from generation.models import Job


@dataclass(frozen=True)
class TakenOver:
    """Whose the grids behind a code are now, and how many came along."""

    owner: Owner
    grids: int


def claim(visitor: Visitor, to_owner: Owner) -> int:
    """Gives everything that a visitor drew, or waits for, to another owner; returns how many grids.

    What was drawn counts against the allowance of whoever has it, so the counts move along. The
    visitor is nobody's from then on: the cookie opens no fresh allowance, only the newcomer's way
    to one.

    Raises:
        ClaimRefused: the other owner is a visitor whose own grids have just been moved away.
    """
    if visitor == to_owner:
        return 0
    with transaction.atomic():
        _lock(visitor, to_owner)
        jobs = Job.objects.filter(visitor=visitor)
        grids = jobs.filter(Job.LISTED).count()
        # A form that both sent is known by one key to both; the grids of both are kept.
        taken = jobs_of(to_owner).exclude(idempotency_key="").values("idempotency_key")
        jobs.filter(idempotency_key__in=taken).update(idempotency_key="", request_hash="")
        if isinstance(to_owner, User):
            jobs.update(user=to_owner, visitor=None)
        else:
            jobs.update(visitor=to_owner)
        Visitor.objects.filter(pk=visitor.pk).update(claimed=timezone.now())
    return grids


def take_over(code: str, *, owner: Owner | None, network: Network) -> TakenOver:
    """Brings the grids behind a code to who typed it.

    An account gets the grids. Somebody without one becomes the visitor of the code, on this device
    as on the other, and brings along what they drew.

    Raises:
        ClaimRefused: the code opens nothing, or too many were tried.
    """
    with transaction.atomic():
        visitor = claims.spend(code, network)
        taken = None if visitor is None else _taken_over(visitor, owner)
    if taken is None:
        raise claims.UnknownCode
    return taken


def _taken_over(visitor: Visitor, owner: Owner | None) -> TakenOver:
    if isinstance(owner, User):
        return TakenOver(owner, claim(visitor, owner))
    if owner is not None:
        claim(owner, visitor)
    return TakenOver(visitor, Job.objects.filter(Job.LISTED, visitor=visitor).count())


def _lock(visitor: Visitor, to_owner: Owner) -> None:
    """Locks both in the one order that all claims keep: accounts first, then visitors by id."""
    wanted = [visitor.pk]
    if isinstance(to_owner, User):
        User.objects.select_for_update().get(pk=to_owner.pk)
    else:
        wanted.append(to_owner.pk)
    rows = Visitor.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
    if any(row == to_owner and row.claimed for row in rows):
        raise claims.UnknownCode
