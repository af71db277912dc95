"""What went wrong, once for all dialects: a status, a stable code, and a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.response import Response

from generation.access import Refused
from generation.errors import GenerationError, PromptRefused, RequestRefused
from generation.images.files import StorageRefused

TRY_AGAIN_AFTER = 10
"""Seconds in Retry-After where nothing better is known: a grid in flight may be done."""

TITLES: Mapping[str, str] = {
    "key_missing": "No API key",
    "invalid_api_key": "No such API key",
    "revoked_api_key": "The key was revoked",
    "expired_api_key": "The key has expired",
    "scope_missing": "The key may not do that",
    "malformed_request": "Not JSON",
    "invalid_request": "Not what is expected here",
    "prompt_refused": "This prompt is not drawn",
    "prompt_blocked": "This prompt is against the rules",
    "nothing_to_redraw": "There is nothing to draw again",
    "request_refused": "This cannot be drawn",
    "limit_reached": "An allowance is used up",
    "payment_required": "The month's grids are used up",
    "monthly_cap_reached": "The month's cap is reached",
    "busy": "Too many people are drawing",
    "idempotency_key_reused": "The idempotency key belongs to another request",
    "not_found": "There is nothing here",
    "gone": "It was deleted or taken down",
    "not_finished": "It is not drawn yet",
    "already_ended": "It has ended already",
    "owner_moved": "The grids have just moved to another owner",
    "proof_needed": "Nothing shows that this is no flood",
    "method_not_allowed": "Not with this method",
    "unsupported_media_type": "Not in this format",
    "storage_away": "The files are away",
    "site_away": "The site is away for a moment",
    "internal_error": "Our mistake",
}
"""Every code there is. Programs may depend on them; the sentences may change."""


class Conflict(APIException):
    """What is asked for does not go with the state that it is in."""

    status_code = HTTPStatus.CONFLICT

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail, code)


@dataclass(frozen=True)
class Problem:
    """An error, before a dialect gives it a shape."""

    status: int
    code: str
    detail: str | Promise
    retry_after: int | None = None
    errors: Sequence[Mapping[str, str]] = ()
    """By field, where several fields of a request may be wrong."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_headers(self) -> dict[str, str]:
        """Its headers, and when to come back."""
        after = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        return {**self.headers, **after}


def problem_of(error: Exception) -> Problem | None:
    """Returns what an exception means for the caller; None for what no caller can mend."""
    match error:
        case GenerationError():
            return _refusal(error)
        case Refused():
            return _not_shown(error)
        case StorageRefused():
            return _away()
        case Http404():
            return _not_shown(Refused.missing())
        case APIException():
            return _of_the_framework(error)
    return None


def body(problem: Problem) -> dict[str, Any]:
    """Returns the problem document (RFC 9457)."""
    document: dict[str, Any] = {
        "type": f"{settings.SITE_URL}/api/docs#{problem.code}",
        "title": TITLES.get(problem.code, TITLES["request_refused"]),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
    }
    if problem.errors:
        document["errors"] = list(problem.errors)
    return document


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The native API's exception handler, and its only one."""
    problem = problem_of(error)
    if problem is None:
        return None
    return Response(
        body(problem),
        status=problem.status,
        headers=problem.all_headers,
        content_type="application/problem+json",
    )


def _refusal(error: GenerationError) -> Problem:
    status = error.status
    if isinstance(error, PromptRefused | RequestRefused):
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    after = error.retry_after
    if after is None and status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        after = TRY_AGAIN_AFTER
    return Problem(status, error.code, error.message, retry_after=after)


def _not_shown(error: Refused) -> Problem:
    if error.status == HTTPStatus.GONE:
        return Problem(410, "gone", _("It was deleted or taken down."))
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        return _away()
    return Problem(404, "not_found", _("There is nothing at this address."))


def _away() -> Problem:
    detail = _("The files of the pictures are away for a moment.")
    return Problem(503, "storage_away", detail, retry_after=TRY_AGAIN_AFTER)


def _of_the_framework(error: APIException) -> Problem:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, ValidationError):
        errors = list(_fields(error.detail))
        return Problem(400, "invalid_request", errors[0]["message"], errors=errors)
    detail = error.detail
    code = str(getattr(detail, "code", "invalid_request"))
    if isinstance(error, ParseError):
        code = "malformed_request"
    return Problem(error.status_code, code, str(detail), headers=headers)


def _fields(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """The sentences of a refused form, each with the field it is about."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            path = name if name != "non_field_errors" else ""
            yield from _fields(inner, f"{field}.{path}".strip("."))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _fields(inner, field)
    else:
        code = str(getattr(detail, "code", "invalid"))
        message = f"{field}: {detail}" if field else str(detail)
        yield {"field": field, "code": code, "message": message}
