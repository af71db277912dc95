"""What the addresses of the API have in common, and how one of them waits without a thread."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ClassVar, TypeVar, cast

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiKey
from generation.api import rates
from generation.api.keys import BearerKey, HasScope, key_of

T = TypeVar("T")
Then = Callable[[], Awaitable[HttpResponseBase]]


class OneFormat(BaseContentNegotiation):
    """Every answer is what it is, whatever a client says that it accepts: OpenAI's asks for JSON
    where it wants a stream.
    """

    def select_parser(self, request: Request, parsers: Any) -> Any:
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class Later(Response):
    """An answer that takes its time: `live` awaits `then` once the thread is let go."""

    def __init__(self, then: Then) -> None:
        super().__init__()
        self.then = then


class Endpoint(APIView):
    """An address for programs: a key, a scope, JSON, and the limits in every answer's head."""

    authentication_classes: Sequence[type[BaseAuthentication]] = (BearerKey,)
    permission_classes: Sequence[type[BasePermission]] = (HasScope,)
    content_negotiation_class = OneFormat
    scopes: ClassVar[Mapping[str, ApiKey.Scope]] = {}
    """What a key needs, by method."""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(answer, Later):
            return answer
        for name, value in self.extra_headers(request).items():
            answer.headers.setdefault(name, value)
        return answer

    def extra_headers(self, request: Request) -> dict[str, str]:
        """Returns what goes into the head of every answer."""
        headers = {"Cache-Control": "no-store", "Vary": "Authorization"}
        # Only who was let in: to ask here would let the request in a second time.
        if (key := getattr(request, "_auth", None)) is not None:
            headers |= self.rate_headers(rates.rates_of(key))
        return headers

    def rate_headers(self, found: rates.Rates) -> dict[str, str]:
        """Returns how the limits are said in this dialect."""
        return rates.headers_of(found)

    def answer(self, request: Request, data: Any, status: int = 200) -> HttpResponse:
        """Returns an answer made after the view itself has ended."""
        headers = self.extra_headers(request)
        content = JSONRenderer().render(data)
        return HttpResponse(content, "application/json", status, headers=headers)

    def failed(self, error: Exception) -> HttpResponseBase:
        """Returns the answer to what went wrong after the view itself has ended.

        Raises:
            Exception: the error, where no answer is known to it.
        """
        answer = self.finalize_response(self.request, self.handle_exception(error))
        rendered: HttpResponseBase = answer.render()
        return rendered


def live(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lets a view answer `Later`: until then it holds neither a thread nor a connection."""

    @wraps(view)
    async def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = await sync_to_async(view)(request, *args, **kwargs)
        if not isinstance(response, Later):
            return response
        await in_thread(lambda: None)
        return await response.then()

    # Django takes coroutine functions as well; its stubs name the answer alone.
    return cast(Callable[..., HttpResponseBase], answered)


async def in_thread(work: Callable[[], T]) -> T:
    """Returns what the database says, and lets go of the connection."""

    def alone() -> T:
        try:
            return work()
        finally:
            connection.close()

    return await sync_to_async(alone)()


__all__ = ["Endpoint", "Later", "OneFormat", "in_thread", "key_of", "live"]
