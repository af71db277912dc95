"""What billing_setup makes at Stripe: whatever cuts it short, the next run goes on."""

import itertools
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.billing.cast import Shop
from tests.fakes.stripe_server import StripeServer, stripe_running
from tests.fakes.stripe_server.server import KEY
from tests.fakes.stripe_server.store import Object

pytestmark = pytest.mark.django_db


def at(stripe: StripeServer) -> Object:
    """The one webhook endpoint."""
    (endpoint,) = stripe.store.all("webhook_endpoint")
    return endpoint


@pytest.mark.parametrize("fault", ["500", "drop-after"])
def test_a_set_up_that_is_cut_short_anywhere_and_run_again_keeps_the_secret(
    settings: Settings, tmp_path: Path, fault: str
) -> None:
    for asked in itertools.count():
        with stripe_running() as stripe:
            settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = KEY, stripe.url
            settings.STRIPE_WEBHOOK_SECRET = ""
            settings.STRIPE_WEBHOOK_FILE = file = tmp_path / f"secret-{asked}"
            stripe.faults.extend([""] * asked + [fault])
            try:
                call_command("billing_setup", stdout=StringIO())
                break  # there are no more requests to fail
            except CommandError:
                settings.STRIPE_WEBHOOK_SECRET = file.read_text() if file.exists() else ""
            call_command("billing_setup", stdout=StringIO())
            assert file.read_text() == at(stripe)["secret"]
    assert asked > 10


def test_an_endpoint_whose_secret_nobody_kept_is_made_anew(shop: Shop, settings: Settings) -> None:
    old, said = at(shop.stripe), StringIO()
    settings.STRIPE_WEBHOOK_SECRET = ""
    call_command("billing_setup", stdout=said)
    assert at(shop.stripe)["id"] != old["id"]
    assert settings.STRIPE_WEBHOOK_FILE.read_text() == at(shop.stripe)["secret"]
    assert "deleted the webhook endpoint" in said.getvalue()


def test_an_endpoint_that_was_disabled_is_enabled_again(shop: Shop) -> None:
    endpoint = at(shop.stripe)
    endpoint["status"] = "disabled"
    call_command("billing_setup", stdout=StringIO())
    assert at(shop.stripe) is endpoint
    assert endpoint["status"] == "enabled"
