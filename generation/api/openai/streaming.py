"""Pictures as a stream of OpenAI's events."""

import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.db import Error
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.models import ApiKey
from generation.access import Refused
from generation.api.endpoint import in_thread
from generation.api.following import followed
from generation.api.generations import again
from generation.api.openai import answers, calls
from generation.api.openai.errors import Refusal, refusal_of
from generation.api.openai.requests import Wanted
from generation.api.represent import Absolute
from generation.events import the_hub
from generation.images.files import StorageRefused
from generation.images.renditions import UnreadableImage
from generation.models import Call, Job, Preview
from generation.programs import practice
from generation.queue import previews
from generation.site.pictures import STORAGE_ERRORS

log = structlog.get_logger(__name__)

STAYS_EVERY = 15.0
"""Seconds after which a stream says again that somebody waits for its job."""


@dataclass(frozen=True)
class Asking:
    """One request: who asks, what for, and how it is known again."""

    key: ApiKey
    wanted: Wanted
    body: str
    """Its hash."""
    is_retry: bool
    idempotency_key: str
    absolute: Absolute


def events_of(
    asking: Asking, job: Job, call: Call | None, headers: Mapping[str, str]
) -> HttpResponseBase:
    """Returns the stream of a job's pictures."""
    return StreamingHttpResponse(
        _written(asking, job, call),
        content_type="text/event-stream",
        headers={**headers, "X-Accel-Buffering": "no"},
    )


async def _written(asking: Asking, job: Job, call: Call | None) -> AsyncIterator[bytes]:
    """Ends with the pictures or an error; a client that goes away leaves the job to its retry."""
    sent = False
    try:
        yield b": drawing\n\n"
        ended = job.status in Job.TERMINAL
        if job.test:
            for event in await in_thread(lambda: _partials(practice.looks_at(job), job, asking)):
                yield event
        elif not ended:
            seen: set[tuple[int, int]] = set()
            stayed = time.monotonic()
            async for news in followed(job.pk, asking.key.pk):
                ended = news is not None and news.ended
                if call is not None and time.monotonic() - stayed > STAYS_EVERY:
                    stayed = time.monotonic()
                    await in_thread(partial(calls.stay, call))
                for event in await _unseen(asking, job, seen):
                    yield event
                yield b":\n\n"
        if not ended:
            return  # the key was revoked
        for event in await in_thread(lambda: _last(asking.wanted, job)):
            yield event
        sent = True
        yield b"data: [DONE]\n\n"
    finally:
        if call is not None:
            await in_thread(lambda: (calls.delivered if sent else calls.leave)(call))


async def _unseen(asking: Asking, job: Job, seen: set[tuple[int, int]]) -> list[bytes]:
    """The looks at the pictures since the last time, where the request asked for any.

    None while the database is away, which a stream outlives.
    """
    if not asking.wanted.grid.previews:
        return []

    def found() -> list[bytes]:
        try:
            looks = previews.unseen(job.pk, seen)
            seen.update(look.place for look in looks)
            return _partials(looks, job, asking)
        except Error:
            log.warning("looks.not_read", exc_info=True)
            return []

    async with the_hub().opening:
        return await in_thread(found)


def _partials(looks: Iterable[Preview], job: Job, asking: Asking) -> list[bytes]:
    return [_event(said["type"], said) for said in answers.partials(looks, job, asking.wanted)]


def _last(wanted: Wanted, job: Job) -> list[bytes]:
    """The pictures, or why there are none."""
    try:
        return list(_completed(wanted, job))
    except Refusal as refusal:
        return [_event("error", refusal.body)]
    except (Refused, StorageRefused) as error:
        refusal_said = refusal_of(error)
        return [_event("error", refusal_said.body)] if refusal_said else []


def _completed(wanted: Wanted, job: Job) -> Iterator[bytes]:
    try:
        for event in answers.completed(again(job.pk), wanted):
            yield _event(event["type"], event)
    except (*STORAGE_ERRORS, UnreadableImage) as error:
        raise StorageRefused(str(error)) from error


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
