"""The pages about money: parse, call one service, present."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import metering
from accounts.models import User
from accounts.visitors import known_key, new_key, owner_of
from billing import checkout, pages
from billing.amounts import money
from billing.errors import BillingError, NothingToChange
from billing.models import Kind, Subscription

TRY_AGAIN_AFTER = 60

LARGEST_CAP = 10**6
"""Paid grids a month."""

LONGEST_MOMENT = 12
"""Digits of Unix seconds."""

View = Callable[..., HttpResponse]


def leads_to_stripe(view: View) -> View:
    """Lets the page's forms lead to Stripe: browsers hold redirects, too, to form-action."""

    @wraps(view)
    def led(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        own = urlsplit(settings.STRIPE_API_BASE)
        places = ["https://checkout.stripe.com", "https://billing.stripe.com"]
        if own.netloc:
            places = [f"{own.scheme}://{own.netloc}"]
        allowed = csp_update({"form-action": places})
        return cast(HttpResponse, allowed(view)(request, *arguments, **named))

    return led


@require_safe
@never_cache
@leads_to_stripe
def plans(request: HttpRequest) -> HttpResponse:
    """What there is, what it costs, and what somebody has."""
    return _plans(request)


@require_POST
@login_required(redirect_field_name="next")
@leads_to_stripe
def begin(request: HttpRequest) -> HttpResponse:
    """Leads to Checkout."""
    key, lookup = request.POST.get("key", ""), request.POST.get("price", "")
    try:
        return redirect(checkout.begin(_user(request), lookup, f"{lookup} {known_key(key)}"))
    except BillingError as error:
        return _plans(request, error)


@require_safe
@never_cache
@login_required
def come_back(request: HttpRequest) -> HttpResponse:
    """Where Checkout leads back to. What it says is read from Stripe, not from the address, which
    only names the kind that is waited for.
    """
    user, kind = _user(request), request.GET.get("kind", "")
    with suppress(BillingError):  # the chores go on asking, and so does the page
        checkout.come_back(user)
    bought = [one.kind for one in checkout.running(user) if one.entitled]
    ready = kind in bought if kind in Kind.values else bool(bought)
    premium = Kind.PREMIUM in bought and kind != Kind.API
    context = {"ready": ready, "premium": premium}
    return render(request, "billing/return.html", context)


@require_POST
@login_required
@leads_to_stripe
def portal(request: HttpRequest) -> HttpResponse:
    """Leads to invoices and cards."""
    try:
        return redirect(checkout.open_portal(_user(request)))
    except BillingError as error:
        return _plans(request, error)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: HttpRequest, lookup_key: str) -> HttpResponse:
    """Says what another price would cost now; a POST changes to it, at the cost that was shown."""
    user, key = _user(request), request.POST.get("key", "")
    try:
        if shown := _shown(request):
            checkout.change(user, lookup_key, shown, f"{lookup_key} {known_key(key)}")
            messages.success(request, _("Changed. The next invoice is at the new price."))
            return redirect("plans")
        previewed = checkout.previewed(user, lookup_key)
    except BillingError as error:
        return _plans(request, error)
    cost = previewed.cost
    if request.method == "POST":
        messages.info(request, _("That was shown a while ago. This is what it costs now."))
    context = {
        "change": previewed,
        "old": money(previewed.subscription.amount, previewed.subscription.currency),
        "new": money(previewed.to.amount, previewed.to.currency),
        "due": money(cost.due, cost.currency) if cost.due > 0 else "",
        "credit": money(-cost.total, cost.currency) if cost.total < 0 else "",
        "key": new_key(),
    }
    return render(request, "billing/change.html", context)


def _shown(request: HttpRequest) -> int:
    """When the cost was shown that somebody agrees to; 0 where nobody does, or it was long ago."""
    said = request.POST.get("shown", "")
    shown = int(said) if said.isascii() and said.isdigit() and len(said) < LONGEST_MOMENT else 0
    return shown if checkout.holds(shown) else 0


@require_POST
@login_required
def cap(request: HttpRequest) -> HttpResponse:
    """Sets the most paid grids of a month."""
    said = request.POST.get("cap", "")
    if not (said.isascii() and said.isdigit() and int(said) <= LARGEST_CAP):
        messages.error(request, _("A cap is a whole number of grids, up to %d.") % LARGEST_CAP)
    elif metering.set_cap(_user(request), int(said)):
        messages.success(request, _("Your programs draw at most %s paid grids a month.") % said)
    return redirect("plans")


@require_POST
@login_required
def end(request: HttpRequest, kind: str) -> HttpResponse:
    """Ends a subscription with what is paid for, or has it go on after all."""
    ends = request.POST.get("ends") == "1"
    try:
        if kind not in Kind.values:
            raise NothingToChange
        subscription = checkout.end_with_period(_user(request), kind, ends=ends)
    except BillingError as error:
        return _plans(request, error)
    messages.success(request, _said_of(subscription, ends=ends))
    return redirect("plans")


def _said_of(one: Subscription, *, ends: bool) -> str:
    """What became of the wish that a subscription end, or go on, by what was read after it."""
    day = date_format(one.period_end, "DATE_FORMAT")
    if one.status in Subscription.ENDED:
        return _("It has ended.")
    if one.ends != ends:
        return _("Our payment service has that, and will confirm it: this page will show it.")
    if not ends:
        return _("It goes on. Next: %s.") % day
    kept = one.entitled  # while it is paused there is nothing to keep
    said = _("Cancelled. You keep everything until %s.") if kept else _("Cancelled. It ends on %s.")
    return said % day


def _plans(request: HttpRequest, error: BillingError | None = None) -> HttpResponse:
    context = {**pages.plans(owner_of(request)), "key": new_key(), "error": error}
    response = render(request, "billing/plans.html", context)
    response["Cache-Control"] = "private, no-store"
    if error is not None:
        response.status_code = error.status
        if error.status == 503:
            response["Retry-After"] = str(TRY_AGAIN_AFTER)
    return response


def _user(request: HttpRequest) -> User:
    """Whoever is signed in: every view here asks for that first."""
    return cast(User, request.user)
