"""Who a program is, by its key, and what the key may do."""

import base64
import binascii
from collections.abc import Mapping
from typing import cast

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts import keys
from accounts.keys import KeyRefused
from accounts.models import ApiKey, User


class BearerKey(BaseAuthentication):
    """``Authorization: Bearer cry_live_…``. Cookies mean nothing here."""

    challenge = 'Bearer realm="api"'

    def authenticate(self, request: Request) -> tuple[User, ApiKey]:
        text = self.text_in(request.headers.get("Authorization", ""))
        if not text:
            raise NotAuthenticated(_how_to_get_a_key(), code="key_missing")
        try:
            key = keys.key_of(text)
        except KeyRefused as refused:
            raise AuthenticationFailed(str(refused.message), code=refused.code) from None
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return self.challenge

    def text_in(self, header: str) -> str:
        """Returns the key that a header holds, or the empty text."""
        scheme, _space, text = header.partition(" ")
        return text.strip() if scheme.lower() == "bearer" else ""


class BasicKey(BearerKey):
    """The key as a password, by HTTP Basic with any name, or as a bearer."""

    challenge = 'Basic realm="api", charset="UTF-8"'

    def text_in(self, header: str) -> str:
        scheme, _space, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return super().text_in(header)
        try:
            said = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        name, _colon, password = said.partition(":")
        return password or name


class HasScope(BasePermission):
    """The key has the scope that the view names for the method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scopes: Mapping[str | None, ApiKey.Scope] = getattr(view, "scopes", {})
        # Django answers HEAD by the view's get.
        needed = scopes.get("GET" if request.method == "HEAD" else request.method)
        if needed is None or needed in key_of(request).scopes:
            return True
        raise PermissionDenied(
            _("This key may not do that: it lacks the scope “%s”.") % needed.value,
            code="scope_missing",
        )


def key_of(request: Request) -> ApiKey:
    """Returns the key of an authenticated request."""
    return cast(ApiKey, request.auth)


def _how_to_get_a_key() -> str:
    return _(
        "An API key is needed. Sign in, make one at %(address)s, and send it as "
        "“Authorization: Bearer cry_live_…”."
    ) % {"address": f"{settings.SITE_URL}/account/keys"}
