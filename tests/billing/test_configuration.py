"""Nothing half configured starts: each missing piece is named."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from billing.checks import refuse_half_configured
from craiyon_site.apps import checkpoints_that_may_be_sold
from generation.catalogue import offered


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_x"}, "STRIPE_SECRET_KEY is missing"),
        ({"STRIPE_SECRET_KEY": "pk_test_x", "STRIPE_WEBHOOK_SECRET": "w"}, "no secret key"),
        ({"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_WEBHOOK_SECRET": "w"}, "not https"),
        ({"STRIPE_API_BASE": "http://stripe.example"}, "without encryption"),
        ({}, ""),
    ],
)
def test_each_missing_piece_is_named(
    settings: Settings, changed: dict[str, str], named: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    said = [str(fault.msg) for fault in run_checks(tags=["billing"])]
    assert any(named in line for line in said) if named else said == []
    assert not any("sk_live_x" in line for line in said)


def test_a_web_server_does_not_start_half_configured(settings: Settings) -> None:
    refuse_half_configured()
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    with pytest.raises(ImproperlyConfigured, match="STRIPE_WEBHOOK_SECRET is missing"):
        refuse_half_configured()


def test_a_web_server_names_all_that_is_missing_at_once(settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.SUPPORT_EMAIL = "sk_test_x", ""
    settings.ADSENSE_CLIENT = "ca-pub-1234567890123456"
    with pytest.raises(ImproperlyConfigured) as refused:
        refuse_half_configured()
    for missing in ("STRIPE_WEBHOOK_SECRET", "SUPPORT_EMAIL", "ADSENSE_SLOT", "ADSENSE_CONSENT"):
        assert f"{missing} is missing" in str(refused.value)


def test_the_web_server_itself_asks_before_it_serves() -> None:
    alone = {**os.environ, "STRIPE_SECRET_KEY": "sk_test_x"}
    done = subprocess.run(
        [sys.executable, "-c", "import craiyon_site.asgi"],
        env=alone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "ImproperlyConfigured: STRIPE_SECRET_KEY is set" in done.stderr


def test_what_may_not_be_sold_is_not_offered_while_billing_is_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent = replace(next(iter(offered().values())), commercial_ok=False)
    monkeypatch.setattr("craiyon_site.apps.offered", lambda: {lent.name: lent})
    assert checkpoints_that_may_be_sold(None) == []
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    assert "may not be used commercially" in checkpoints_that_may_be_sold(None)[0].msg


def test_without_a_key_the_commands_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY is missing"):
        call_command("billing_setup")
    call_command("billing_doctor")
    assert "Billing is off" in capsys.readouterr().out
