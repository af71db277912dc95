"""A newcomer's first grid is worked for, or waited for."""

import json

import pytest
from altcha import Challenge, Payload, solve_challenge
from django.test import Client
from pytest_django import Settings

from accounts import proofs
from accounts.models import Visitor
from generation.models import Job
from tests.generation.site.cast import Page, key_on

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hard(settings: Settings) -> None:
    """A site that asks for a proof, of a moment's work."""
    settings.PROOF_OF_WORK = 20


def form_on(page: Page, *, solved: bool = True) -> dict[str, str]:
    """What a browser sends of a page, with scripts or without."""
    field = page.one("input", name="proof")
    proof = ""
    if solved:
        challenge = Challenge.from_dict(json.loads(field["data-challenge"]))
        solution = solve_challenge(challenge)
        assert solution is not None
        proof = Payload(challenge, solution).to_base64()
    stamp = page.one("input", name="stamp")["value"]
    return {"prompt": "a red fox", "key": key_on(page), "proof": proof, "stamp": stamp}


def test_a_browser_that_did_the_sum_draws_and_is_known_from_then_on(client: Client) -> None:
    assert client.post("/", form_on(Page(client.get("/")))).status_code == 303
    page = Page(client.get("/"))
    assert page.all("input", name="proof") == []
    # Its limit is the next thing that is asked about, not another sum.
    assert client.post("/", {"prompt": "a cat", "key": key_on(page)}).status_code == 429


def test_who_did_not_is_told_how_long_to_wait_and_loses_no_word(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = int(proofs.time.time()) + 0.5  # the wait is told in whole seconds, which do not go by
    monkeypatch.setattr(proofs.time, "time", lambda: now)
    sent = form_on(Page(client.get("/")), solved=False)
    answer = client.post("/", sent)
    assert answer.status_code == 403
    page = Page(answer)
    assert f"in {proofs.WAIT} seconds" in page.text
    assert "a red fox" in page.text
    assert page.one("input", name="stamp")["value"] == sent["stamp"]
    assert not Job.objects.exists()
    assert not Visitor.objects.exists()


def test_who_waited_draws_once_for_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = form_on(Page(client.get("/")), solved=False)
    now = proofs.time.time()
    monkeypatch.setattr(proofs.time, "time", lambda: now + proofs.WAIT)
    assert client.post("/", sent).status_code == 303
    other = Client()
    again = sent | {"key": key_on(Page(other.get("/")))}
    assert other.post("/", again).status_code == 403


@pytest.mark.both_databases
def test_a_double_click_on_one_sum_is_one_grid(client: Client) -> None:
    sent = form_on(Page(client.get("/")))
    first, second = client.post("/", sent), Client().post("/", sent)
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"]
    assert Job.objects.count() == 1


@pytest.mark.parametrize("key", ["", "made up"])
def test_one_sum_makes_one_visitor_however_often_it_is_sent(client: Client, key: str) -> None:
    sent = form_on(Page(client.get("/"))) | {"key": key}
    answers = [Client().post("/", sent).status_code for _ in range(3)]
    assert answers == [303, 403, 403]
    assert Visitor.objects.count() == 1
