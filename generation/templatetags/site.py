"""What every page says of the site."""

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_info

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Returns what the site is called; error pages, too, which get no context."""
    return str(settings.SITE_NAME)


@register.simple_tag
def site_address() -> str:
    """Returns where the site is, for mails."""
    return str(settings.SITE_URL)


@register.simple_tag
def mail_is_printed() -> str:
    """Returns where mails are printed rather than sent; the empty text where they are sent.

    The name of the file is for who runs the site on their own machine, and for nobody else.
    """
    if settings.EMAIL_BACKEND != "django.core.mail.backends.console.EmailBackend":
        return ""
    return str(settings.CRAIYON_DATA / "log" / "web.log") if settings.DEBUG else "1"


@register.simple_tag(takes_context=True)
def here(context: Context, name: str) -> SafeString:
    """Returns the attribute that marks a link as the page being looked at."""
    request: HttpRequest | None = context.get("request")
    current = request is not None and request.path == reverse(name)
    return mark_safe(' aria-current="page"' if current else "")  # noqa: S308


@register.simple_tag(takes_context=True)
def languages(context: Context) -> list[dict[str, Any]]:
    """Returns each language with its own name and this page's address in it."""
    request: HttpRequest | None = context.get("request")
    path, query = "/", ""
    if request is not None and request.method in {"GET", "HEAD"}:
        asked = request.GET.copy()
        asked.pop("lang", None)
        path, query = request.path, asked.urlencode()
    return [
        {
            "code": code,
            "name": get_language_info(code)["name_local"].capitalize(),
            "current": code == get_language(),
            "address": f"{path}?{query}{'&' if query else ''}lang={code}",
            "canonical": f"{settings.SITE_URL}{path}?lang={code}",
        }
        for code, _ in settings.LANGUAGES
    ]
