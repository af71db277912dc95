"""The page of a grid and its buttons: parse, call one service, present."""

import hashlib
from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from generation import access, services
from generation.access import Refused, owned, shown
from generation.batching import is_edit
from generation.errors import GenerationError
from generation.models import Job, Source
from generation.queue import deletion, redraws
from generation.site import grid_page, sharing
from generation.submission import GridRequest
from generation.tasks import ring
from generation.views import answer, drawn, private, refusal_page


@require_safe
def grid(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """A grid in whatever state it is; to its owner, a deleted one too, to bring it back."""
    try:
        job = shown(request, job_id)
    except Refused as refused:
        return _gone(request, job_id, refused)
    if job.redraws_id is not None:
        return redirect("grid", job.redraws_id)
    return _page(request, job)


@require_POST
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Stops what is waiting or being drawn."""
    try:
        job = owned(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    services.cancel(job)
    return redirect("grid", job.redraws_id or job.pk)


@require_POST
def again(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Draws the same request with a fresh seed, as a new job."""
    try:
        job = owned(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    try:
        return drawn(request, _same_request(job))
    except GenerationError as refusal:
        return _page(request, job, refusal=refusal)


@require_POST
def redraw(request: HttpRequest, job_id: UUID, position: int) -> HttpResponse:
    """Draws one position again that was held back."""
    try:
        job = owned(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    try:
        redraws.redraw(job, position, ring=ring)
    except GenerationError as refusal:
        return _page(request, job, refusal=refusal)
    return redirect("grid", job.pk)


@require_POST
def visibility(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Says who may see a grid."""
    try:
        job = owned(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    try:
        sharing.set_visibility(job, request.POST.get("visibility", ""))
    except GenerationError as refusal:
        return _page(request, job, refusal=refusal)
    return redirect("grid", job.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Asks whether a grid shall be deleted; a POST deletes it, which can be undone for a while."""
    try:
        job = owned(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    if request.method == "POST":
        deletion.delete(job)
        return redirect("grid", job.pk)
    return private(render(request, "generation/delete.html", {"job": job, "minutes": _MINUTES}))


@require_POST
def undo(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Brings a deleted grid back."""
    try:
        job = access.deleted(request, job_id)
    except Refused as refused:
        return refusal_page(request, refused)
    deletion.undo(job)
    return redirect("grid", job.pk)


_MINUTES = round(deletion.GRACE.total_seconds() / 60)


def _gone(request: HttpRequest, job_id: UUID, refused: Refused) -> HttpResponse:
    if refused.status != HTTPStatus.GONE:
        return refusal_page(request, refused)
    try:
        job = access.deleted(request, job_id)
    except Refused:
        return refusal_page(request, refused)
    context = {"job": job, "minutes": _MINUTES}
    return private(render(request, "generation/deleted.html", context, status=refused.status))


def _page(
    request: HttpRequest, job: Job, *, refusal: GenerationError | None = None
) -> HttpResponse:
    context = grid_page.context_of(request, job)
    response = answer(request, "generation/grid.html", context, refusal)
    # A part of the page may have been made for this reader alone: it says so on the request.
    shared = refusal is None and not getattr(request, "for_one_reader", False)
    if not shared or not grid_page.is_for_everybody(request, context):
        return response
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={sharing.KEPT_SECONDS}"
    return get_conditional_response(request, etag=etag, response=response) or response


def _same_request(job: Job) -> GridRequest:
    source = Source.objects.filter(job=job).first() if is_edit(job.batch_key) else None
    return GridRequest(
        prompt=job.prompt,
        negative_prompt=job.negative_prompt,
        style=job.style,
        checkpoint=job.checkpoint,
        size=(job.width, job.height),
        count=job.count,
        format=job.format,
        visibility=Job.Visibility(job.visibility),
        source=bytes(source.content) if source else None,
    )
