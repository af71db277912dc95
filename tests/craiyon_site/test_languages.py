"""The language of a page: by its address, else a cookie, else the browser."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.generation.site.cast import Page

pytestmark = pytest.mark.django_db


def language(response: Any) -> str:
    return Page(response).one("html")["lang"]


def test_the_browser_is_asked_when_nothing_else_says(client: Client) -> None:
    assert language(client.get("/")) == "en"
    assert language(client.get("/", headers={"Accept-Language": "fr-CA, en;q=0.5"})) == "fr"
    assert language(client.get("/", headers={"Accept-Language": "de"})) == "en"


def test_an_address_says_it_and_the_cookie_keeps_it(client: Client) -> None:
    assert language(client.get("/?lang=fr")) == "fr"
    assert language(client.get("/")) == "fr"
    assert language(client.get("/", headers={"Accept-Language": "en"})) == "fr"
    assert language(client.get("/?lang=en")) == "en"
    assert language(client.get("/", headers={"Accept-Language": "fr"})) == "en"


@pytest.mark.parametrize("said", ["de", "", "fr-FR-x", "../etc", "fr\0", "x" * 999])
def test_a_language_that_the_site_does_not_speak_changes_nothing(client: Client, said: str) -> None:
    answer = client.get("/", {"lang": said})
    assert language(answer) == "en"
    assert "django_language" not in answer.cookies


def test_a_page_leads_to_itself_in_the_other_language(client: Client) -> None:
    page = Page(client.get("/?prompt=a%20fox&lang=en"))
    switch = page.one("a", hreflang="fr")["href"]
    assert switch == "/?prompt=a+fox&lang=fr"
    assert "a fox" in Page(client.get(switch)).text
    shown = {link["hreflang"]: link["href"] for link in page.all("link", rel="alternate")}
    assert set(shown) == {"en", "fr"}
    assert all(re.fullmatch(r"https?://[^/]+/\?lang=(en|fr)", link) for link in shown.values())


def test_caches_are_told_what_a_page_depends_on(client: Client) -> None:
    answer = client.get("/")
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].replace(" ", "").split(","))
    assert Page(answer).one("html")["lang"] == answer["Content-Language"]


def test_any_seed_is_no_plural_in_french(client: Client) -> None:
    assert Page(client.get("/?lang=fr")).one("input", name="seed")["placeholder"] == "au hasard"
