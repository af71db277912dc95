"""Deleting a grid: at once for everybody, for good after a few minutes."""

from datetime import timedelta

from django.db import transaction

from generation import clock, services
from generation.images import files
from generation.models import Job

GRACE = timedelta(minutes=10)
"""For so long its owner may undo a deletion."""

VISITORS_GRIDS_KEPT = timedelta(days=30)
"""What is drawn without an account is erased then; with one it is kept until its owner deletes it.
"""

MARGIN = timedelta(minutes=1)
"""Between the last undo and the first erasure, so that the two never meet."""


def delete(job: Job) -> None:
    """Takes a grid away from everybody; its owner may undo that until GRACE is over.

    What waits or is being drawn is cancelled.
    """
    with transaction.atomic():  # whoever looks on sees both or neither
        services.cancel(job)
        Job.objects.filter(pk=job.pk, deleted__isnull=True, erased__isnull=True).update(
            deleted=clock.now()
        )


def undo(job: Job) -> bool:
    """Brings a deleted grid back. False when it is too late."""
    since = clock.now() - GRACE
    kept = Job.objects.filter(pk=job.pk, deleted__gt=since, erased__isnull=True)
    return bool(kept.update(deleted=None))


def erase_due(*, most: int = 500) -> int:
    """Erases the grids whose deletion can be undone no more; returns how many."""
    due = Job.objects.filter(deleted__lt=clock.now() - GRACE - MARGIN, erased__isnull=True)
    jobs = list(due.order_by("deleted")[:most])
    for job in jobs:
        files.forget(job)
    return len(jobs)
