"""Which language a page is in: the address says, then the cookie, then the browser."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils.cache import patch_vary_headers

PARAMETER = "lang"
COOKIE_SECONDS = 365 * 24 * 3600


class LanguageMiddleware(LocaleMiddleware):
    """Django's, with `?lang=fr` above all else: who opens such an address stays in it by cookie."""

    def process_request(self, request: HttpRequest) -> None:
        if said := _said(request):
            request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = said
        super().process_request(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if response.get("Content-Type", "").startswith("image/"):
            return response  # pictures are the same in every language, and caches may share them
        response = super().process_response(request, response)
        patch_vary_headers(response, ("Cookie",))
        if said := _said(request):
            remember_language(response, said)
        return response


def remember_language(response: HttpResponseBase, code: str) -> None:
    """Sets the cookie by which a browser stays in a language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=COOKIE_SECONDS,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )


def _said(request: HttpRequest) -> str:
    """The language in the address, where the site speaks it."""
    said = request.GET.get(PARAMETER, "")
    return said if said in dict(settings.LANGUAGES) else ""
