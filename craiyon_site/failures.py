"""What somebody sees when a request fails and no view could say it."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

COME_BACK = "5"
"""Seconds, in Retry-After, while the database is away."""


def failed(request: HttpRequest) -> HttpResponse:
    """The answer to what no view caught: 503 while the database is away, else 500."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return server_error(request)
    answer = server_error(request, template_name="503.html")
    answer.status_code = 503
    answer["Retry-After"] = COME_BACK
    return answer
