"""What somebody sees when a request cannot be read, or fails and no view could say it."""

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext_lazy

from generation.api.fallback import is_for_programs, said
from generation.api.problems import Problem

AWAY = (OperationalError, InterfaceError)
"""What a database raises that cannot be reached, or is busy for too long."""

COME_BACK = "5"
"""Seconds, in Retry-After, while the database is away."""

SITE_AWAY = Problem(
    503, "site_away", gettext_lazy("The site is away for a moment."), retry_after=int(COME_BACK)
)
OUR_MISTAKE = Problem(
    500, "internal_error", gettext_lazy("Something went wrong here. We have been told.")
)
UNREADABLE = Problem(
    400, "malformed_request", gettext_lazy("The request is not in UTF-8, or its cookies are not.")
)

FREE_AGAIN = "300"
"""Seconds, in Retry-After: the longest window of the limits on signing in."""


def too_many(request: HttpRequest) -> HttpResponse:
    """The answer to whoever tries to sign in, or up, too often."""
    answer = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    answer["Retry-After"] = FREE_AGAIN
    return answer


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to what no view caught: 503 while the database is away, else 500.

    The page is rendered without the request: reading that may be what failed.
    """
    if isinstance(sys.exc_info()[1], AWAY):
        return _away(request)
    if is_for_programs(request):
        return said(request, OUR_MISTAKE)
    return HttpResponse(render_to_string("500.html"), status=500)


class DatabaseAway(MiddlewareMixin):
    """Answers 503 to a view that the database left alone; with DEBUG on too, where Django would
    show its traceback.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _away(request) if isinstance(exception, AWAY) else None


class Readable(MiddlewareMixin):
    """Answers 400 to requests that nothing behind it could read: a body in an encoding that is not
    UTF-8, or a cookie with control characters, of which PostgreSQL takes no NUL.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        encoding = (request.content_params or {}).get("charset", "utf-8")
        cookies = (*request.COOKIES.keys(), *request.COOKIES.values())
        if encoding.lower() == "utf-8" and all(map(_plain, cookies)):
            return None
        if is_for_programs(request):
            return said(request, UNREADABLE)
        return HttpResponse(render_to_string("400.html"), status=400)


def _plain(text: str) -> bool:
    return not any(ord(letter) < 32 or ord(letter) == 127 for letter in text)


def _away(request: HttpRequest) -> HttpResponse:
    if is_for_programs(request):
        return said(request, SITE_AWAY)
    answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = COME_BACK
    return answer
