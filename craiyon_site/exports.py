"""Everything of an account as one file, packed by a chore; its owner alone fetches it."""

import json
import tempfile
import zipfile
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.files import File
from django.core.files.storage import storages
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Export, Metering, Override, Usage, User
from billing.models import Subscription
from generation.images import files
from generation.images.renditions import Format, Kind
from generation.models import Image, Job, Source
from generation.site import pages

log = structlog.get_logger(__name__)

KEPT = timedelta(days=1)
STALLED = timedelta(minutes=10)
"""A packing that did not get on for so long has lost its process, and is begun anew."""


def ask(user: User) -> Export:
    """Returns the account's export on its way, begun if there is none."""
    with suppress(IntegrityError), transaction.atomic():
        return Export.objects.create(user=user, grids=_kept(user).count())
    # The one that was under way is the newest, and may have ended since.
    return Export.objects.filter(user=user).latest("created")


def latest(user: User) -> Export | None:
    """Returns the export that the account page shows: the newest that is not gone."""
    return Export.objects.filter(user=user, created__gt=timezone.now() - KEPT).first()


def pack_waiting() -> int:
    """Packs every export that waits, one after the other; returns how many."""
    packed = 0
    while (export := _taken()) is not None:
        _pack(export)
        packed += 1
    return packed


def forget(export: Export) -> None:
    """Deletes an export and its file."""
    if export.name:
        storages["exports"].delete(export.name)
    export.delete()


def forget_old() -> int:
    """Deletes the exports whose day is over; returns how many."""
    old = Export.objects.filter(created__lt=timezone.now() - KEPT)
    for export in old:
        forget(export)
    return len(old) + _forget_strays()


def _forget_strays() -> int:
    """Deletes the files of packings that were killed before their row named them."""
    storage = storages["exports"]
    try:
        stored = set(storage.listdir("")[1])
    except FileNotFoundError:
        return 0
    strays = stored.difference(Export.objects.values_list("name", flat=True))
    old = [name for name in strays if timezone.now() - storage.get_modified_time(name) > KEPT]
    for name in old:
        storage.delete(name)
    return len(old)


def _kept(user: User) -> Any:
    """What somebody asked for, whatever became of it."""
    return Job.objects.filter(
        user=user, erased__isnull=True, deleted__isnull=True, redraws__isnull=True
    ).order_by("created")


def _taken() -> Export | None:
    """The oldest that waits, now ours; the row count says so, whoever else looked."""
    now = timezone.now()
    free = Q(status=Export.Status.WAITING) | Q(
        status=Export.Status.PACKING, moved__lt=now - STALLED
    )
    for export in Export.objects.filter(free, user__deleted__isnull=True).order_by("created"):
        if Export.objects.filter(free, pk=export.pk).update(
            status=Export.Status.PACKING, packed=0, moved=now
        ):
            return export
    return None


def _pack(export: Export) -> None:
    row = Export.objects.filter(pk=export.pk, status=Export.Status.PACKING)
    try:
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            _write(export.user, file, row)
            size = file.tell()
            file.seek(0)
            name = storages["exports"].save(f"{export.pk}.zip", File(file))
    except Exception:
        # Whatever a storage raises; the page says that it failed, and offers to try again.
        log.exception("export.failed", export=export.pk)
        row.update(status=Export.Status.FAILED)
        return
    if not row.update(status=Export.Status.READY, name=name, bytes=size):
        storages["exports"].delete(name)  # the account was deleted meanwhile


def _write(user: User, file: Any, row: Any) -> None:
    jobs = list(_kept(user).prefetch_related("images"))
    row.update(grids=len(jobs))
    # Pictures are compressed already.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("account.json", _as_json(_account(user)))
        told = []
        for number, job in enumerate(jobs, 1):
            told.append(_grid(archive, job, number))
            row.update(packed=number, moved=timezone.now())
        archive.writestr("grids.json", _as_json(told))


def _grid(archive: zipfile.ZipFile, job: Job, number: int) -> dict[str, Any]:
    folder = f"grids/{number:05}-{slugify(job.prompt)[:40] or 'grid'}"
    names: list[str] = []
    # Somebody may delete the grid while it is packed: then what is left of it is nothing.
    with suppress(Image.DoesNotExist, FileNotFoundError):
        drawn = (image for image in job.images.all() if image.master)
        names.extend(_picture(archive, job, image, folder) for image in drawn)
    if source := Source.objects.filter(job=job).first():
        archive.writestr(f"{folder}/changed.png", bytes(source.content))
    return {
        "id": str(job.pk),
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "style": job.style,
        "model": job.checkpoint,
        "width": job.width,
        "height": job.height,
        "seed": job.seed,
        "status": job.status,
        "visibility": job.visibility,
        "asked": job.created.isoformat(),
        "pictures": names,
    }


def _picture(archive: zipfile.ZipFile, job: Job, image: Image, folder: str) -> str:
    """Packs a picture as its owner sees it: with the mark, if their plan has one."""
    wanted = Format(job.format)
    made = files.rendition(
        job,
        Kind.FULL,
        wanted,
        position=image.position,
        watermark=pages.shows_watermark(job),
    )
    name = f"{folder}/{image.position + 1}.{wanted.extension}"
    with storages["default"].open(made.name) as content:
        archive.writestr(name, content.read())
    return name


def _account(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "addresses": list(EmailAddress.objects.filter(user=user).values_list("email", flat=True)),
        "name": user.first_name,
        "language": user.language,
        "plan": user.plan_id,
        "joined": user.date_joined.isoformat(),
        "last_sign_in": user.last_login.isoformat() if user.last_login else None,
        "exception": Override.objects.filter(user=user).values().first(),
        "paying_by_use": Metering.objects.filter(user=user).values("on", "cap").first(),
        "subscriptions": list(
            Subscription.objects.filter(customer__user=user).values(
                "kind", "interval", "status", "period_start", "period_end", "ends"
            )
        ),
        "other_sites": list(
            SocialAccount.objects.filter(user=user).values("provider", "uid", "extra_data")
        ),
        "api_keys": list(
            user.api_keys.values(
                "name",
                "prefix",
                "live",
                "scopes",
                "per_day",
                "largest_side",
                "expires",
                "used",
                "ended",
                "created",
            )
        ),
        "callbacks": list(user.callbacks.values("url", "events", "state", "created")),
        "usage": list(Usage.objects.filter(user=user).values("job_id", "images", "created")),
        "signed_in_from": list(UserSession.objects.filter(user=user).values("ip", "user_agent")),
        "passkeys_and_codes": list(
            Authenticator.objects.filter(user=user).values_list("type", flat=True)
        ),
    }


def _as_json(said: object) -> str:
    return json.dumps(said, ensure_ascii=False, indent=2, cls=DjangoJSONEncoder)
