"""Grids on another device: a code is shown here and typed there."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts import claims
from accounts.models import User, Visitor
from accounts.visitors import network_from, owner_of, remember
from craiyon_site import lifecycle
from generation.site.pages import duration

MINUTES = round(claims.LIFETIME.total_seconds() / 60)


@require_safe
@never_cache
def carry(request: HttpRequest) -> HttpResponse:
    """Both sides of it: the button that makes a code, and the field that takes one."""
    return _page(request)


@require_POST
@never_cache
def make(request: HttpRequest) -> HttpResponse:
    """Shows a new code, this once."""
    visitor = owner_of(request)
    if not isinstance(visitor, Visitor):
        return redirect("carry")
    try:
        return _page(request, code=claims.new_code(visitor))
    except claims.ClaimRefused as refused:
        return _page(request, refused=refused)


@require_POST
@never_cache
@sensitive_post_parameters("code")
def take(request: HttpRequest) -> HttpResponse:
    """Takes a code, and leads to the grids that came with it."""
    typed = request.POST.get("code", "")
    try:
        taken = lifecycle.take_over(typed, owner=owner_of(request), network=network_from(request))
    except claims.ClaimRefused as refused:
        return _page(request, refused=refused, typed=typed)
    said = ngettext("%(n)d grid is here now.", "%(n)d grids are here now.", taken.grids)
    messages.success(request, said % {"n": taken.grids})
    response = redirect("mine")
    response.status_code = HTTPStatus.SEE_OTHER
    if isinstance(taken.owner, Visitor):
        remember(response, taken.owner)
    return response


def _page(
    request: HttpRequest,
    *,
    code: str = "",
    typed: str = "",
    refused: claims.ClaimRefused | None = None,
) -> HttpResponse:
    owner = owner_of(request)
    again_in = duration(refused.retry_after) if refused and refused.retry_after else ""
    context = {
        "code": code,
        "typed": typed[:40],
        "refused": refused,
        "again_in": again_in,
        "minutes": MINUTES,
        "has_account": isinstance(owner, User),
        "has_grids": isinstance(owner, Visitor),
    }
    response = render(request, "accounts/carry.html", context)
    if refused is not None:
        response.status_code = refused.status
        if refused.retry_after:
            response["Retry-After"] = str(refused.retry_after)
    return response
