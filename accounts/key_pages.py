"""The pages about API keys: parse, call one service, present."""

from http import HTTPStatus
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import keys, usage_report
from accounts.key_forms import KeyForm, ReportForm
from accounts.models import ApiKey, User


@require_safe
@login_required
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    """The account's keys, and what they have drawn lately."""
    user = cast(User, request.user)
    valid = set(keys.valid().filter(user=user).values_list("pk", flat=True))
    rows = [(key, key.pk in valid) for key in user.api_keys.all()]
    chart = usage_report.chart_of(usage_report.usage_of(user))
    return render(request, "accounts/keys.html", {"keys": rows, "chart": chart})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Asks what the key is for; a POST makes it and shows it, this once."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
        return render(request, "accounts/key_new.html", {"form": form}, status=status)
    try:
        key, text = keys.make(cast(User, request.user), form.wish())
    except keys.TooManyKeys:
        form.add_error(
            None, _("You have %(most)d keys. Revoke one first.") % {"most": keys.MOST_KEYS}
        )
        return render(request, "accounts/key_new.html", {"form": form}, status=409)
    context: dict[str, Any] = {"key": key, "text": text}
    return render(request, "accounts/key_made.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks whether a key shall end; a POST ends it."""
    key = get_object_or_404(ApiKey, pk=pk, user=request.user)
    if request.method == "POST":
        keys.revoke(key)
        return redirect("api_keys")
    return render(request, "accounts/key_revoke.html", {"key": key})


@require_safe
@login_required
@never_cache
def usage(request: HttpRequest) -> HttpResponse:
    """The last thirty days by day and key, for a spreadsheet."""
    rows = usage_report.usage_of(cast(User, request.user))
    return HttpResponse(
        usage_report.as_csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="usage.csv"'},
    )


@sensitive_post_parameters("key")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def report(request: HttpRequest) -> HttpResponse:
    """Takes a key that somebody found in the open, and ends it. Needs no account."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    ended = form.is_valid() and keys.report(form.cleaned_data["key"].strip())
    if form.is_bound and not ended:
        form.add_error("key", _("That is no key of this site, so nothing was changed."))
    status = HTTPStatus.BAD_REQUEST if form.is_bound and not ended else HTTPStatus.OK
    context = {"form": form, "ended": ended}
    return render(request, "accounts/key_report.html", context, status=status)
