"""Finished jobs as OpenAI's clients read them."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from django.core.files.storage import storages
from PIL.Image import Image as Picture

from generation.api import represent
from generation.api.openai.errors import failure_of
from generation.api.openai.requests import Wanted
from generation.api.represent import Absolute
from generation.images import files, renditions
from generation.images.renditions import Kind
from generation.models import Image, Job, Preview
from generation.site import pages

USAGE = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}
"""Nothing here is counted or charged by tokens."""


def images_of(job: Job, wanted: Wanted, absolute: Absolute) -> dict[str, Any]:
    """Returns the answer with the pictures of a job that has ended.

    Raises:
        Refusal: it has none.
        OSError, botocore's errors: the storage is away.
    """
    data = [
        _address(job, image, wanted, absolute)
        if wanted.as_url
        else {"b64_json": pixels(job, image.position, wanted)}
        for image in shown_of(job)
    ]
    return {"created": int(job.created.timestamp()), "data": data, **described(job, wanted),
            "usage": USAGE}  # fmt: skip


def shown_of(job: Job) -> list[Image]:
    """Returns the pictures of a job that has ended, without those that were held back.

    Raises:
        Refusal: it has none.
    """
    if job.status != Job.Status.SUCCEEDED:
        raise failure_of(job)
    return list(job.images.exclude(master="").order_by("position"))


def completed(job: Job, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yields the last event of each picture's stream.

    Raises:
        Refusal: there is no picture.
    """
    for image in shown_of(job):
        yield {
            "type": f"{wanted.kind}.completed",
            "b64_json": pixels(job, image.position, wanted),
            "image_index": image.position,
            "created_at": int(job.created.timestamp()),
            **described(job, wanted),
            "usage": USAGE,
        }


def partials(looks: Iterable[Preview], job: Job, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yields an event for each look at an unfinished picture."""
    for look in looks:
        picture = renditions.opened(bytes(look.content))
        yield {
            "type": f"{wanted.kind}.partial_image",
            "b64_json": _as_asked(picture, look.position, job, wanted),
            "partial_image_index": look.number,
            "image_index": look.position,
            "created_at": int(job.created.timestamp()),
            **described(job, wanted),
            # It is shown smaller than it will be.
            "size": f"{picture.width}x{picture.height}",
        }


def _as_asked(picture: Picture, position: int, job: Job, wanted: Wanted) -> str:
    said = replace(files.about(job, job.revision), position=position)
    return base64.b64encode(renditions.encode(picture, wanted.format, said)).decode()


def described(job: Job, wanted: Wanted) -> dict[str, str]:
    """Returns what every answer says of how it was drawn."""
    return {
        "background": "opaque",
        "output_format": wanted.format.value,
        "quality": "auto",
        "size": f"{job.width}x{job.height}",
    }


def pixels(job: Job, position: int, wanted: Wanted) -> str:
    """Returns a picture in base 64, in the format and quality asked for."""
    watermark = pages.shows_watermark(job)
    if wanted.quality is not None:
        content = files.encoded(
            job, wanted.format, position=position, watermark=watermark, quality=wanted.quality
        )
    else:
        row = files.rendition(job, Kind.FULL, wanted.format, position=position, watermark=watermark)
        with storages["default"].open(row.name) as file:
            content = file.read()
    return base64.b64encode(content).decode()


def _address(job: Job, image: Image, wanted: Wanted, absolute: Absolute) -> dict[str, str]:
    suffix = wanted.format.value
    return {"url": represent.picture_address(job, image.position, suffix, absolute)}
