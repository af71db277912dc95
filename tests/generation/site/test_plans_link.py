"""Whoever has used up a day is shown the way to the plans."""

import pytest
from django.test import Client

from accounts.models import Plan, Visitor
from tests.generation.site.cast import Page, ask

pytestmark = pytest.mark.django_db


def test_a_used_up_day_leads_to_the_plans(as_alice: Client, alice: Visitor) -> None:
    Plan.objects.filter(name="visitor").update(per_day=1, in_flight=9)
    ask(alice)
    refused = as_alice.post("/", {"prompt": "a cat"})
    assert refused.status_code == 429
    within = refused.content.decode().split('id="refusal"')[1].split("</div>")[0]
    assert 'href="/plans"' in within
    assert Page(refused).all("a", href="/plans")


def test_a_grid_in_the_way_leads_to_that_grid_instead(as_alice: Client, alice: Visitor) -> None:
    job = ask(alice)
    refused = as_alice.post("/", {"prompt": "a cat"}).content.decode()
    within = refused.split('id="refusal"')[1].split("</div>")[0]
    assert f"/g/{job.pk}" in within
    assert "/plans" not in within
