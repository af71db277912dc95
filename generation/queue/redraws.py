"""One position of a grid, drawn again alone: free, and once."""

import secrets
from collections.abc import Callable, Mapping, Sequence

import structlog
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.entitlements import Entitlements, entitlements_of
from accounts.models import Usage
from generation import scheduling
from generation.catalogue import checkpoint_named
from generation.errors import Failure, NothingToRedraw
from generation.models import Image, Job, Rendition
from generation.seeds import LARGEST_SEED
from generation.submission import enqueue, lock

log = structlog.get_logger(__name__)


def redraw(grid: Job, position: int, *, ring: Callable[[str], None] | None = None) -> Job:
    """Returns the job that draws a held back position of a grid again, with a fresh seed.

    It counts against no allowance, and its picture takes its place in the grid. Asking again while
    it waits or is drawn returns the same job; after one that failed for another reason than the
    check, or was cancelled, it may be asked for again.

    Args:
        grid: a grid that succeeded; whoever calls has seen that it is the asker's.
        position: 0…9.
        ring: called with the checkpoint's name once the job is safely in the queue.

    Raises:
        NothingToRedraw: there is a picture, or no such position, or its turn was had.
        RequestRefused: the grid's checkpoint is not on offer any more.
        Busy: it would wait too long.
    """
    checkpoint = checkpoint_named(grid.checkpoint)
    rights = entitlements_of(grid.owner)
    with transaction.atomic():
        lock(None, grid.owner)
        # As it is now, and until this ends: it is not erased meanwhile.
        found = Job.objects.select_for_update(of=("self",)).filter(pk=grid.pk).first()
        if found is None or not _held_back(found, position):
            raise NothingToRedraw(_("There is nothing to draw again at this position."))
        if (earlier := redraws_of(grid).get(position)) and not may_redraw(earlier):
            if earlier.status in Job.OPEN:
                return earlier
            raise NothingToRedraw(_("This position was drawn again already."))
        job = _job_for(found, position, rights)
        enqueue(job, checkpoint, rights)
        if ring is not None:
            transaction.on_commit(lambda: ring(job.checkpoint))
    log.info("job.redraws", job=str(job.pk), grid=str(grid.pk), position=position)
    return job


def redraws_of(grid: Job) -> Mapping[int, Job]:
    """Returns the latest attempt to draw each position again, by position."""
    attempts = grid.redrawn.order_by("created", "id")
    return {job.redraws_position: job for job in attempts if job.redraws_position is not None}


def put_in_place(
    job: Job, images: Sequence[Image], renditions: Sequence[Rendition], seconds: float
) -> None:
    """Puts the picture of a position drawn again where its grid held one back."""
    grid, position = job.redraws_id, job.redraws_position
    if grid is None or position is None:
        raise ValueError("the job draws no position again")
    Image.objects.filter(job=grid, position=position).delete()
    # The card shows an empty frame: it is made anew when somebody asks for it.
    Rendition.objects.filter(job=grid, image__isnull=True).delete()
    Image.objects.bulk_create(images)
    Rendition.objects.bulk_create(renditions)
    Usage.objects.filter(job_id=grid).update(
        images=F("images") + len(images),
        pixel_steps=F("pixel_steps") + job.cost,
        seconds=F("seconds") + seconds,
    )


def may_redraw(earlier: Job | None) -> bool:
    """Whether a held back position may be drawn again after this latest attempt."""
    if earlier is None or earlier.status == Job.Status.CANCELLED:
        return True
    return earlier.status == Job.Status.FAILED and earlier.error_code != Failure.BLOCKED


def _held_back(grid: Job, position: int) -> bool:
    row = Job.objects.filter(Job.LISTED, pk=grid.pk, status=Job.Status.SUCCEEDED)
    return row.filter(images__position=position, images__verdict=Image.Verdict.BLOCKED).exists()


def _job_for(grid: Job, position: int, rights: Entitlements) -> Job:
    return Job(
        redraws=grid,
        redraws_position=position,
        user=grid.user,
        visitor=grid.visitor,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        prompt=grid.prompt,
        negative_prompt=grid.negative_prompt,
        style=grid.style,
        checkpoint=grid.checkpoint,
        width=grid.width,
        height=grid.height,
        count=1,
        steps=grid.steps,
        guidance=grid.guidance,
        seed=secrets.randbelow(LARGEST_SEED + 1),
        format=grid.format,
        visibility=grid.visibility,
        tier=rights.tier,
        cost=scheduling.cost_of(1, grid.width, grid.height, grid.steps),
        batch_key=grid.batch_key,
    )
