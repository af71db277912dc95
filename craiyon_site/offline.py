"""The page for somebody whose connection is gone, and the service worker that keeps it."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root so that it may speak for every page."""
    script = render_to_string("sw.js")
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@require_safe
@cache_control(no_cache=True)
def page(request: HttpRequest) -> HttpResponse:
    """The page that is kept. It is nobody's: no cookie and no session is looked at for it."""
    return HttpResponse(render_to_string("offline.html"))
