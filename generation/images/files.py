"""The files of a grid: stored once, made again as asked for, and taken away for good."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import IntegrityError, transaction
from PIL.Image import Image as Picture

from accounts.entitlements import entitlements_of
from generation import services
from generation.images import renditions
from generation.images.renditions import About, Format, Kind, Made
from generation.models import Image, Job, Rendition
from generation.seeds import seed_at

log = structlog.get_logger(__name__)

A_GRIDS_FILES = 8 * 2**20
"""Bytes, more than the files of most grids."""

PREVIEW_SIDE = 256
"""Longest side of a picture that is shown before it is done, in pixels."""


class StorageRefused(Exception):
    """A storage did not take a file."""


class OtherPictures(Exception):
    """A position of the grid was drawn again while the grid was made one picture."""


@dataclass
class Written:
    """Files stored for an attempt, so that they can be taken away if it does not win."""

    files: list[tuple[Storage, str]] = field(default_factory=list)
    token: str = field(default_factory=lambda: uuid4().hex[:8])
    """In the names, so that no two deliveries of a job ever mean the same file."""

    def store(self, storage: Storage, name: str, content: bytes) -> str:
        """Returns the name under which the content is kept: never that of another file.

        Raises:
            StorageRefused: whatever the storage raises, OSError for files, botocore's for S3.
        """
        try:
            kept = storage.save(name, ContentFile(content))
        except Exception as error:
            raise StorageRefused(str(error)) from error
        self.files.append((storage, kept))
        return kept

    def delete(self) -> None:
        for storage, name in self.files:
            storage.delete(name)


def rendition(
    job: Job, kind: Kind, format: Format, *, position: int | None, watermark: bool
) -> Rendition:
    """Returns a rendition of a finished job, made from the clean masters if it is the first time.

    Raises:
        Image.DoesNotExist: there is no picture at the position.
    """
    images = list(job.images.all())
    image = next((i for i in images if i.position == position and i.master), None)
    if position is not None and image is None:
        raise Image.DoesNotExist
    marked = watermark and kind is Kind.FULL
    known = {"job": job, "image": image, "kind": kind, "format": format, "watermarked": marked}
    if found := Rendition.objects.filter(**known).first():
        return found
    written = Written()
    said, pictures = about(job, job.revision), _opened(images, only=position)
    if image is not None and image.seed != seed_at(job.seed, image.position):
        # Drawn again alone, with a seed of its own.
        said, pictures, position = replace(said, seed=image.seed), [pictures[image.position]], 0
    made = renditions.make(kind, format, pictures, said, watermark=watermark, position=position)
    row = stored(job, made, image, written)
    try:
        _keep(row, images)
    except OtherPictures:
        written.delete()
        return rendition(job, kind, format, position=None, watermark=watermark)
    except IntegrityError:
        # Two requests made the same rendition at once; the first one's stays.
        written.delete()
        return Rendition.objects.get(**known)
    except Image.DoesNotExist:
        written.delete()
        raise
    return row


def small(job: Job, position: int, picture: Picture, revision: str) -> bytes:
    """Returns a picture as a small file, with the mark where its owner's plan has one."""
    shown = renditions.thumbnail(picture, PREVIEW_SIDE)
    if job.owner is not None and entitlements_of(job.owner).watermark:
        shown = renditions.watermarked(shown, settings.SITE_NAME)
    return renditions.encode(shown, Format.WEBP, replace(about(job, revision), position=position))


def encoded(job: Job, format: Format, *, position: int, watermark: bool, quality: int) -> bytes:
    """Returns a picture of a finished job in a quality that nobody asked for before; not kept.

    Raises:
        Image.DoesNotExist: there is no picture at the position.
    """
    image = job.images.exclude(master="").get(position=position)
    picture = _master(image)
    if watermark:
        picture = renditions.watermarked(picture, settings.SITE_NAME)
    said = replace(about(job, job.revision), position=position)
    lossless = format is Format.PNG
    return renditions.encode(picture, format, said, quality=None if lossless else quality)


def about(job: Job, revision: str) -> About:
    """Returns what every rendition of a job says about itself."""
    return About(
        prompt=job.prompt,
        seed=job.seed,
        checkpoint=job.checkpoint,
        revision=revision,
        position=None,
        made_at=job.started or job.created,
        site=settings.SITE_NAME,
    )


def forget(job: Job) -> None:
    """Erases a grid for its owner: prompt, pictures and their files.

    From the moment the rows are gone nobody can see the files. Those that a storage does not delete
    now are found and deleted by the daily `delete_orphans`.
    """
    files = services.erase(job)
    for alias, names in (("masters", files.masters), ("default", files.renditions)):
        for name in names:
            try:
                storages[alias].delete(name)
            except Exception:
                # Whatever a storage raises, as in Written.store.
                log.exception("storage.kept_an_erased_file", job=str(job.pk), file=name)


def try_storages(size: int = 1) -> None:
    """Stores a file of so many bytes where masters go and where renditions go, and deletes it.

    Raises:
        Exception: what the storage raises that refuses it.
    """
    for alias in ("masters", "default"):
        storage = storages[alias]
        storage.delete(storage.save(f"probe/{uuid4().hex}", ContentFile(bytes(size))))


def takes_files() -> bool:
    """Whether both storages take a grid's files now; the last kilobytes of a disk are too few."""
    try:
        try_storages(A_GRIDS_FILES)
    except Exception:
        log.warning("storage.still_refuses", exc_info=True)
        return False
    return True


def stored(job: Job, made: Made, image: Image | None, written: Written) -> Rendition:
    """Returns the row of a rendition, not yet saved, whose file is stored.

    Raises:
        StorageRefused: the storage did not take it.
    """
    place = "grid" if image is None else str(image.position)
    file = f"{made.kind}-{place}-{made.sha256[:16]}.{made.format.extension}"
    name = name_of(job, written, file)
    return Rendition(
        job_id=job.redraws_id or job.pk,
        image=image,
        kind=made.kind,
        format=made.format,
        watermarked=made.watermarked,
        width=made.width,
        height=made.height,
        bytes=len(made.content),
        sha256=made.sha256,
        name=written.store(storages["default"], name, made.content),
    )


def name_of(job: Job, written: Written, file: str) -> str:
    """Returns a file's name, by job, attempt, delivery and content; two digits spread jobs out."""
    return f"{job.pk.hex[-2:]}/{job.pk}/{job.attempts}-{written.token}/{file}"


def _keep(row: Rendition, images: Sequence[Image]) -> None:
    """Saves a rendition made on demand of these images.

    Raises:
        Image.DoesNotExist: its job was erased meanwhile.
        OtherPictures: it shows the whole grid, which has others by now.
    """
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=row.job_id, erased__isnull=True)
        if not job.exists():
            raise Image.DoesNotExist
        if row.image_id is None:
            now = set(Image.objects.filter(job=row.job_id).values_list("pk", flat=True))
            if now != {image.pk for image in images}:
                raise OtherPictures
        row.save()


def _opened(images: Sequence[Image], *, only: int | None) -> list[Picture | None]:
    """Returns the clean masters by position; None where none is wanted or there is none."""
    pictures: list[Picture | None] = []
    for image in images:
        wanted = image.master and only in (None, image.position)
        pictures.append(_master(image) if wanted else None)
    return pictures


def _master(image: Image) -> Picture:
    with storages["masters"].open(image.master) as file:
        return renditions.opened(file.read())
