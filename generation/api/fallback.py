"""What a program gets where there is no address, or no answer."""

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from generation.api.problems import Problem, body

PREFIXES = ("/api/", "/v1/", "/sdapi/")


def is_for_programs(request: HttpRequest) -> bool:
    """Whether the address is one that only programs ask."""
    return request.path.startswith(PREFIXES)


def said(request: HttpRequest, problem: Problem) -> JsonResponse:
    """Returns a problem in the dialect of the address."""
    if request.path.startswith("/v1/"):
        kind = "server_error" if problem.status >= 500 else "invalid_request_error"
        error = {"message": problem.detail, "type": kind, "param": None, "code": problem.code}
        answer = JsonResponse({"error": error}, status=problem.status)
    elif request.path.startswith("/sdapi/"):
        answer = JsonResponse({"detail": problem.detail}, status=problem.status)
    else:
        answer = JsonResponse(
            body(problem), status=problem.status, content_type="application/problem+json"
        )
    for name, value in problem.all_headers.items():
        answer[name] = value
    return answer


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str = "") -> JsonResponse:
    """The answer at an address that there is not."""
    return said(request, Problem(404, "not_found", _("There is nothing at this address.")))
