"""A prompt that breaks a rule: refused with a reason, kept in the form, never counted."""

import importlib
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User, Visitor
from generation.errors import PromptBlocked
from generation.models import Job, PromptRule
from generation.safety import rulebook
from tests.generation.site.cast import Page, ask

pytestmark = pytest.mark.django_db

SEED = importlib.import_module("generation.migrations.0006_first_rules").RULES
TRY = "admin:generation_promptrule_try"


@pytest.fixture(autouse=True)
def first_rules(db: None) -> Iterator[None]:
    """The rules that come along, which the end of a test with real transactions takes away."""
    for columns in SEED:
        PromptRule.objects.get_or_create(name=columns["name"], defaults=columns)
    rulebook.forget()
    yield
    rulebook.forget()


@pytest.fixture
def charlie(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("charlie"))
    return client


def a_rule(**columns: str) -> PromptRule:
    said = {"name": "Clowns", "category": "other", "pattern": "clown*"} | columns
    return PromptRule.objects.create(**said)


class TestAForbiddenPrompt:
    def test_is_refused_with_what_it_asks_for_and_stays_in_the_form(self, client: Client) -> None:
        answer = client.post("/", {"prompt": "a n4ked ch\u00eeld"})
        page = Page(answer)
        assert answer.status_code == 400
        assert "sexual content with minors" in page.text
        assert "nothing was counted" in page.text
        assert page.one("div", role="alert")
        assert "a n4ked ch\u00eeld" in page.text
        assert not Job.objects.exists()
        assert not Visitor.objects.exists()

    def test_has_a_stable_code(self, alice: Visitor) -> None:
        with pytest.raises(PromptBlocked) as refused:
            ask(alice, "une scène de torture")
        assert (refused.value.code, refused.value.category) == ("prompt_blocked", "cruelty")

    def test_says_why_in_the_language_of_the_page(self, client: Client) -> None:
        answer = client.post("/?lang=fr", {"prompt": "naked girl"})
        assert "peut être un enfant" in Page(answer).text

    def test_may_be_what_somebody_wants_left_out(self, alice: Visitor) -> None:
        assert ask(alice, "a vampire", negative_prompt="gore")


class TestAnAdmin:
    def test_changes_what_is_refused_without_a_restart(
        self, charlie: Client, alice: Visitor
    ) -> None:
        sent = {"name": "Clowns", "category": "other", "language": "en", "pattern": "clown*",
                "unless": "clownfish", "action": "block", "reason_en": "No clowns."}  # fmt: skip
        assert charlie.post(reverse("admin:generation_promptrule_add"), sent).status_code == 302
        with pytest.raises(PromptBlocked, match=r"No clowns\."):
            ask(alice, "two clowns")
        assert ask(alice, "a clownfish")
        row = PromptRule.objects.get(name="Clowns")
        change = reverse("admin:generation_promptrule_change", args=[row.pk])
        assert charlie.post(change, sent | {"action": "off"}).status_code == 302
        Job.objects.all().delete()
        assert ask(alice, "two clowns")

    @pytest.mark.parametrize("pattern", ["", "a, , b", "fox +", "…"])
    def test_cannot_save_a_pattern_that_says_nothing(self, charlie: Client, pattern: str) -> None:
        sent = {"name": "Void", "category": "other", "language": "any", "action": "block"}
        add = reverse("admin:generation_promptrule_add")
        assert charlie.post(add, sent | {"pattern": pattern}).status_code == 200
        assert not PromptRule.objects.filter(name="Void").exists()

    def test_tries_rules_and_a_draft_on_prompts(self, charlie: Client) -> None:
        a_rule()
        sent = {"prompts": "a clown\n\nEssex\ngreen grapes", "pattern": "grape*"}
        page = Page(charlie.post(reverse(TRY), sent))
        assert page.text.count("refused") == 2
        assert page.text.count("passes") == 1
        assert "Clowns" in page.text
        assert "clown*" in page.text

    def test_is_the_only_one_who_may(self, client: Client, as_alice: Client) -> None:
        assert as_alice.get(reverse(TRY)).status_code == 302
        client.force_login(User.objects.create_user("dora", is_staff=True))
        assert client.get(reverse(TRY)).status_code == 403


def test_a_rule_that_cannot_be_read_leaves_the_others_in_force(alice: Visitor) -> None:
    a_rule(pattern="+")
    with pytest.raises(PromptBlocked):
        ask(alice, "extreme gore")
