"""One id and one line in the log for every request."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from craiyon_site.logs import QUIET

log = structlog.get_logger("craiyon.request")

HEADER = "X-Request-Id"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")

Answer = Callable[[HttpRequest], HttpResponseBase]
LaterAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


@sync_and_async_middleware
def request_id(get_response: Answer | LaterAnswer) -> Answer | LaterAnswer:
    """Takes the request's id from its header or makes one; the answer carries it too.

    While the request is answered the id is bound as ``request_id`` in structlog's context. A
    malformed id is replaced: it goes into logs.
    """
    if iscoroutinefunction(get_response):
        answer_later = cast(LaterAnswer, get_response)

        async def answered_later(request: HttpRequest) -> HttpResponseBase:
            began = time.monotonic()
            with structlog.contextvars.bound_contextvars(request_id=id_of(request)):
                return noted(request, await answer_later(request), began)

        return answered_later

    answer = cast(Answer, get_response)

    def answered(request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=id_of(request)):
            return noted(request, answer(request), began)

    return answered


def id_of(request: HttpRequest) -> str:
    """Returns the id that a request came with, or a new one."""
    given = request.headers.get(HEADER, "")
    return given if WELL_FORMED.fullmatch(given) else uuid.uuid4().hex


def noted(request: HttpRequest, response: HttpResponseBase, began: float) -> HttpResponseBase:
    """Logs a request and returns its answer, which carries the bound id."""
    response[HEADER] = structlog.contextvars.get_contextvars()["request_id"]
    if request.path not in QUIET:
        log.info(
            "request",
            method=request.method,
            path=request.path,
            status=response.status_code,
            ms=round(1000 * (time.monotonic() - began)),
        )
    return response
