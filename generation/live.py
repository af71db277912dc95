"""The stream of a grid's news, for its page."""

import json
from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.http import require_GET

from generation import pages
from generation.access import Refused, shown
from generation.events import News, stream, the_hub


@require_GET
async def events(request: HttpRequest, job_id: UUID) -> HttpResponseBase:
    """Server-sent events: a ``job`` whenever something changed, and a ``done`` at the end."""
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
    yield "retry: 3000\n\n"
    async for news in stream(the_hub(), job_id):
        yield ":\n\n" if news is None else _event(news, language)
    yield "event: done\ndata: {}\n\n"


def _event(news: News, language: str | None) -> str:
    with translation.override(language):
        said = {
            "status": news.status,
            "progress": news.progress,
            "place": news.place,
            "place_said": pages.place(news),
            "sentence": pages.sentence(news),
        }
    return f"event: job\ndata: {json.dumps(said)}\n\n"
