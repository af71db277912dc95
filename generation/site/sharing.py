"""How a grid looks elsewhere: what a posted link shows of it, and who may see what."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.entitlements import entitlements_of
from generation.access import Refused, shown
from generation.errors import RequestRefused
from generation.images.card import CARD_SIZE
from generation.models import Job

KEPT_SECONDS = 60
"""How long anybody may keep what is not private: a deletion is over after that."""


@dataclass(frozen=True)
class Shared:
    """Absolute addresses of a grid that a link may show."""

    page: str
    card: str
    width: int
    height: int
    oembed: str


def shared(job: Job) -> Shared | None:
    """Returns what a posted link shows; None while there is nothing to see, or for its owner
    alone."""
    if job.status != Job.Status.SUCCEEDED or job.visibility == Job.Visibility.PRIVATE:
        return None
    page = _absolute(reverse("grid", args=[job.pk]))
    return Shared(
        page=page,
        card=_absolute(reverse("card", args=[job.pk, "jpg"])),
        width=CARD_SIZE[0],
        height=CARD_SIZE[1],
        oembed=f"{_absolute(reverse('oembed'))}?url={page}",
    )


def set_visibility(job: Job, visibility: str) -> None:
    """Says who may see a grid; what is being drawn again of it goes with it.

    Raises:
        RequestRefused: there is no such visibility, or the owner's plan does not have it.
    """
    if visibility not in Job.Visibility:
        raise RequestRefused(_("A grid is private, unlisted or public."))
    wants_more = visibility == Job.Visibility.PRIVATE != job.visibility
    if wants_more and not entitlements_of(job.owner).private:
        raise RequestRefused(_("Private grids are part of Premium."))
    job.redrawn.update(visibility=visibility)
    Job.objects.filter(pk=job.pk).update(visibility=visibility)
    job.visibility = visibility


@require_safe
def oembed(request: HttpRequest) -> HttpResponse:
    """What a link to a grid shows elsewhere, as oEmbed 1.0 has it: the card as a photo."""
    if request.GET.get("format", "json") != "json":
        return HttpResponse(status=501)
    try:
        job = shown(request, _named(request.GET.get("url", "")))
    except Refused as refused:
        raise Http404 from refused
    found = shared(job)
    if found is None:
        raise Http404
    said = {
        "version": "1.0",
        "type": "link",
        "title": job.prompt,
        "provider_name": settings.SITE_NAME,
        "provider_url": settings.SITE_URL,
        "cache_age": KEPT_SECONDS,
    }
    if _fits(request, "maxwidth", found.width) and _fits(request, "maxheight", found.height):
        said |= {"type": "photo", "url": found.card, "width": found.width, "height": found.height}
    response = JsonResponse(said)
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _named(address: str) -> UUID:
    """The grid that an address of ours means."""
    try:
        asked = urlsplit(address)
        match = resolve(asked.path)
    except (ValueError, Resolver404):
        raise Http404 from None
    if asked.hostname != urlsplit(settings.SITE_URL).hostname or (match.url_name != "grid"):
        raise Http404
    job_id: UUID = match.kwargs["job_id"]
    return job_id


def _fits(request: HttpRequest, limit: str, length: int) -> bool:
    said = request.GET.get(limit, "")
    return not said.isdecimal() or length <= int(said[:9])


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
