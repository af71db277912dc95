"""Where ads are counted: their picture, and the way to where they lead."""

import base64

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing import ads, adsense
from billing.models import HouseAd

NOTHING = base64.b64decode("R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
"""A picture of one clear point, for ads that are text."""


@require_safe
@never_cache
def place(request: HttpRequest, page: str) -> HttpResponse:
    """An ad in its place, for a page that everybody shares."""
    context = {"kept": True, "shown": ads.chosen(request, page), "page": page}
    return render(request, "billing/ad.html", context)


@require_safe
@never_cache
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """The picture of an ad, or a clear point; that it was asked for is a view."""
    try:
        ad = ads.see(token)
    except (signing.BadSignature, HouseAd.DoesNotExist):
        raise Http404 from None
    kind = "image/webp" if ad.picture else "image/gif"
    response = HttpResponse(bytes(ad.picture) or NOTHING, content_type=kind)
    ads.remember(request, response, ad)
    return response


@require_safe
@never_cache
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Leads to where an ad leads."""
    try:
        return HttpResponseRedirect(ads.follow(token))
    except (signing.BadSignature, HouseAd.DoesNotExist):
        raise Http404 from None


@require_safe
def ads_txt(request: HttpRequest) -> HttpResponse:
    """Who may sell ads on this site: AdSense where it is on, else nobody."""
    return HttpResponse(adsense.ads_txt(settings.ADSENSE_CLIENT), content_type="text/plain")
