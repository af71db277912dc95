"""Google AdSense, where a setting turns it on: on which pages, for whom, and under which policy.

It is loaded on finished public grids alone, which are content: never where people wait, on forms,
on errors, or beside pictures that were held back. It is not loaded for subscribers, nor for
browsers that ask to be left alone, and asks for nothing personalised before the consent platform
has heard a yes. Google supports it under a policy by nonce and 'strict-dynamic' only, which the
other pages therefore do not have.
"""

from secrets import token_urlsafe
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from billing import ads

GOOGLES_ID = "f08c47fec0942fa0"
"""Google's certification authority id, the same in every ads.txt."""

POLICY = {
    "script-src": ["'unsafe-eval'", "'strict-dynamic'", "https:"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "https:", "data:"],
    "connect-src": ["'self'", "https:"],
    "frame-src": ["https:"],
    "font-src": ["'self'", "https:"],
}
"""What these pages are allowed on top; script-src gets the nonce as well."""


def is_on() -> bool:
    """Returns whether publisher, slot and consent platform are all named."""
    return bool(settings.ADSENSE_CLIENT and settings.ADSENSE_SLOT and settings.ADSENSE_CONSENT)


def nonce_for(request: HttpRequest, *, content: bool) -> str:
    """Returns the nonce under which this page loads AdSense, or the empty text where it does not.

    Args:
        request: for the page.
        content: whether it is a finished public grid with every picture in it.
    """
    if not (content and is_on()):
        return ""
    # A nonce is good once; and a page that leaves it out does so for whoever asked for it.
    request.for_one_reader = True  # type: ignore[attr-defined]
    if ads.left_alone(request) or not ads.may_see(request):
        return ""
    if request.headers.get("HX-Request"):
        return ""  # a part of a page that is open already, under the policy it came with
    if not hasattr(request, "adsense_nonce"):
        request.adsense_nonce = token_urlsafe(18)  # type: ignore[attr-defined]
    return str(request.adsense_nonce)  # type: ignore[attr-defined]


def consent_script() -> str:
    """Returns the address of the consent platform's script: Google's own, or a certified one's."""
    if settings.ADSENSE_CONSENT == "google":
        publisher = settings.ADSENSE_CLIENT.removeprefix("ca-")
        return f"https://fundingchoicesmessages.google.com/i/{publisher}?ers=1"
    return str(settings.ADSENSE_CONSENT)


def ads_txt(client: str) -> str:
    """Returns the file by which advertisers know who may sell a site's places."""
    if not client:
        return "placeholder.example.com, placeholder, DIRECT, placeholder\n"
    return f"google.com, {client.removeprefix('ca-')}, DIRECT, {GOOGLES_ID}\n"


@sync_and_async_middleware
def policy_of_its_own(answer: Any) -> Any:
    """Puts the policy on the pages that load AdSense, and on no others.

    Both ways of Django's, so that it costs the event streams no thread.
    """
    if iscoroutinefunction(answer):

        async def answered_later(request: HttpRequest) -> HttpResponseBase:
            return _widened(request, await answer(request))

        return answered_later

    def answered(request: HttpRequest) -> HttpResponseBase:
        return _widened(request, answer(request))

    return answered


def _widened(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if nonce := getattr(request, "adsense_nonce", ""):
        scripts = [f"'nonce-{nonce}'", *POLICY["script-src"]]
        response._csp_update = {**POLICY, "script-src": scripts}  # type: ignore[attr-defined]
    return response
