"""Errors in OpenAI's shape, with its codes where it has one for the same."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.response import Response

from generation.api.problems import Problem, problem_of
from generation.errors import Failure, PromptBlocked
from generation.models import Job

CODES = {
    "key_missing": "invalid_api_key",
    "revoked_api_key": "invalid_api_key",
    "expired_api_key": "invalid_api_key",
    "limit_reached": "rate_limit_exceeded",
    "scope_missing": "insufficient_permissions",
}
MODERATED = "moderation_blocked"


class Refusal(Exception):
    """An error that only this dialect has."""

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.kind, self.param, self.headers = kind, param, dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        return {
            "error": {
                "message": self.message, "type": self.kind, "param": self.param, "code": self.code
            }
        }  # fmt: skip


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The exception handler of this dialect."""
    refusal = error if isinstance(error, Refusal) else refusal_of(error)
    if refusal is None:
        return None
    return Response(refusal.body, status=refusal.status, headers=refusal.headers)


def refusal_of(error: Exception) -> Refusal | None:
    """Returns what an error is in this dialect; None for what no caller can mend."""
    if isinstance(error, PromptBlocked):
        return moderated(error.message)
    problem = problem_of(error)
    if problem is None:
        return None
    status = 400 if problem.status == 422 else problem.status
    return Refusal(
        status,
        CODES.get(problem.code, problem.code),
        str(problem.detail),
        kind=_kind(problem),
        param=_param(problem),
        headers=problem.all_headers,
    )


def model_not_found(model: str) -> Refusal:
    """Nobody draws under this name."""
    message = _("The model “%s” does not exist here. GET /v1/models lists those that do.") % model
    return Refusal(404, "model_not_found", message, param="model")


def still_drawing() -> Refusal:
    """The call would outlast the gateways; asked again it joins the job that runs."""
    return Refusal(
        503,
        "still_drawing",
        _("The pictures are still being drawn. Send the same request again to wait on."),
        kind="server_error",
        headers={"Retry-After": "1", "x-should-retry": "true"},
    )


def failure_of(job: Job) -> Refusal:
    """What became of a job without pictures. To ask again at once would come to the same."""
    stop = {"x-should-retry": "false"}
    if job.status == Job.Status.CANCELLED:
        return Refusal(400, "cancelled", _("The grid was cancelled."), headers=stop)
    if job.error_code == Failure.BLOCKED:
        return moderated(str(Failure.BLOCKED.label))
    message = str(Failure(job.error_code).label)
    return Refusal(500, job.error_code, message, kind="server_error", headers=stop)


def moderated(message: str) -> Refusal:
    """What was asked for, or what was drawn, may not be shown."""
    return Refusal(400, MODERATED, message, kind="image_generation_user_error")


def _kind(problem: Problem) -> str:
    if problem.status == 429:
        return "requests"
    return "server_error" if problem.status >= 500 else "invalid_request_error"


def _param(problem: Problem) -> str | None:
    if problem.code == "prompt_refused":
        return "prompt"
    return next((error["field"] or None for error in problem.errors), None)
