"""What the page of a grid shows, in whatever state the grid is."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.entitlements import entitlements_of
from accounts.visitors import is_unknown, new_key
from generation import catalogue
from generation.access import owns
from generation.images.renditions import Format
from generation.models import Image, Job
from generation.queue import accuracy, workers
from generation.queue.news import news_from
from generation.queue.redraws import redraws_of
from generation.queue.standing import PAID_PERCENT, standing_of
from generation.site import pages, sharing
from generation.site.frames import columns, frames_of, rows_of
from generation.site.known_words import unknown_words

FORMATS = (
    (Format.WEBP, "WebP"),
    (Format.PNG, "PNG"),
    (Format.JPEG, "JPEG"),
    (Format.AVIF, "AVIF"),
)

VISIBILITIES = (
    (Job.Visibility.PUBLIC, _("everybody")),
    (Job.Visibility.UNLISTED, _("whoever has this address")),
    (Job.Visibility.PRIVATE, _("you alone")),
)


def context_of(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Returns what `generation/grid.html` shows of a job to whom it may be shown."""
    mine = owns(request, job)
    open_ = job.status in Job.OPEN
    images = [] if open_ else list(job.images.all())
    held_back = any(image.verdict == Image.Verdict.BLOCKED for image in images)
    redraws = redraws_of(job) if held_back else {}
    frames = frames_of(job, images, redraws)
    checkpoint = catalogue.offered().get(job.checkpoint)
    read, unread = pages.read_and_not(job)
    followed = job if open_ else _first_open(redraws.values())
    return {
        "job": job,
        "open": open_,
        "owns": mine,
        "rows": rows_of(frames),
        "columns": columns(job.count),
        "delivered": sum(frame.image is not None for frame in frames),
        "whole": bool(images) and all(frame.image is not None for frame in frames),
        "took": pages.took(job),
        "read": read,
        "unread": unread,
        "checkpoint_title": pages.checkpoint_title(job),
        "checkpoint": checkpoint,
        "unknown": unknown_words(checkpoint, job.prompt) if checkpoint else [],
        "formats": FORMATS,
        "change": _filled_form(job, mine=mine),
        "shared": sharing.shared(job),
        "key": new_key() if mine else "",
        **_followed(followed),
        **(_visibilities(request, job) if mine and followed is None else {}),
    }


def is_for_everybody(request: HttpRequest, context: dict[str, Any]) -> bool:
    """Whether the page is the same for all who are not known here, and stays so for a minute."""
    job: Job = context["job"]
    settled = job.status == Job.Status.SUCCEEDED and context["followed"] is None
    return settled and job.visibility != Job.Visibility.PRIVATE and is_unknown(request)


def _first_open(redraws: Any) -> Job | None:
    return next((redraw for redraw in redraws if redraw.status in Job.OPEN), None)


def _followed(job: Job | None) -> dict[str, Any]:
    """The news of the job that the page waits for: the grid, or a position drawn again."""
    if job is None:
        return {"followed": None}
    # A position drawn again takes one image's time: its stream will say its place.
    standing = standing_of(job) if job.redraws_id is None else None
    crew = workers.crew_of(job.checkpoint) if standing else workers.Crew.DRAWS
    news = news_from(job, standing.place if standing else None, crew)
    return {
        "followed": job,
        "reload_after": pages.reload_after(news),
        "standing": standing,
        "paid_percent": PAID_PERCENT,
        "free_percent": 100 - PAID_PERCENT,
        "accuracy": accuracy.recent() if standing and not standing.paid else None,
        **pages.said_of(news),
    }


def _filled_form(job: Job, *, mine: bool) -> str:
    """The form with all that the grid was asked for but its seed, as a query.

    What the form has by itself is left out, and so is what the checkpoint or its reader has not.
    """
    checkpoint = catalogue.offered().get(job.checkpoint)
    default = catalogue.checkpoint_named("")
    asked = {
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "style": job.style,
        "count": "" if job.count == 9 else str(job.count),
        "size": f"{job.width}x{job.height}",
        "checkpoint": checkpoint.name if checkpoint and checkpoint != default else "",
        "visibility": job.visibility if mine and job.visibility != Job.Visibility.UNLISTED else "",
    }
    if checkpoint and (job.width, job.height) == checkpoint.default_size:
        del asked["size"]
    return urlencode({name: value for name, value in asked.items() if value})


def _visibilities(request: HttpRequest, job: Job) -> dict[str, Any]:
    rights = entitlements_of(job.owner)
    request.sees_ads = rights.ads  # type: ignore[attr-defined]  # who places ads need not ask
    private = rights.private or job.visibility == Job.Visibility.PRIVATE
    return {
        "may_be_private": private,
        "visibilities": [
            (value, said, value == job.visibility, value == Job.Visibility.PRIVATE and not private)
            for value, said in VISIBILITIES
        ],
    }
