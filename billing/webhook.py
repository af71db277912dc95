"""Where Stripe's events arrive."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.errors import Forged
from billing.inbox import receive

LARGEST = 256 * 1024
"""Bytes of an event, at most."""


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Stores a signed event and acknowledges it, of whatever type; forged ones get a 400."""
    if int(request.headers.get("Content-Length") or 0) > LARGEST:
        return HttpResponse(status=413)
    try:
        receive(request.body, request.headers.get("Stripe-Signature", ""))
    except Forged:
        return HttpResponse("Not signed by Stripe.", status=400, content_type="text/plain")
    return HttpResponse(status=200)
