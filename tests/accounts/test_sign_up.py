"""Making an account."""

import base64
import json
import re

import pytest
from altcha import Challenge, Payload, solve_challenge
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from accounts import proofs, visitors
from accounts.models import SpentProof, User, Visitor
from tests.accounts.people import PASSWORD, code_in, is_signed_in, member, sign_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client: Client) -> Visitor:
    """Somebody without an account, whose browser this is."""
    visitor = Visitor.objects.create()
    response = HttpResponse()
    visitors.remember(response, visitor)
    client.cookies = response.cookies
    return visitor


@pytest.fixture
def hard(settings):
    """A site that asks for a proof, of a moment's work."""
    settings.PROOF_OF_WORK = 20


def proof_on(page) -> str:
    """What a browser makes of the challenge on a page."""
    carried = page.context["form"].fields["proof"].widget.attrs["data-challenge"]
    challenge = Challenge.from_dict(json.loads(carried))
    return Payload(challenge, solve_challenge(challenge)).to_base64()


def stamp_on(page) -> str:
    return re.search(r'name="stamp" value="([^"]+)"', page.content.decode())[1]


def test_an_address_and_a_password_become_an_account_once_the_code_is_back(client, mailoutbox):
    answer = sign_up(client, "alice")
    assert answer.headers["Location"] == "/account/confirm-email/"
    assert not is_signed_in(client)
    assert "alice@example.org" in client.get("/account/confirm-email/").content.decode()
    answer = client.post("/account/confirm-email/", {"code": code_in(mailoutbox[0])})
    assert answer.headers["Location"] == "/"
    assert is_signed_in(client)
    alice = User.objects.get(email="alice@example.org")
    assert alice.plan_id == "free"
    assert alice.check_password(PASSWORD)


def test_what_was_drawn_before_is_in_the_account(client, visitor, mailoutbox, monkeypatch):
    claimed = []
    monkeypatch.setattr(
        "craiyon_site.lifecycle.claim", lambda who, to_owner: claimed.append((who, to_owner))
    )
    sign_up(client, "alice")
    assert claimed == []
    answer = client.post("/account/confirm-email/", {"code": code_in(mailoutbox[0])})
    assert claimed == [(visitor, User.objects.get())]
    assert answer.cookies[visitors.COOKIE].value == ""


def test_a_wrong_code_signs_nobody_in(client, mailoutbox):
    sign_up(client, "alice")
    answer = client.post("/account/confirm-email/", {"code": "WRONG1"})
    assert "code" in answer.context["verify_form"].errors
    assert not is_signed_in(client)


def test_the_page_says_where_the_mail_is_while_the_site_sends_none(client, mailoutbox, settings):
    sign_up(client, "alice")
    assert b"EMAIL_URL" not in client.get("/account/confirm-email/").content
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    settings.DEBUG = True
    page = client.get("/account/confirm-email/").content.decode()
    assert "EMAIL_URL" in page
    assert "web.log" in page


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"email": "no address"}, "email"),
        ({"email": ""}, "email"),
        ({"password1": "12"}, "password1"),
    ],
)
def test_what_cannot_be_an_account_is_refused_by_its_field(client, said, wrong):
    answer = sign_up(client, "alice", **said)
    assert wrong in answer.context["form"].errors
    assert not User.objects.exists()


def test_too_many_tries_from_one_place_are_told_when_it_is_free_again(client):
    cache.clear()
    for _ in range(20):
        assert sign_up(client, "alice", email="no address").status_code == 200
    answer = sign_up(client, "alice")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "300"
    assert "within five minutes" in answer.content.decode()
    assert not User.objects.exists()


def test_an_address_that_has_an_account_is_told_so_by_mail_alone(client, mailoutbox):
    member("alice")
    answer = sign_up(client, "alice")
    assert answer.headers["Location"] == "/account/confirm-email/"
    assert User.objects.count() == 1
    assert "already exists" in mailoutbox[0].body


@pytest.mark.usefixtures("hard")
class TestAProof:
    def test_is_asked_of_a_new_account_and_serves_one(self, client, mailoutbox):
        page = client.get("/account/signup/")
        proof = proof_on(page)
        assert sign_up(client, "alice", proof=proof).status_code == 302
        other = Client()
        answer = sign_up(other, "bob", proof=proof)
        assert "floods" in str(answer.context["form"].errors)
        assert [user.email for user in User.objects.all()] == ["alice@example.org"]

    def test_can_be_waited_for_instead(self, client, mailoutbox, monkeypatch):
        now = int(proofs.time.time()) + 0.5  # the wait is told in whole seconds
        monkeypatch.setattr(proofs.time, "time", lambda: now)
        stamp = stamp_on(client.get("/account/signup/"))
        early = sign_up(client, "alice", stamp=stamp)
        assert f"in {proofs.WAIT} seconds" in str(early.context["form"].errors)
        assert stamp_on(early) == stamp
        monkeypatch.setattr(proofs.time, "time", lambda: now + proofs.WAIT)
        assert sign_up(client, "alice", stamp=stamp).status_code == 302
        assert "floods" in str(sign_up(Client(), "bob", stamp=stamp).context["form"].errors)

    @pytest.mark.parametrize("proof", ["", "-", "e30=", "x" * 5000, "ÿ"])
    def test_that_is_none_makes_no_account(self, client, proof):
        assert "floods" in str(sign_up(client, "alice", proof=proof).context["form"].errors)
        assert not User.objects.exists()
        assert not SpentProof.objects.exists()

    def test_of_a_challenge_made_easier_makes_no_account(self, client):
        page = client.get("/account/signup/")
        told = json.loads(base64.b64decode(proof_on(page)))
        told["challenge"]["parameters"] |= {"cost": 1, "nonce": "00" * 16}
        forged = base64.b64encode(json.dumps(told).encode()).decode()
        assert "floods" in str(sign_up(client, "alice", proof=forged).context["form"].errors)
