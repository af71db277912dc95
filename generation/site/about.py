"""The pages that say what this site is: how it works, what it gets wrong, what it keeps."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import select_template
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import networks
from accounts.sign_up import UNCONFIRMED_KEPT
from accounts.visitors import COOKIE_SECONDS
from generation import catalogue
from generation.checkpoints import Hub
from generation.models import PromptRule
from generation.queue.deletion import GRACE, VISITORS_GRIDS_KEPT
from generation.site import queue_status, vocabulary
from generation.site.examined import examined

STATIC_SECONDS = 300
"""How long a browser may keep a page that changes with the code alone."""

PAGES = ("about", "mistakes", "models", "rights", "privacy", "status")
"""In the order in which they are listed."""

DAY = 24 * 3600


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """How it works."""
    return _page(request, "about")


@require_safe
def mistakes(request: HttpRequest) -> HttpResponse:
    """What the models get wrong."""
    return _page(request, "mistakes")


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The checkpoints on offer."""
    return _page(request, "models", checkpoints=catalogue.offered().values())


@require_safe
def model(request: HttpRequest, name: str) -> HttpResponse:
    """A checkpoint: its card, its licence, and the words that it knows."""
    checkpoint = catalogue.offered().get(name)
    if checkpoint is None:
        raise Http404
    card = select_template([f"pages/cards/{name}.html", "pages/cards/any.html"])
    hub = checkpoint.source if isinstance(checkpoint.source, Hub) else None
    return _page(
        request,
        "model",
        checkpoint=checkpoint,
        card=card,
        hub=hub,
        examined=examined(checkpoint),
        words=vocabulary.words_of(checkpoint),
        samples=vocabulary.samples_of(checkpoint),
        default=next(iter(catalogue.offered())) == name,
    )


@require_safe
def rights(request: HttpRequest) -> HttpResponse:
    """What may be done with the pictures."""
    return _page(request, "rights", checkpoints=catalogue.offered().values())


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept, and for how long."""
    return _page(
        request,
        "privacy",
        cookie_days=COOKIE_SECONDS // DAY,
        address_days=networks.KEPT.days,
        unconfirmed_days=UNCONFIRMED_KEPT.days,
        visitors_days=VISITORS_GRIDS_KEPT.days,
        undo_minutes=round(GRACE.total_seconds() / 60),
        adsense=bool(settings.ADSENSE_CLIENT),
    )


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """How long one waits, who draws, and how good the estimates were."""
    answer = _page(request, "status", now=queue_status.now())
    return _kept(answer, queue_status.KEPT)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may fetch. Unlisted grids say noindex themselves, so they must be readable."""
    lines = (
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /account",
        "Disallow: /g/*/events",
        "Disallow: /g/*/report",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
        "",
    )
    return _kept(HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8"), DAY)


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The pages that everybody may read, each in every language."""
    paths = [reverse(name) for name in ("home", "plans", *PAGES)]
    paths += [reverse("model", args=[name]) for name in catalogue.offered()]
    addresses = [
        {code: f"{settings.SITE_URL}{path}?lang={code}" for code, _ in settings.LANGUAGES}
        for path in paths
    ]
    context = {"addresses": addresses}
    answer = render(request, "pages/sitemap.xml", context, content_type="application/xml")
    return _kept(answer, DAY)


def _page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    blocked = [category.label for category in PromptRule.Category if category != "other"]
    answer = render(request, f"pages/{name}.html", {"blocked": blocked, **context})
    return _kept(answer, STATIC_SECONDS)


def _kept(answer: HttpResponse, seconds: int) -> HttpResponse:
    """The browser may keep it; shared caches may not, since the head of a page says who reads."""
    answer["Cache-Control"] = f"private, max-age={seconds}"
    return answer
