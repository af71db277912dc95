"""Nothing half configured starts: each missing piece is named."""

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from pytest_django import Settings


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


def test_without_a_key_the_commands_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY is missing"):
        call_command("billing_setup")
    call_command("billing_doctor")
    assert "Billing is off" in capsys.readouterr().out
