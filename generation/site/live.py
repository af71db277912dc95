"""The stream of a grid's news, for its page."""

import time
from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_GET

from generation.access import Refused, shown
from generation.events import News, stream, the_hub
from generation.site import pages

DONE = "event: done\ndata: done\n\n"
SIGN_OF_LIFE = ":\n\n"


@require_GET
async def events(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Server-sent events: what the page shows of the news, and a ``done`` at the end."""
    async with the_hub().opening:
        refused = await sync_to_async(_refused)(request, job_id)
    if refused is not None:
        return HttpResponse(status=refused.status)
    return StreamingHttpResponse(
        _written(job_id, translation.get_language()),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _refused(request: HttpRequest, job_id: UUID) -> Refused | None:
    """Looks and lets go of the connection: the stream may stay open for an hour."""
    try:
        shown(request, job_id)
    except Refused as refused:
        return refused
    finally:
        connection.close()
    return None


async def _written(job_id: UUID, language: str | None) -> AsyncIterator[str]:
    """Where nothing happens the last news are said once more: the promise has come nearer, and
    the page sees that its stream lives."""
    last: News | None = None
    heard = time.monotonic()
    async for news in stream(the_hub(), job_id):
        if news is not None:
            last, heard = news, time.monotonic()
        if last is None:
            yield SIGN_OF_LIFE
        elif not last.ended:
            yield _event(last.later(time.monotonic() - heard), language)
    yield DONE


def _event(news: News, language: str | None) -> str:
    with translation.override(language):
        said = render_to_string("generation/news.html", pages.said_of(news))
    lines = "".join(f"data: {line}\n" for line in said.splitlines() if line)
    return f"{lines}\n"
