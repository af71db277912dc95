"""A generation's events for a program, as long as its key is good."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.renderers import JSONRenderer

from accounts import keys
from accounts.keys import KeyEnded
from generation.api import represent
from generation.api.endpoint import in_thread
from generation.api.represent import Absolute
from generation.events import News, stream, the_hub
from generation.models import Job

LOOKS_AFTER = 2.0
"""Seconds after which a stream makes sure that its key is still good, at the next news or the next
silence of as long: a revoked key sees nothing more after four."""


def events_of(
    job_id: UUID, key_id: int, absolute: Absolute, headers: Mapping[str, str]
) -> HttpResponseBase:
    """Returns the stream: ``progress`` whenever something changed, a ``generation`` at the end."""
    return StreamingHttpResponse(
        _written(job_id, key_id, absolute),
        content_type="text/event-stream",
        headers={**headers, "X-Accel-Buffering": "no"},
    )


async def followed(job_id: UUID, key_id: int) -> AsyncIterator[News | None]:
    """Yields a job's news until it has ended or the key has; None where a sign of life is due."""
    looked = time.monotonic()
    async for news in stream(the_hub(), job_id, keep_alive=LOOKS_AFTER):
        if time.monotonic() - looked >= LOOKS_AFTER:
            looked = time.monotonic()
            async with the_hub().opening:
                if not await in_thread(lambda: keys.still_valid(key_id)):
                    return
        yield news


async def ended(job_id: UUID, key_id: int, seconds: float) -> bool:
    """Whether a job ends within so many seconds.

    Raises:
        AuthenticationFailed: the key ended before.
    """
    try:
        async with asyncio.timeout(seconds):
            async for _news in followed(job_id, key_id):
                pass
    except TimeoutError:
        return False
    if not await in_thread(lambda: keys.still_valid(key_id)):
        raise AuthenticationFailed(KeyEnded.message, code=KeyEnded.code)
    return True


async def _written(job_id: UUID, key_id: int, absolute: Absolute) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    ended = False
    async for news in followed(job_id, key_id):
        if news is None:
            yield b":\n\n"
            continue
        ended = news.ended
        yield _event("progress", _progress(news))
    if not ended:
        return
    job = await in_thread(lambda: _shown(job_id, absolute))
    if job is not None:
        yield b"event: generation\ndata: " + job + b"\n\n"
    yield b"event: done\ndata: {}\n\n"


def _event(name: str, data: Mapping[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _progress(news: News) -> Mapping[str, object]:
    low, high = news.starts_in
    return {
        "status": news.status,
        "progress": news.progress,
        "place": news.place,
        "starts_in": {"low": round(low, 1), "high": round(high, 1)} if news.place else None,
    }


def _shown(job_id: UUID, absolute: Absolute) -> bytes | None:
    job = Job.objects.filter(Job.KEPT, pk=job_id).first()
    if job is None:
        return None
    rendered: bytes = JSONRenderer().render(represent.generation(job, absolute))
    return rendered
