"""From drawn pictures to a finished job: check, render, store, finish."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from django.core.files.storage import storages
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
)
from PIL.Image import Image as Picture

from accounts.entitlements import entitlements_of
from generation import services
from generation.batching import is_edit
from generation.checkpoints import Checkpoint
from generation.images import files, renditions
from generation.images.files import Written
from generation.images.provenance import sha256
from generation.images.renditions import Made
from generation.models import Image, Job, Rendition
from generation.safety import checks
from generation.seeds import seed_at

log = structlog.get_logger(__name__)

DATABASE_MAY_BE_AWAY = 60.0
"""Seconds for which finished pictures wait for the database to come back."""


@dataclass(frozen=True)
class Drawn:
    """What the pipeline made of one job."""

    job: Job
    pictures: Sequence[Picture]
    seconds: float
    revision: str
    """Of the checkpoint that drew it."""
    prompt_cut_at: int | None


def deliver(drawn: Drawn, checkpoint: Checkpoint) -> bool:
    """Finishes a job with its pictures; False when it is no longer this worker's.

    Nothing it stored stays behind unless the job was finished with it.

    Raises:
        CheckUnavailable: the pictures need a check that cannot be made.
        StorageRefused: a storage did not take a file.
    """
    written = Written()
    found = checks.verdicts(drawn.pictures, checkpoint, edited=is_edit(drawn.job.batch_key))
    images, rows = stored(drawn, found, written)
    finished = _finish(drawn, images, rows)
    if not finished:
        written.delete()
    return finished


def stored(
    drawn: Drawn, verdicts: Sequence[Image.Verdict], written: Written
) -> tuple[list[Image], list[Rendition]]:
    """Returns the rows of a job's pictures, not yet saved, whose files are stored.

    Raises:
        StorageRefused: a storage did not take a file; none stays behind.
    """
    try:
        images = _masters(drawn, verdicts, written)
        rows = [
            files.stored(drawn.job, made, _image_of(made, images), written)
            for made in _standard_set(drawn, images)
        ]
    except BaseException:
        written.delete()
        raise
    return images, rows


def _finish(drawn: Drawn, images: Sequence[Image], rows: Sequence[Rendition]) -> bool:
    """Finishes, and asks again while the database is away: drawn pictures are worth a wait.

    A connection that breaks in a commit leaves open whether it took place. So a later "not yours"
    counts as finished when the job's pictures are these.

    Raises:
        django.db.Error: the database stayed away. The files stay: they may belong to the job.
    """
    deadline = time.monotonic() + DATABASE_MAY_BE_AWAY
    while True:
        try:
            close_old_connections()
            return (
                services.finish(
                    drawn.job,
                    images,
                    rows,
                    seconds=drawn.seconds,
                    revision=drawn.revision,
                    prompt_cut_at=drawn.prompt_cut_at,
                )
                or Image.objects.filter(pk__in=[image.pk for image in images]).exists()
            )
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                raise
            log.warning("job.finish_waits_for_the_database", job=str(drawn.job.pk))
            time.sleep(1)


def preview(job: Job, position: int, picture: Picture, checkpoint: Checkpoint) -> bytes | None:
    """Returns an unfinished picture as who watches may see it; None where the check forbids it.

    Raises:
        CheckUnavailable: it needs a check that cannot be made.
    """
    found = checks.verdicts([picture], checkpoint, edited=is_edit(job.batch_key))
    if found == [Image.Verdict.BLOCKED]:
        return None
    return files.small(job, position, picture, checkpoint.revision)


def _masters(drawn: Drawn, verdicts: Sequence[Image.Verdict], written: Written) -> list[Image]:
    images = []
    job = drawn.job
    for position, (picture, verdict) in enumerate(zip(drawn.pictures, verdicts, strict=True)):
        image = Image(
            job_id=job.redraws_id or job.pk,
            position=position if job.redraws_position is None else job.redraws_position,
            seed=seed_at(job.seed, position),
            verdict=verdict,
        )
        if verdict != Image.Verdict.BLOCKED:
            said = replace(files.about(drawn.job, drawn.revision), position=position)
            content = renditions.master(picture, said)
            image.master_sha256 = sha256(content)
            file = f"{position}-{image.master_sha256[:16]}.png"
            name = files.name_of(drawn.job, written, file)
            image.master = written.store(storages["masters"], name, content)
        images.append(image)
    return images


def _standard_set(drawn: Drawn, images: Sequence[Image]) -> Sequence[Made]:
    """Nothing of a grid of which every picture was held back, not even a card of empty frames."""
    shown = [
        picture if image.master else None
        for picture, image in zip(drawn.pictures, images, strict=True)
    ]
    if not any(shown):
        return []
    watermark = drawn.job.owner is not None and entitlements_of(drawn.job.owner).watermark
    alone = drawn.job.redraws_id is not None
    return renditions.standard_set(
        shown, files.about(drawn.job, drawn.revision), watermark=watermark, card=not alone
    )


def _image_of(made: Made, images: Sequence[Image]) -> Image | None:
    return None if made.position is None else images[made.position]
