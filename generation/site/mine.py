"""The pages of what somebody has drawn: parse, call one service, present."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.visitors import moved_away, owner_of
from generation.queue import deletion
from generation.site import history


@require_safe
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """The grids of who asks, a leaf of them."""
    owner = owner_of(request)
    words = " ".join(history.words_in(request.GET.get("words", "")))
    before = request.GET.get("before", "")
    leaf = history.Leaf([], "")
    if owner is not None:
        leaf = history.leaf_of(owner, words=words, before=before)
    first = not before
    context = {
        "leaf": leaf,
        "words": words,
        "first": first,
        "deleted": history.deleted_by(owner) if owner is not None and first else [],
        "minutes": round(deletion.GRACE.total_seconds() / 60),
        "has_account": isinstance(owner, User),
        "moved_away": owner is None and moved_away(request),
    }
    return render(request, "generation/mine.html", context)


@require_POST
@never_cache
def delete(request: HttpRequest) -> HttpResponse:
    """Deletes the chosen grids, which the page then offers to bring back."""
    owner, ids = owner_of(request), _ids(request)
    if owner is not None and ids:
        history.delete(owner, ids)
    else:
        messages.warning(request, _("Choose the grids to delete first."))
    return _back()


@require_POST
@never_cache
def undo(request: HttpRequest) -> HttpResponse:
    """Brings deleted grids back."""
    owner = owner_of(request)
    back = 0 if owner is None else history.bring_back(owner, _ids(request))
    if back:
        said = ngettext("%(n)d grid is back.", "%(n)d grids are back.", back)
        messages.success(request, said % {"n": back})
    else:
        messages.warning(request, _("It is too late: what was deleted is erased."))
    return _back()


def _back() -> HttpResponse:
    response = redirect("mine")
    response.status_code = HTTPStatus.SEE_OTHER
    return response


def _ids(request: HttpRequest) -> list[UUID]:
    """The ids that were sent; what is none is nobody's grid."""
    found = []
    for said in request.POST.getlist("id"):
        try:
            found.append(UUID(said))
        except ValueError:
            continue
    return found
