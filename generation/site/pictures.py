"""The files behind the pages: one picture, its thumbnail, or the grid as one."""

from http import HTTPStatus
from uuid import UUID

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from generation.access import Refused, shown
from generation.images import files
from generation.images.renditions import Format, Kind, UnreadableImage
from generation.models import Image, Job, Rendition
from generation.site import links, pages
from generation.site.sharing import KEPT_SECONDS
from generation.views import refusal_page

log = structlog.get_logger(__name__)

FORMATS = {"webp": Format.WEBP, "png": Format.PNG, "avif": Format.AVIF} | dict.fromkeys(
    ("jpeg", "jpg"), Format.JPEG
)


STORAGE_ERRORS = (OSError, BotoCoreError, ClientError)
"""What folders and S3 raise."""


@require_safe
def picture(request: HttpRequest, job_id: UUID, position: int, suffix: str) -> HttpResponseBase:
    """One picture of a grid."""
    return _answer(request, job_id, Kind.FULL, suffix, position)


@require_safe
def thumbnail(request: HttpRequest, job_id: UUID, position: int) -> HttpResponseBase:
    """One picture of a grid, small."""
    return _answer(request, job_id, Kind.THUMB, "webp", position)


@require_safe
def card(request: HttpRequest, job_id: UUID, suffix: str) -> HttpResponseBase:
    """The whole grid as one picture, with its prompt."""
    return _answer(request, job_id, Kind.CARD, suffix, None)


@require_safe
def download(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Leads to the picture and the format that a form names, to be saved."""
    wanted, suffix = request.GET.get("picture", ""), request.GET.get("format", "")
    try:
        job = shown(request, job_id)
        if suffix not in FORMATS or not (wanted == "card" or wanted in map(str, range(job.count))):
            raise Refused.missing()
    except Refused as refused:
        return refusal_page(request, refused)
    name, args = ("card", []) if wanted == "card" else ("picture", [int(wanted)])
    return redirect(f"{reverse(name, args=[job.pk, *args, suffix])}?save")


def _answer(
    request: HttpRequest, job_id: UUID, kind: Kind, suffix: str, position: int | None
) -> HttpResponseBase:
    try:
        return served(request, shown(request, job_id), kind, suffix, position)
    except Refused as refused:
        return refusal_page(request, refused)


@require_safe
def linked(request: HttpRequest, token: str) -> HttpResponseBase:
    """A private picture, for whoever was given its address within the last minute."""
    try:
        job_id, position, suffix = links.opened(token)
        job = Job.objects.filter(Job.KEPT, pk=job_id).first()
        if job is None:
            raise Refused.missing()
        return served(request, job, Kind.FULL, suffix, position)
    except (links.LinkRefused, Refused) as error:
        refused = error if isinstance(error, Refused) else Refused.missing()
        return refusal_page(request, refused)


def served(
    request: HttpRequest, job: Job, kind: Kind, suffix: str, position: int | None
) -> HttpResponseBase:
    """Returns a file of a job that the request may see.

    Raises:
        Refused: there is no such picture, or its file cannot be read now.
    """
    rendition = _rendition(job, kind, suffix, position)
    etag = f'"{rendition.sha256}"'
    unchanged = get_conditional_response(request, etag=etag, response=None)
    response = unchanged or _file(job, rendition, position, save="save" in request.GET)
    response["ETag"] = etag
    private = job.visibility == Job.Visibility.PRIVATE or job.hidden is not None
    response["Cache-Control"] = "no-store" if private else f"public, max-age={KEPT_SECONDS}"
    return response


def _rendition(job: Job, kind: Kind, suffix: str, position: int | None) -> Rendition:
    wanted = FORMATS.get(suffix)
    if wanted is None or job.status != Job.Status.SUCCEEDED:
        raise Refused.missing()
    watermark = kind is Kind.FULL and pages.shows_watermark(job)
    try:
        return files.rendition(job, kind, wanted, position=position, watermark=watermark)
    except Image.DoesNotExist:
        raise Refused.missing() from None
    except (*STORAGE_ERRORS, files.StorageRefused, UnreadableImage) as error:
        raise _away(job, error) from error


def _file(job: Job, rendition: Rendition, position: int | None, *, save: bool) -> HttpResponse:
    try:
        with storages["default"].open(rendition.name) as file:
            content = file.read()
    except STORAGE_ERRORS as error:
        raise _away(job, error) from error
    stored = Format(rendition.format)
    place = "grid" if position is None else str(position + 1)
    name = f"{slugify(job.prompt)[:60] or job.pk}-{place}.{stored.extension}"
    return HttpResponse(
        content,
        content_type=stored.content_type,
        headers={"Content-Disposition": content_disposition_header(save, name) or "inline"},
    )


def _away(job: Job, error: Exception) -> Refused:
    log.error("picture.cannot_be_read", job=str(job.pk), exc_info=error)
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE)
