"""`/v1/images/generations`, and the routes beside it."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar, cast

from django.conf import settings
from django.http import QueryDict
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from accounts.entitlements import Entitlements, entitlements_of, narrowed
from accounts.models import ApiKey
from generation.access import Refused
from generation.api import rates
from generation.api.endpoint import Endpoint, Later, in_thread, key_of
from generation.api.following import ended
from generation.api.generations import again, draw
from generation.api.openai import answers, calls, docs, edits, errors
from generation.api.openai.errors import Refusal
from generation.api.openai.requests import ImageRequest, Wanted
from generation.api.openai.streaming import Asking, events_of
from generation.errors import GenerationError
from generation.images.files import StorageRefused
from generation.images.renditions import UnreadableImage
from generation.models import Call, Job
from generation.site.pictures import STORAGE_ERRORS

SAYABLE = (GenerationError, Refused, Refusal, StorageRefused, APIException)
"""What the exception handler has an answer to."""

FORMER_LEAVES = 2.5
"""Seconds that a retry waits for us to notice that the connection of its first try has ended."""

T = TypeVar("T")


class Dialect(Endpoint):
    """An address that speaks as OpenAI's do."""

    def get_exception_handler(self) -> Callable[..., HttpResponseBase | None]:
        return errors.answer

    def rate_headers(self, found: rates.Rates) -> dict[str, str]:
        return rates.openai_headers_of(found)


class Drawn(Dialect):
    """An address that draws, and waits or streams."""

    scopes = {"POST": ApiKey.Scope.DRAW}

    def later(self, request: Request, wanted: Wanted, body: object) -> HttpResponseBase:
        """Returns the answer, which comes once there are pictures.

        Args:
            request: whose key draws.
            wanted: what it asks for.
            body: the same for the same request, by which its retry is known.
        """
        asking = Asking(
            key=key_of(request),
            wanted=wanted,
            body=calls.body_hash(body),
            is_retry=_retries(request) > 0,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
            absolute=request.build_absolute_uri,
        )
        return Later(lambda: self._answered(request, asking))

    async def _answered(self, request: Request, asking: Asking) -> HttpResponseBase:
        deadline = time.monotonic() + settings.GATEWAY_LIMIT
        try:
            job, call = await _begun(asking)
            if asking.wanted.stream:
                headers = await in_thread(lambda: self.extra_headers(request))
                return events_of(asking, job, call, headers)
            content = await _pictures(asking, job, call, deadline - time.monotonic())
        except SAYABLE as error:
            failed = error  # the name in an except clause ends with it
            return await in_thread(lambda: self.failed(failed))
        return await in_thread(lambda: self.answer(request, content))


class ImageGenerations(Drawn):
    """Pictures for a prompt."""

    @docs.GENERATE
    def post(self, request: Request) -> HttpResponseBase:
        """Draw pictures, and wait for them or stream them."""
        body = ImageRequest(data=request.data)
        body.is_valid(raise_exception=True)
        return self.later(request, body.wanted(rights_of(request)), request.data)


class ImageEdits(Drawn):
    """Pictures made of one that is there."""

    parser_classes = (MultiPartParser,)

    @docs.EDIT
    def post(self, request: Request) -> HttpResponseBase:
        """Change a picture, all of it or what a mask leaves transparent."""
        form = edits.form_of(cast("QueryDict", request.data), request.FILES)
        return self.later(request, form.wanted(rights_of(request)), form.body)


def rights_of(request: Request) -> Entitlements:
    """Returns what the request's key may do."""
    key = key_of(request)
    return narrowed(entitlements_of(key.user), key)


async def _begun(asking: Asking) -> tuple[Job, Call | None]:
    """The job, and the call by which a retry will find it; a test key's job is done by now.

    Raises:
        GenerationError: it was refused.
    """
    if not asking.key.live:
        wanted = asking.wanted.grid
        return await in_thread(lambda: draw(asking.key, wanted, asking.idempotency_key)), None
    call = await _joined(asking) if asking.is_retry else None
    if call is None:
        call = await _unbroken(
            lambda: calls.begin(asking.key, asking.body, asking.wanted.grid, asking.idempotency_key)
        )
    return call.job, call


async def _joined(asking: Asking) -> Call | None:
    """The call that a retry is about, once its former connection is seen to have ended."""
    deadline = time.monotonic() + FORMER_LEAVES
    while (call := await _unbroken(lambda: calls.join(asking.key, asking.body))) is None:
        others = await in_thread(lambda: calls.others_wait(asking.key, asking.body))
        if not others or time.monotonic() > deadline:
            return None
        await asyncio.sleep(0.25)
    return call


async def _unbroken(work: Callable[[], T]) -> T:
    """Ends what was begun even if the client goes away, and then leaves what came of it."""
    task = asyncio.ensure_future(in_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        call = await task
        if isinstance(call, Call):
            await in_thread(lambda: calls.leave(call))
        raise


async def _pictures(asking: Asking, job: Job, call: Call | None, seconds: float) -> object:
    """The answer's body, once the job has ended.

    Raises:
        Refusal: it is still being drawn, or has no pictures.
    """
    sent = False
    try:
        if job.status in Job.OPEN and not await ended(job.pk, asking.key.pk, seconds):
            raise errors.still_drawing()
        content = await in_thread(lambda: _content(asking.wanted, job, asking))
        sent = True
    except Refusal as refusal:
        sent = refusal.code != "still_drawing"
        raise
    else:
        return content
    finally:
        # Also when the client has gone, which ends this task: its retry finds the job free.
        if call is not None:
            await in_thread(lambda: (calls.delivered if sent else calls.leave)(call))


def _content(wanted: Wanted, job: Job, asking: Asking) -> object:
    try:
        return answers.images_of(again(job.pk), wanted, asking.absolute)
    except (*STORAGE_ERRORS, UnreadableImage) as error:
        raise StorageRefused(str(error)) from error


def _retries(request: Request) -> int:
    said = request.headers.get("x-stainless-retry-count", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0
