"""Pictures as a stream of OpenAI's events."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
from generation.delivery import StorageRefused
from generation.models import Call, Job
from generation.pictures import STORAGE_ERRORS
from generation.renditions import UnreadableImage


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
    ended = sent = False
    try:
        yield b": drawing\n\n"
        if job.status in Job.OPEN:
            async for news in followed(job.pk, asking.key.pk):
                ended = news is not None and news.ended
                yield b":\n\n"
        else:
            ended = True
        if not ended:
            return  # the key was revoked
        for event in await in_thread(lambda: _last(asking.wanted, job)):
            yield event
        sent = True
        yield b"data: [DONE]\n\n"
    finally:
        if call is not None:
            await in_thread(lambda: (calls.delivered if sent else calls.leave)(call))


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
