"""Answers that are the same for everybody, kept by the process for a moment.

A link that is posted on a forum brings hundreds of requests a second for one page and one card. The
views say which answers anybody may keep (`Cache-Control: public`); here the process keeps them
itself, so that a crowd costs one rendering every few seconds, and between two of them no thread, no
query and nothing else of the site: a thread would wait for the processor wherever a worker draws on
it. Whoever is known by a cookie is never answered from here.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import cast

import structlog
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import get_language_from_request
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from accounts.visitors import is_unknown
from craiyon_site.languages import PARAMETER
from craiyon_site.middleware import id_of, noted

LARGEST_ANSWER = 2**20
LARGEST_SHELF = 32 * 2**20
VARIES_BY = {"cookie", "accept-language"}
"""What of a request is in the key: no cookie that says who asks, and the language."""

Answer = Callable[[HttpRequest], HttpResponseBase]
LaterAnswer = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Key = tuple[bool, str, str, str]


@dataclass(frozen=True)
class Kept:
    """An answer, and the moment at which it was made."""

    content: bytes
    headers: dict[str, str]
    made: float


class Shelf:
    """The kept answers, the longest unasked one first; as many as fit."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._renewed: dict[Key, float] = {}
        """Since when somebody waits for a new answer."""
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Key, seconds: float) -> Kept | None:
        """Returns what is not older than that; or, while one asker waits for a new answer, not
        older than twice that: else all of a crowd would wait for answers of their own.
        """
        with self._lock:
            kept, now = self._kept.get(key), time.monotonic()
            if kept is None or now - kept.made >= 2 * seconds:
                return None
            if now - kept.made >= seconds and now - self._renewed.get(key, -seconds) >= seconds:
                self._renewed[key] = now
                return None
            self._kept.move_to_end(key)
            return kept

    def put(self, key: Key, kept: Kept) -> None:
        with self._lock:
            self._renewed.pop(key, None)
            if key in self._kept:
                self._drop(key)
            self._kept[key] = kept
            self._bytes += len(kept.content)
            while self._bytes > LARGEST_SHELF:
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._renewed.clear()
            self._bytes = 0

    def _drop(self, key: Key) -> None:
        self._renewed.pop(key, None)
        self._bytes -= len(self._kept.pop(key).content)


shelf = Shelf()


@sync_and_async_middleware
def shared_answers(get_response: Answer | LaterAnswer) -> Answer | LaterAnswer:
    """Puts on the shelf what anybody may keep."""
    if iscoroutinefunction(get_response):
        answer_later = cast(LaterAnswer, get_response)

        async def answered_later(request: HttpRequest) -> HttpResponseBase:
            return _to_shelf(request, await answer_later(request))

        return answered_later

    answer = cast(Answer, get_response)

    def answered(request: HttpRequest) -> HttpResponseBase:
        return _to_shelf(request, answer(request))

    return answered


class FromTheShelf:
    """The site, with its shelf before everything that Django does for a request."""

    def __init__(self, site: ASGI3Application) -> None:
        self._site = site

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http" and (response := _answered(scope)) is not None:
            headers = [
                (name.lower().encode("latin-1"), said.encode("latin-1"))
                for name, said in response.items()
            ]
            status = response.status_code
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": response.content})
            return
        await self._site(scope, receive, send)


def _answered(scope: HTTPScope) -> HttpResponse | None:
    if scope["method"] != "GET":
        return None
    began = time.monotonic()
    request = ASGIRequest(scope, BytesIO())
    if (response := from_shelf(request)) is None:
        return None
    with structlog.contextvars.bound_contextvars(request_id=id_of(request)):
        return cast(HttpResponse, noted(request, response, began))


def _key(request: HttpRequest) -> Key | None:
    """What the answer depends on; None where the shelf is not asked."""
    keeps = settings.SHARED_ANSWERS_SECONDS and request.method == "GET"
    if not keeps or not is_unknown(request) or PARAMETER in request.GET:
        return None
    language = get_language_from_request(request)
    host = request.META.get("HTTP_HOST", "")
    return request.is_secure(), host, request.get_full_path(), language


def from_shelf(request: HttpRequest) -> HttpResponseBase | None:
    """Returns the kept answer to a request; None where the site has to be asked."""
    key = _key(request)
    kept = shelf.get(key, settings.SHARED_ANSWERS_SECONDS) if key else None
    if kept is None:
        return None
    response = HttpResponse(kept.content, headers=kept.headers)
    response["Age"] = str(int(time.monotonic() - kept.made))
    etag = kept.headers.get("ETag")
    return get_conditional_response(request, etag=etag, response=response) or response


def _to_shelf(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    key = _key(request)
    if key and isinstance(response, HttpResponse) and _may_be_kept(response):
        shelf.put(key, Kept(response.content, dict(response.items()), time.monotonic()))
    return response


def _may_be_kept(response: HttpResponse) -> bool:
    varies = {name.strip().lower() for name in response.get("Vary", "").split(",") if name.strip()}
    return (
        response.status_code == HTTPStatus.OK
        and "public" in response.get("Cache-Control", "")
        and varies <= VARIES_BY
        and not response.cookies
        and len(response.content) <= LARGEST_ANSWER
    )
