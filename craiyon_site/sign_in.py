"""What this site adds to django-allauth: addresses as buckets, claims, secrets kept as ciphers."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

from accounts.models import User, Visitor
from accounts.networks import prefix_of
from accounts.visitors import COOKIE, visitor_of
from craiyon_site import lifecycle
from craiyon_site.languages import remember_language

NO_ADDRESS = "0.0.0.0"  # noqa: S104  (shown and counted, never bound)
"""Stands for a client whose address nobody names, behind a proxy's socket say."""

_SECRETS_SALT = "craiyon_site.sign_in.secrets"


class Backend(AuthenticationBackend):
    """Who is signed in."""

    def get_user(self, user_id: int) -> User | None:
        """Returns an account with what its rights are made of: every page asks for them too."""
        found = User.objects.select_related("plan", "override").filter(pk=user_id).first()
        return found if found and self.user_can_authenticate(found) else None


class AccountAdapter(DefaultAccountAdapter):
    """Signing in and up."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Returns the client's address, of IPv6 the /64: limits count it, sessions show it.

        REMOTE_ADDR is the client's own, as everywhere: no header is read.
        """
        try:
            return prefix_of(request.META.get("REMOTE_ADDR", "")).partition("/")[0]
        except ValueError:
            return NO_ADDRESS

    def set_password(self, user: User, password: str) -> None:
        """Saves a password and nothing else: a plan or a deletion that came meanwhile stays."""
        user.set_password(password)
        user.save(update_fields=["password"])

    def post_login(self, request: HttpRequest, user: User, **flow: Any) -> HttpResponseBase:
        """Gives an account what its owner drew as a visitor, once everything else has passed."""
        visitor = visitor_of(request)
        response: HttpResponseBase = super().post_login(request, user, **flow)
        if isinstance(visitor, Visitor):
            lifecycle.claim(visitor, user)
            response.delete_cookie(COOKIE, samesite="Lax")
        if user.language:
            remember_language(response, user.language)
        return response


class SecondFactorAdapter(DefaultMFAAdapter):
    """Passkeys and codes."""

    def encrypt(self, text: str) -> str:
        """Returns the cipher of a secret: who reads the tables alone cannot make codes."""
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Returns how authenticators list the site: by the name it goes by."""
        return {**super().get_public_key_credential_rp_entity(), "name": settings.SITE_NAME}


def _cipher() -> MultiFernet:
    """The newest secret key writes, older ones still read."""
    return MultiFernet(
        Fernet(base64.urlsafe_b64encode(_derived(secret)))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )


def _derived(secret: str) -> bytes:
    return salted_hmac(_SECRETS_SALT, "fernet", secret=secret, algorithm="sha256").digest()
