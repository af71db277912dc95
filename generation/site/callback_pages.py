"""The pages about callbacks: parse, call one service, present."""

from typing import cast
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from generation.errors import RequestRefused
from generation.models import Callback, Delivery
from generation.programs import callbacks

SHOWN = 30


class CallbackForm(forms.Form):
    """Reads where to call."""

    url = forms.CharField(max_length=1000, label=_("Address"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    """The account's callbacks; a POST adds one and shows its secret, this once."""
    user = cast(User, request.user)
    form = CallbackForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            added = callbacks.add(user, form.cleaned_data["url"].strip())
        except RequestRefused as refused:
            form.add_error("url", refused.message)
        else:
            return _secret(request, added)
    context = {"form": form, "callbacks": user.callbacks.all(), "events": callbacks.ALL_EVENTS}
    status = 400 if form.is_bound else 200
    return render(request, "generation/callbacks.html", context, status=status)


@require_safe
@login_required
@never_cache
def one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A callback and its latest deliveries, with every try."""
    callback = _owned(request, pk)
    deliveries = callback.deliveries.prefetch_related("tries")[:SHOWN]
    context = {"callback": callback, "deliveries": deliveries}
    return render(request, "generation/callback.html", context)


@require_POST
@login_required
def change(request: HttpRequest, pk: UUID, action: str) -> HttpResponse:
    """Does one of the things that the callback's page has a button for."""
    callback = _owned(request, pk)
    match action:
        case "test":
            callbacks.test(callback)
        case "pause" | "resume":
            callbacks.pause(callback, paused=action == "pause")
        case "rotate":
            return _secret(request, callbacks.rotate(callback))
        case _:
            callbacks.remove(callback)
            return redirect("callbacks")
    return redirect("callback", pk)


@require_POST
@login_required
def redeliver(request: HttpRequest, pk: UUID, delivery: UUID) -> HttpResponse:
    """Has something delivered once more."""
    callbacks.redeliver(get_object_or_404(Delivery, pk=delivery, callback=_owned(request, pk)))
    return redirect("callback", pk)


def _owned(request: HttpRequest, pk: UUID) -> Callback:
    callback: Callback = get_object_or_404(Callback, pk=pk, user=request.user)
    return callback


def _secret(request: HttpRequest, callback: Callback) -> HttpResponse:
    response = render(request, "generation/callback_secret.html", {"callback": callback})
    response["Cache-Control"] = "private, no-store"
    return response
