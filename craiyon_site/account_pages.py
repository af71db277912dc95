"""The account's own pages: parse, call one service, present."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import cast

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.files import File
from django.core.files.storage import storages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.entitlements import entitlements_of
from accounts.models import Export, User
from billing.errors import BillingError
from craiyon_site import exports, lifecycle, tasks
from craiyon_site.account_forms import DeletionForm, ProfileForm
from craiyon_site.languages import remember_language
from generation.site import pages

PIECE = 256 * 1024
"""Bytes of a download that are in memory at once."""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def overview(request: HttpRequest) -> HttpResponse:
    """Plan, what is left of it, and the profile, which a POST changes."""
    user = cast(User, request.user)
    if request.method != "POST":
        return _overview(request, user, ProfileForm(instance=user))
    form = ProfileForm(request.POST, instance=user)
    if not form.is_valid():
        return _overview(request, User.objects.get(pk=user.pk), form)
    # Those alone: a plan or a deletion that came meanwhile stays.
    form.save(commit=False).save(update_fields=form._meta.fields)
    with translation.override(user.language or translation.get_language()):
        messages.success(request, _("Saved."))
    response = redirect("account")
    if user.language:
        remember_language(response, user.language)
    return response


def _overview(request: HttpRequest, user: User, form: ProfileForm) -> HttpResponse:
    rights = entitlements_of(user)
    context = {
        "form": form,
        "rights": rights,
        "rooms": pages.rooms_of(user, rights),
        "export": exports.latest(user),
        "address": EmailAddress.objects.get_primary(user) or user.email,
    }
    status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
    return render(request, "accounts/overview.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@never_cache
def delete(request: HttpRequest) -> HttpResponse:
    """Asks whether the account shall be deleted, of who has just proved who they are."""
    user = cast(User, request.user)
    form = DeletionForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
        context = {"form": form, "grids": pages.kept_by(user)}
        return render(request, "accounts/delete.html", context, status=status)
    try:
        lifecycle.delete_account(user)
    except BillingError as error:
        kept = _("Your account was not deleted.")
        messages.error(request, f"{error.message} {kept}")
        return redirect("account_delete")
    logout(request)
    messages.success(request, _("Your account is deleted, with everything you drew."))
    return redirect("home")


@require_POST
@login_required
def export(request: HttpRequest) -> HttpResponse:
    """Has everything of the account packed."""
    exports.ask(cast(User, request.user))
    tasks.ring_for_exports()
    return redirect(f"{reverse('account')}#export")


@require_safe
@login_required
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The packed file, for its owner alone."""
    ready = get_object_or_404(Export, pk=pk, user=request.user, status=Export.Status.READY)
    try:
        file = storages["exports"].open(ready.name)
    except FileNotFoundError:
        raise Http404 from None
    return StreamingHttpResponse(
        _pieces(file),
        content_type="application/zip",
        headers={
            "Content-Disposition": content_disposition_header(True, "craiyon.zip") or "attachment",
            "Content-Length": str(ready.bytes),
            "Cache-Control": "private, no-store",
        },
    )


async def _pieces(file: File[bytes]) -> AsyncIterator[bytes]:
    """A server of asynchronous requests would read an ordinary iterator into memory first."""
    try:
        while piece := await sync_to_async(file.read)(PIECE):
            yield piece
    finally:
        await sync_to_async(file.close)()
