"""Coming back: by password, by code, with a second factor; and being kept out."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.accounts.people import PASSWORD, code_in, is_signed_in, member, prove, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.fixture
def alice() -> User:
    return member("alice")


def totp_code(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


@pytest.mark.usefixtures("alice")
class TestAPassword:
    def test_signs_in_and_leads_to_the_first_page(self, client):
        answer = sign_in(client, "alice")
        assert answer.headers["Location"] == "/"
        assert is_signed_in(client)

    def test_leads_back_to_the_page_that_asked(self, client):
        asked = client.get("/account")
        assert asked.headers["Location"] == "/account/login/?next=/account"
        said = {"login": "alice@example.org", "password": PASSWORD, "next": "/account"}
        assert client.post("/account/login/", said).headers["Location"] == "/account"

    def test_leads_to_no_other_site(self, client):
        said = {"login": "alice@example.org", "password": PASSWORD, "next": "https://evil.example"}
        assert client.post("/account/login/", said).headers["Location"] == "/"

    def test_that_is_wrong_says_no_more_than_that(self, client):
        wrong = sign_in(client, "alice", "wrong").context["form"].errors
        nobody = sign_in(client, "nobody", "wrong").context["form"].errors
        assert str(wrong) == str(nobody)
        assert not is_signed_in(client)

    def test_cannot_be_guessed_at_for_long(self, client):
        for _ in range(5):
            sign_in(client, "alice", "wrong")
        answer = sign_in(client, "alice")
        assert "Too many failed" in str(answer.context["form"].errors)
        assert not is_signed_in(client)

    def test_cannot_be_guessed_at_by_naming_other_addresses_in_headers(self, client):
        for number in range(5):
            client.post(
                "/account/login/",
                {"login": "alice@example.org", "password": "wrong"},
                headers={"X-Forwarded-For": f"198.51.100.{number}"},
            )
        assert "Too many failed" in str(sign_in(client, "alice").context["form"].errors)

    def test_of_many_accounts_cannot_be_guessed_at_from_one_64(self, client):
        answers = [
            client.post(
                "/account/login/",
                {"login": f"somebody{number}@example.org", "password": "wrong"},
                REMOTE_ADDR=f"2001:db8:1:2::{number}",
            )
            for number in range(11)
        ]
        assert "Too many failed" in str(answers[-1].context["form"].errors)


def test_a_code_by_mail_signs_in(client, alice, mailoutbox):
    client.post("/account/login/code/", {"email": alice.email})
    assert "CODE" not in client.get("/account/login/code/confirm/").request["PATH_INFO"]
    client.post("/account/login/code/confirm/", {"code": code_in(mailoutbox[0])})
    assert is_signed_in(client)


def test_a_forgotten_password_is_replaced_by_a_code(client, alice, mailoutbox):
    client.post("/account/password/reset/", {"email": alice.email})
    client.post("/account/password/reset/confirm/", {"code": code_in(mailoutbox[0])})
    new = "nine owls in a row"
    client.post("/account/password/reset/complete/", {"password1": new, "password2": new})
    alice.refresh_from_db()
    assert alice.check_password(new)


def test_sessions_are_listed_and_the_others_ended(alice):
    here, elsewhere = Client(headers={"User-Agent": "Here"}), Client(headers={"User-Agent": "Far"})
    sign_in(here, "alice")
    sign_in(elsewhere, "alice")
    page = here.get("/account/sessions/").content.decode()
    assert "Here" in page
    assert "Far" in page
    here.post("/account/sessions/")
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert UserSession.objects.count() == 1


class TestASecondFactor:
    @pytest.fixture(autouse=True)
    def an_app_that_shows_one_code_all_day(self, settings):
        """One that shows another every half minute may do so just before its code is read."""
        settings.MFA_TOTP_PERIOD = 24 * 3600

    @pytest.fixture
    def secret(self, client, alice) -> str:
        """Of the app that Alice has just switched on."""
        sign_in(client, "alice")
        prove(client)
        page = client.get("/account/2fa/totp/activate/")
        secret = page.context["form"].secret
        assert "data:image" not in page.content.decode()
        answer = client.post("/account/2fa/totp/activate/", {"code": totp_code(secret)})
        assert answer.headers["Location"] == "/account/2fa/recovery-codes/"
        return secret

    def test_is_asked_for_after_the_password(self, secret):
        browser = Client()
        assert sign_in(browser, "alice").headers["Location"] == "/account/2fa/authenticate/"
        assert not is_signed_in(browser)
        browser.post("/account/2fa/authenticate/", {"code": "000000"})
        assert not is_signed_in(browser)
        cache.clear()
        browser.post("/account/2fa/authenticate/", {"code": totp_code(secret)})
        assert is_signed_in(browser)

    def test_can_be_a_recovery_code_once(self, client, secret):
        code = client.get("/account/2fa/recovery-codes/").context["unused_codes"][0]
        for works in (True, False):
            cache.clear()
            browser = Client()
            sign_in(browser, "alice")
            browser.post("/account/2fa/authenticate/", {"code": code})
            assert is_signed_in(browser) is works

    def test_is_kept_as_a_cipher(self, secret):
        kept = [str(row.data) for row in Authenticator.objects.all()]
        assert kept
        assert all(secret not in row for row in kept)


@pytest.mark.parametrize(
    "page",
    ["email/", "password/change/", "2fa/", "2fa/totp/activate/", "2fa/webauthn/",
     "2fa/webauthn/add/", "2fa/recovery-codes/", "sessions/", "3rdparty/", "delete", ""],
)  # fmt: skip
def test_the_pages_of_an_account_are_for_who_is_signed_in(client, page):
    answer = client.get(f"/account/{page}", follow=True)
    assert answer.request["PATH_INFO"] == "/account/login/"


@pytest.mark.parametrize(
    "page", ["login/", "signup/", "signup/passkey/", "login/code/", "password/reset/"]
)
def test_the_ways_in_are_for_everybody_and_run_no_script_of_the_page(client, page):
    answer = client.get(f"/account/{page}")
    assert answer.status_code == 200
    assert b"<script>" not in answer.content
    assert b"style=" not in answer.content


def test_admins_sign_in_where_everybody_does(client):
    answer = client.get("/admin/", follow=True)
    assert answer.request["PATH_INFO"] == "/account/login/"


def test_an_account_from_the_command_line_confirms_its_address_at_the_first_sign_in(
    client, mailoutbox
):
    User.objects.create_superuser("charlie", "charlie@example.org", PASSWORD)
    assert sign_in(client, "charlie").headers["Location"] == "/account/confirm-email/"
    client.post("/account/confirm-email/", {"code": code_in(mailoutbox[0])})
    assert client.get("/admin/").status_code == 200


def test_other_sites_are_offered_only_where_their_keys_are_set(client):
    assert b"google" not in client.get("/account/login/").content.lower()
