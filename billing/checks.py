"""What is half configured is named before anything starts."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PUBLISHER = re.compile(r"ca-pub-[0-9]{16}")


@register("billing")
def configuration(app_configs: Sequence[Any] | None, **_: Any) -> list[CheckMessage]:
    """Every piece that is missing or wrong, each with what to do."""
    return [*_faults(), *_faults_of_ads()]


def _faults_of_ads() -> Iterator[CheckMessage]:
    client, slot = settings.ADSENSE_CLIENT, settings.ADSENSE_SLOT
    consent = settings.ADSENSE_CONSENT
    named = {"ADSENSE_CLIENT": client, "ADSENSE_SLOT": slot, "ADSENSE_CONSENT": consent}
    if any(named.values()):
        for name in (name for name, value in named.items() if not value):
            yield Error(
                f"AdSense is half configured: {name} is missing.",
                hint="It needs publisher, slot and a certified consent platform, or none of them.",
                id="billing.E011",
            )
    if client and not PUBLISHER.fullmatch(client):
        yield Error("ADSENSE_CLIENT must look like ca-pub-0000000000000000.", id="billing.E012")
    if slot and not slot.isdigit():
        yield Error("ADSENSE_SLOT must be a number.", id="billing.E013")
    if consent and consent != "google" and urlsplit(consent).scheme != "https":
        yield Error("ADSENSE_CONSENT must be google, or an https address.", id="billing.E014")


def refuse_half_configured() -> None:
    """Raises ImproperlyConfigured with every piece that is missing or wrong.

    Commands and workers run the checks by themselves; a web server asks here.
    """
    if faults := configuration(None):
        lines = (f"{fault.msg} {fault.hint or ''}".strip() for fault in faults)
        raise ImproperlyConfigured("\n".join(lines))


def _faults() -> Iterator[CheckMessage]:
    key, secret = settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET
    if key and not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        yield Error(
            "STRIPE_SECRET_KEY is no secret key of Stripe's.",
            hint="It begins with sk_test_, sk_live_, rk_test_ or rk_live_.",
            id="billing.E001",
        )
    if key and not secret:
        yield Error(
            "STRIPE_SECRET_KEY is set, but STRIPE_WEBHOOK_SECRET is missing.",
            hint="manage.py billing_setup makes the endpoint and keeps its secret.",
            id="billing.E002",
        )
    if secret and not key:
        yield Error(
            "STRIPE_WEBHOOK_SECRET is set, but STRIPE_SECRET_KEY is missing.",
            hint="Set both, or neither: without them billing is off.",
            id="billing.E003",
        )
    base = urlsplit(settings.STRIPE_API_BASE)
    if settings.STRIPE_API_BASE and base.hostname not in LOOPBACK and base.scheme != "https":
        yield Error(
            "STRIPE_API_BASE would send the key without encryption.",
            hint="Leave it empty, or name an https address.",
            id="billing.E004",
        )
    if "_live_" in key and not settings.SITE_URL.startswith("https://"):
        yield Error(
            "STRIPE_SECRET_KEY is a live key, but SITE_URL is not https.",
            hint="Stripe calls back to SITE_URL, and people return there after they have paid.",
            id="billing.E005",
        )
    if key and not settings.SUPPORT_EMAIL:
        yield Error(
            "STRIPE_SECRET_KEY is set, but SUPPORT_EMAIL is missing.",
            hint="The pricing page promises refunds, and must say where to ask for one.",
            id="billing.E006",
        )
