"""Rows as the native API shows them: plain values, with addresses that work."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.urls import reverse

from generation import catalogue
from generation.checkpoints import Checkpoint
from generation.errors import Failure
from generation.models import Image, Job
from generation.queue import redraws
from generation.queue.news import News, news_of
from generation.scheduling import cost_of
from generation.site import links

Absolute = Callable[[str], str]
"""Makes a whole address of a path."""


def generations(jobs: Sequence[Job], absolute: Absolute) -> list[dict[str, Any]]:
    """Returns the jobs, with where they stand asked for all of them at once."""
    news = news_of([job.pk for job in jobs if job.status in Job.OPEN])
    images = Image.objects.filter(job__in=jobs).order_by("position")
    by_job: dict[object, list[Image]] = {}
    for image in images:
        by_job.setdefault(image.job_id, []).append(image)
    return [_generation(job, news.get(job.pk), by_job.get(job.pk, []), absolute) for job in jobs]


def generation(job: Job, absolute: Absolute) -> dict[str, Any]:
    """Returns one job."""
    return generations([job], absolute)[0]


def _generation(
    job: Job, news: News | None, images: Sequence[Image], absolute: Absolute
) -> dict[str, Any]:
    waits = news is not None and news.status == Job.Status.QUEUED
    return {
        "object": "generation",
        "id": str(job.pk),
        "status": news.status if news and news.status in Job.Status.values else job.status,
        "test": job.test,
        **_asked(job),
        "seed": job.seed,
        "progress": round(news.progress if news else job.progress, 3),
        "place": news.place if news else None,
        "starts_in": _range(*news.starts_in) if news and waits else None,
        "error": _error(job),
        "images": _pictures(job, images, absolute),
        "created": job.created,
        "started": job.started,
        "finished": job.finished,
        "links": _links(job, absolute),
    }


def quote(job: Job) -> dict[str, Any]:
    """Returns what a job would cost, and when it would start, if it were asked for now."""
    return {
        "object": "quote",
        **_asked(job),
        "cost": {
            "grids": 0 if job.api_key and not job.api_key.live else 1,
            "images": job.count,
            "pixel_steps": cost_of(job.count, job.width, job.height, job.steps),
        },
        "starts_in": _range(job.quoted_low, job.quoted_high),
    }


def checkpoint(entry: Checkpoint, *, default: bool) -> dict[str, Any]:
    """Returns what there is to know before drawing with a checkpoint."""
    return {
        "object": "checkpoint",
        "name": entry.name,
        "title": entry.title,
        "default": default,
        "licence": entry.licence,
        "sizes": [f"{width}x{height}" for width, height in entry.sizes],
        "styles": list(entry.styles),
        "negative_prompt": entry.negative_prompt,
        "edits": entry.edits,
        "longest_prompt": entry.longest_prompt,
        "samples": list(entry.samples),
    }


def checkpoints() -> list[dict[str, Any]]:
    """Returns all checkpoints, the default first."""
    return [
        checkpoint(entry, default=index == 0)
        for index, entry in enumerate(catalogue.offered().values())
    ]


def picture_address(job: Job, position: int, suffix: str, absolute: Absolute) -> str:
    """Returns where a picture can be fetched: of a private grid, for a minute from now."""
    if job.visibility == Job.Visibility.PRIVATE:
        return absolute(linked(links.token_for(job.pk, position, suffix)))
    return absolute(reverse("picture", args=[job.pk, position, suffix]))


def linked(token: str) -> str:
    """Returns the path at which a token opens its picture."""
    return reverse("linked_picture", args=[token])


def _asked(job: Job) -> dict[str, Any]:
    return {
        "prompt": job.prompt,
        "negative_prompt": job.negative_prompt,
        "style": job.style,
        "checkpoint": job.checkpoint,
        "size": f"{job.width}x{job.height}",
        "count": job.count,
        "format": job.format,
        "visibility": job.visibility,
    }


def _range(low: float, high: float) -> Mapping[str, float]:
    return {"low": round(low, 1), "high": round(high, 1)}


def _error(job: Job) -> Mapping[str, str] | None:
    if job.status != Job.Status.FAILED:
        return None
    return {"code": job.error_code, "message": str(Failure(job.error_code).label)}


def redraw(grid: Job, position: int, attempt: Job) -> dict[str, Any]:
    """Returns the attempt to draw one position again; its picture takes its place in the grid."""
    return {
        "object": "redraw",
        "generation": str(grid.pk),
        "position": position,
        "status": attempt.status,
    }


def _pictures(job: Job, images: Sequence[Image], absolute: Absolute) -> list[dict[str, Any]]:
    held_back = any(not image.master for image in images)
    attempts = redraws.redraws_of(job) if held_back else {}
    again = {position for position, attempt in attempts.items() if attempt.status in Job.OPEN}
    return [_image(job, image, absolute, drawn_again=image.position in again) for image in images]


def _image(job: Job, image: Image, absolute: Absolute, *, drawn_again: bool) -> dict[str, Any]:
    shown = bool(image.master)
    missing = "drawing" if drawn_again else "held_back"
    return {
        "position": image.position,
        "seed": image.seed,
        "status": "done" if shown else missing,
        "url": picture_address(job, image.position, job.format, absolute) if shown else None,
    }


def _links(job: Job, absolute: Absolute) -> dict[str, str]:
    own = absolute(reverse("api_generation", args=[job.pk]))
    return {
        "self": own,
        "events": f"{own}/events",
        "cancel": f"{own}/cancel",
        "page": absolute(reverse("grid", args=[job.pk])),
    }
