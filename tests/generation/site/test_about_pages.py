"""The pages about the site: there for everybody, true to the code, in both languages."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from defusedxml import ElementTree
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import visitors
from accounts.models import Visitor
from billing import ads
from generation.catalogue import MANIFEST
from generation.checkpoints import Checkpoint, Hub, load_manifest
from generation.models import Job
from generation.queue import accuracy
from generation.site import queue_status
from generation.site.about import PAGES
from generation.site.examined import ASKED, PEOPLE, examined
from generation.site.vocabulary import KINDS
from tests.generation.site.cast import Page, ask, easel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_figures() -> Iterator[None]:
    """What the status page keeps for a few seconds belongs to one test."""
    queue_status._as_of.cache_clear()
    yield
    queue_status._as_of.cache_clear()
    accuracy._as_of.cache_clear()


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Checkpoint]:
    """The checkpoints that come along, all on offer."""
    manifest = dict(load_manifest(MANIFEST))
    monkeypatch.setattr("generation.catalogue.offered", lambda: manifest)
    return manifest


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_there_for_everybody(client: Client, name: str, language: str) -> None:
    answer = client.get(reverse(name), {"lang": language})
    page = Page(answer)
    assert answer.status_code == 200
    assert len(page.all("h1")) == 1
    assert page.one("meta", name="description")["content"]
    assert len(page.all("a", aria_current="page")) == 2, "in the side and in the footer"
    assert client.post(reverse(name)).status_code == 405


class TestPrivacy:
    def test_names_every_cookie_that_the_site_sets(self, client: Client) -> None:
        page = client.get("/privacy").content.decode()
        set_here = {visitors.COOKIE, ads.COOKIE, CookieStorage.cookie_name,
                    settings.CSRF_COOKIE_NAME, settings.SESSION_COOKIE_NAME,
                    settings.LANGUAGE_COOKIE_NAME}  # fmt: skip
        assert set(re.findall(r"<dt><code>(\w+)</code></dt>", page)) == set_here

    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_says_that_nothing_comes_from_elsewhere_only_where_nothing_does(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, language: str
    ) -> None:
        assert "Google" not in Page(client.get("/privacy", {"lang": language})).text
        monkeypatch.setattr(settings, "ADSENSE_CLIENT", "ca-pub-0000000000000001")
        text = Page(client.get("/privacy", {"lang": language})).text
        assert "Google" in text
        assert "nothing from anybody else" not in text


class TestTheModels:
    def test_each_on_offer_has_a_page_with_its_licence(
        self, client: Client, offer: dict[str, Checkpoint]
    ) -> None:
        listed = Page(client.get("/models"))
        for name, checkpoint in offer.items():
            assert listed.all("a", href=f"/models/{name}")
            page = Page(client.get(f"/models/{name}"))
            assert checkpoint.licence in page.text
            assert f"{checkpoint.sizes[0][0]} × {checkpoint.sizes[0][1]}" in page.text
            if isinstance(checkpoint.source, Hub):
                assert checkpoint.source.repository in page.text

    def test_samples_are_in_the_language_of_the_page(
        self, client: Client, offer: dict[str, Checkpoint]
    ) -> None:
        assert offer["doodle"].samples[0] in Page(client.get("/models/doodle?lang=en")).text
        fox = "un renard roux sous la pleine lune"
        assert fox in Page(client.get("/models/doodle?lang=fr")).text
        assert fox in Page(client.get("/")).text

    def test_others_have_none(self, client: Client) -> None:
        assert client.get("/models/doodle").status_code == 404

    def test_doodles_page_has_every_word_it_knows_in_both_languages(
        self, client: Client, offer: dict[str, Checkpoint]
    ) -> None:
        file = offer["doodle"].vocabulary
        assert file is not None
        subjects = json.loads(file.read_text())["subjects"]
        for language in ("en", "fr"):
            page = Page(client.get("/models/doodle", {"lang": language}))
            assert all(subject["en"][0] in page.text for subject in subjects)
            assert all(subject["fr"][0] in page.text for subject in subjects)

    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_doodles_page_says_how_often_it_is_right_and_whom_it_draws(
        self, client: Client, offer: dict[str, Checkpoint], language: str
    ) -> None:
        found = offer["doodle"].figures
        page = Page(client.get("/models/doodle", {"lang": language}))
        asked = [*ASKED, *(f"anybody, {who}" for who in PEOPLE)]
        said = re.findall(r"(\d+) (?:in|sur) 100", page.text)
        assert said == [str(round(100 * found[name])) for name in asked]

    def test_a_checkpoint_that_nobody_examined_has_no_figures(self, ink: Checkpoint) -> None:
        assert examined(ink) is None

    def test_every_kind_of_word_has_a_heading(self, offer: dict[str, Checkpoint]) -> None:
        file = offer["doodle"].vocabulary
        assert file is not None
        said = json.loads(file.read_text())
        kinds = {row["kind"] for row in (*said["subjects"], *said["words"])}
        assert kinds - set(KINDS) <= {"link", "role"}

    def test_what_may_not_be_sold_is_said(
        self, client: Client, ink: Checkpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        strict = replace(ink, licence="CC BY-NC 4.0", commercial_ok=False, vocabulary=Path("no"))
        monkeypatch.setattr("generation.catalogue.offered", lambda: {"ink": strict})
        assert "not allowed" in Page(client.get("/rights")).text


class TestTheStatus:
    def test_says_that_nobody_draws(self, client: Client) -> None:
        text = Page(client.get("/status")).text
        assert "No machine is drawing at the moment" in text
        assert "nothing to measure yet" in text

    def test_counts_what_waits_and_who_draws(self, client: Client, alice: Visitor) -> None:
        ask(alice)
        easel()
        text = Page(client.get("/status")).text
        assert "1 grid waits" in text
        assert "1 machine draws with it" in text

    def test_says_that_the_model_is_being_loaded(self, client: Client) -> None:
        easel("loading", kind="")
        text = Page(client.get("/status")).text
        assert "The model is being loaded" in text
        assert "It is being loaded" in text

    def test_says_how_many_estimates_were_true(self, client: Client, alice: Visitor) -> None:
        began = timezone.now() - timedelta(hours=1)
        for waited in (1, 7, 60):
            job = ask(alice)
            Job.objects.filter(pk=job.pk).update(
                created=began, started=began + timedelta(seconds=waited), quoted_low=5,
                quoted_high=10, status="cancelled", finished=timezone.now(),
            )  # fmt: skip
        text = " ".join(Page(client.get("/status")).text.split())
        assert "Of the latest 3 free grids" in text
        assert "66% started no later" in text

    def test_asks_the_database_once_for_many(
        self,
        client: Client,
        django_assert_max_num_queries: object,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        now = queue_status.time.time()  # the same few seconds for both
        monkeypatch.setattr(queue_status.time, "time", lambda: now)
        client.get("/status")
        with django_assert_max_num_queries(0):  # type: ignore[operator]
            answer = client.get("/status")
        assert answer["Cache-Control"] == f"private, max-age={queue_status.KEPT}"


def test_crawlers_are_told_what_there_is_in_every_language(client: Client) -> None:
    robots = client.get("/robots.txt").content.decode()
    assert "Disallow: /admin/" in robots
    where = robots.split("Sitemap: ")[1].strip()
    assert where.endswith("/sitemap.xml")
    answer = client.get("/sitemap.xml")
    elements = ElementTree.fromstring(answer.content).iter()
    addresses = [element.text or "" for element in elements if element.tag.endswith("loc")]
    assert len(addresses) == 2 * (len(PAGES) + 3)
    for address in addresses:
        assert client.get(address[address.index("/", 8) :]).status_code == 200


def test_every_page_leads_to_all_of_them(client: Client) -> None:
    for address in ("/", "/about", "/nowhere"):
        page = Page(client.get(address))
        assert all(page.all("a", href=reverse(name)) for name in PAGES)
