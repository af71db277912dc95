"""Pictures as far as they have come: small, for who watches, and gone when the drawing ends."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from generation.models import Job, Preview

MOST = 3
"""Looks at one picture before it is done."""


def keep(job: Job, position: int, number: int, content: bytes) -> bool:
    """Keeps a look at a position; False when the job is no longer the worker's.

    The row of the job is locked: who ends the attempt waits, and takes away what was kept.
    """
    with transaction.atomic():
        held = Job.objects.select_for_update(of=("self",)).filter(
            pk=job.pk, status=Job.Status.RUNNING, worker=job.worker, attempts=job.attempts
        )
        if held.first() is None:
            return False
        row = Preview(job_id=job.pk, position=position, number=number, content=content)
        Preview.objects.bulk_create([row], ignore_conflicts=True)
    return True


def forget(job: Job) -> None:
    """Takes away what was kept of an attempt, in the transaction that ends it."""
    if job.previews:
        Preview.objects.filter(job=job.pk).delete()


def unseen(job_id: UUID, seen: Collection[tuple[int, int]]) -> list[Preview]:
    """Returns the looks, by number and position, that are not among those seen.

    Nothing of a grid that was deleted or taken down meanwhile.
    """
    kept = Preview.objects.filter(
        job=job_id, job__deleted__isnull=True, job__erased__isnull=True, job__hidden__isnull=True
    )
    places = kept.values_list("pk", "position", "number")
    new = [pk for pk, *place in places if tuple(place) not in seen]
    return list(kept.filter(pk__in=new).order_by("number", "position")) if new else []
