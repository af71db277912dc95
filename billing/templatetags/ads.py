"""The places of ads in the templates."""

from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.visitors import is_unknown
from billing import ads, adsense

register = template.Library()


@register.inclusion_tag("billing/ad.html", takes_context=True)
def ad_slot(context: Context, page: str) -> dict[str, Any]:
    """Keeps a place for an ad, and fills it where an ad may be.

    On a grid it is filled once the grid is finished and every picture in it may be seen: nobody
    gets an ad while they wait, or beside a picture that was held back. The place stays the same.
    """
    request = context.get("request")
    runs = bool(ads.on(page)) or adsense.is_on()  # asked first: it costs no query
    if request is None or not runs or not ads.may_see(request):
        return {"kept": False}
    filled = page != "grid" or _is_whole(context)
    nonce = adsense.nonce_for(request, content=page == "grid" and _is_public_content(context))
    # A page that many share must not hold one showing for all of them: they ask for their own.
    later = filled and not nonce and page == "grid" and is_unknown(request)
    shown = ads.chosen(request, page) if filled and not nonce and not later else None
    return {
        "kept": bool(ads.on(page)) or bool(nonce),
        "shown": shown,
        "later": later,
        "nonce": nonce,
        "adsense_client": settings.ADSENSE_CLIENT,
        "adsense_slot": settings.ADSENSE_SLOT,
        "consent": adsense.consent_script() if nonce else "",
        "page": page,
    }


@register.simple_tag(takes_context=True)
def ad_nonce(context: Context) -> SafeString:
    """Returns the attribute that a page's own scripts need under AdSense's policy, or nothing."""
    request = context.get("request")
    if request is None:
        return SafeString("")
    nonce = adsense.nonce_for(request, content=_is_public_content(context))
    return format_html(' nonce="{}"', nonce) if nonce else SafeString("")


def _is_whole(context: Context) -> bool:
    return bool(context.get("whole"))


def _is_public_content(context: Context) -> bool:
    job = context.get("job")
    return job is not None and job.visibility == "public" and _is_whole(context)
