"""What touches several apps at once: one function a flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CASCADE, Model
from django.utils import timezone

from accounts import claims
from accounts.models import Export, Network, Owner, User, Visitor
from billing.services import close_account
from craiyon_site import exports
from generation.images import files
from generation.models import Job
from generation.queue.admission import jobs_of


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


def delete_account(user: User) -> None:
    """Makes an account nobody's at once, then erases all that it drew.

    The bare row stays, without a name, for what money refers to. Should the process end halfway,
    `erase_deleted` goes on: nobody can sign in or look at the grids any more by then.

    Raises:
        BillingError: what the account pays for could not be ended; nothing was deleted.
    """
    close_account(user)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        for session in UserSession.objects.filter(user=user):
            session.end()
        user.groups.clear()
        user.user_permissions.clear()
        for model, column in _personal():
            model._default_manager.filter(**{column: user}).delete()
        _forget_in_the_admins_log(user)
        User.objects.filter(pk=user.pk).update(
            username=f"deleted {uuid4()}",
            email="",
            first_name="",
            last_name="",
            password=make_password(None),
            language="",
            is_active=False,
            is_staff=False,
            is_superuser=False,
            last_login=None,
            deleted=timezone.now(),
        )
        Job.objects.filter(user=user).update(visibility=Job.Visibility.PRIVATE)
    erase_deleted(user)


def _personal() -> Iterator[tuple[type[Model], str]]:
    """Every table that would lose a row with the account's own, whichever app it comes from.

    What admins did stays on record; exports go with their files.
    """
    for relation in User._meta.related_objects:
        model = relation.related_model
        if relation.on_delete is CASCADE and model not in {LogEntry, Export}:
            yield model, relation.field.name


def _forget_in_the_admins_log(user: User) -> None:
    """What admins did stays on record, and when, but no more to whom."""
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk)
    )
    about.update(object_repr="deleted", change_message="")


def erase_deleted(user: User) -> None:
    """Erases what a deleted account drew, and the files that were packed for it."""
    for job in Job.objects.filter(user=user, erased__isnull=True):
        files.forget(job)
    for export in Export.objects.filter(user=user):
        exports.forget(export)
