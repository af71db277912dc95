"""The headers that every page carries."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/healthz", "/admin/login/", "/nowhere"])
class TestEveryAnswer:
    def test_lets_scripts_and_styles_come_from_the_site_alone(
        self, client: Client, address: str
    ) -> None:
        policy = client.get(address)["Content-Security-Policy"]
        rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
        assert rules["default-src"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == rules["img-src"] == "'self'"
        assert rules["form-action"] == rules["connect-src"] == "'self'"
        assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
        assert "unsafe" not in policy
        assert "data:" not in policy

    def test_is_not_guessed_at_framed_or_told_of(self, client: Client, address: str) -> None:
        answer = client.get(address)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
