"""What a posted link shows of a grid, who may see it, and who may keep it."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Plan, User, Visitor
from generation.images.card import CARD_SIZE
from generation.models import Job
from tests.generation.site.cast import Page, ask, claimed, client_of, finished

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(alice: Visitor, monkeypatch: pytest.MonkeyPatch) -> Job:
    return finished(ask(alice), monkeypatch)


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Job:
    carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
    return finished(ask(carol, visibility=Job.Visibility.PRIVATE), monkeypatch)


def said(page: Page, name: str) -> str:
    key = "property" if name.startswith("og:") else "name"
    return page.one("meta", **{key: name})["content"]


class TestAPostedLink:
    def test_shows_the_card_with_absolute_addresses(self, client: Client, job: Job) -> None:
        page = Page(client.get(f"/g/{job.pk}"))
        card = f"{settings.SITE_URL}/g/{job.pk}/grid.jpg"
        assert said(page, "og:title") == said(page, "twitter:title") == "a red fox"
        assert said(page, "og:url") == f"{settings.SITE_URL}/g/{job.pk}"
        assert said(page, "og:image") == said(page, "twitter:image") == card
        assert said(page, "twitter:card") == "summary_large_image"
        assert said(page, "og:image:alt") == "a red fox"
        size = said(page, "og:image:width"), said(page, "og:image:height")
        assert size == tuple(map(str, CARD_SIZE))
        response = client.get(urlsplit(card).path)
        assert response["Content-Type"] == said(page, "og:image:type")

    def test_leads_to_its_oembed(self, client: Client, job: Job) -> None:
        page = Page(client.get(f"/g/{job.pk}"))
        found = page.one("link", type="application/json+oembed")["href"]
        assert found.startswith(settings.SITE_URL)
        answer = client.get(found.removeprefix(settings.SITE_URL)).json()
        assert (answer["version"], answer["type"]) == ("1.0", "photo")
        assert answer["url"] == f"{settings.SITE_URL}/g/{job.pk}/grid.jpg"
        assert (answer["width"], answer["height"]) == CARD_SIZE
        assert answer["title"] == "a red fox"

    def test_shows_nothing_of_a_private_grid_or_one_that_is_not_done(
        self, client: Client, private: Job, bob: Visitor
    ) -> None:
        carol = client_of(private.user)
        for job, browser in ((private, carol), (ask(bob), client)):
            page = Page(browser.get(f"/g/{job.pk}"))
            assert not page.all("meta", property="og:image")
            assert not page.all("link", type="application/json+oembed")
            assert not [one for one in page.all("button") if "data-copy" in one]
            address = f"{settings.SITE_URL}/g/{job.pk}"
            assert browser.get("/oembed", {"url": address}).status_code == 404


class TestOEmbed:
    def asked(self, client: Client, job: Job, **query: object) -> Any:
        return client.get("/oembed", {"url": f"{settings.SITE_URL}/g/{job.pk}", **query})

    def test_has_no_picture_for_who_has_no_room_for_it(self, client: Client, job: Job) -> None:
        for limit in ("maxwidth", "maxheight"):
            answer = self.asked(client, job, **{limit: 640}).json()
            assert answer["type"] == "link"
            assert "url" not in answer
        assert self.asked(client, job, maxwidth=1200, maxheight=1500).json()["type"] == "photo"

    def test_speaks_json_alone(self, client: Client, job: Job) -> None:
        assert self.asked(client, job, format="json").status_code == 200
        assert self.asked(client, job, format="xml").status_code == 501

    @pytest.mark.parametrize(
        "address",
        ["", "nonsense", "http://[", "https://elsewhere.example/g/1", "{site}/", "{site}/g/1",
         "{site}/g/00000000-0000-0000-0000-000000000000"],
    )  # fmt: skip
    def test_knows_nothing_of_other_addresses(self, client: Client, address: str) -> None:
        url = address.replace("{site}", settings.SITE_URL)
        assert client.get("/oembed", {"url": url}).status_code == 404


class TestWhatStrangersGet:
    def test_is_kept_for_a_minute_and_holds_nothing_of_anybody(
        self, client: Client, job: Job
    ) -> None:
        response = client.get(f"/g/{job.pk}")
        assert response["Cache-Control"] == "public, max-age=60"
        assert not response.cookies
        page = Page(response)
        assert not page.all("input", name="csrfmiddlewaretoken")
        assert not page.all("input", name="key")
        assert client.get(f"/g/{job.pk}").content == response.content

    def test_is_not_sent_again_while_it_is_the_same(self, client: Client, job: Job) -> None:
        etag = client.get(f"/g/{job.pk}")["ETag"]
        again = client.get(f"/g/{job.pk}", headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        Job.objects.filter(pk=job.pk).update(visibility="public")
        assert client.get(f"/g/{job.pk}", headers={"If-None-Match": etag}).status_code == 200

    def test_is_not_kept_while_a_position_is_drawn_again(
        self, client: Client, as_bob: Client, bob: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(bob), monkeypatch, blocked=(4,))
        assert client.get(f"/g/{job.pk}")["Cache-Control"] == "public, max-age=60"
        as_bob.post(f"/g/{job.pk}/4/again")
        assert client.get(f"/g/{job.pk}")["Cache-Control"] == "private, no-store"

    def test_of_a_private_grid_is_nothing(self, client: Client, private: Job) -> None:
        response = client.get(f"/g/{private.pk}")
        assert response.status_code == 404
        assert "public" not in response["Cache-Control"]
        mine = client_of(private.user).get(f"/g/{private.pk}")
        assert mine["Cache-Control"] == "private, no-store"


class TestVisibility:
    def set(self, browser: Client, job: Job, visibility: str) -> Any:
        return browser.post(f"/g/{job.pk}/visibility", {"visibility": visibility}, follow=True)

    def test_is_for_the_owner_to_say(self, as_alice: Client, client: Client, job: Job) -> None:
        assert self.set(as_alice, job, "public").status_code == 200
        assert not Page(client.get(f"/g/{job.pk}")).all("meta", name="robots")
        self.set(as_alice, job, "unlisted")
        assert Page(client.get(f"/g/{job.pk}")).all("meta", name="robots")

    def test_private_is_part_of_premium(self, as_alice: Client, job: Job) -> None:
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert "disabled" in page.one("input", name="visibility", value="private")
        response = self.set(as_alice, job, "private")
        assert response.status_code == 400
        assert "Premium" in Page(response).text
        assert Job.objects.get(pk=job.pk).visibility == "unlisted"

    def test_private_hides_page_and_files_from_everybody_else(
        self, client: Client, private: Job
    ) -> None:
        carol = client_of(private.user)
        self.set(carol, private, "unlisted")
        assert client.get(f"/g/{private.pk}/0.webp").status_code == 200
        self.set(carol, private, "private")
        assert client.get(f"/g/{private.pk}/0.webp").status_code == 404
        assert client.get(f"/g/{private.pk}").status_code == 404

    def test_a_private_grid_stays_so_when_premium_ends(self, private: Job) -> None:
        User.objects.update(plan_id=Plan.FREE)
        carol = client_of(private.user)
        assert self.set(carol, private, "private").status_code == 200
        self.set(carol, private, "public")
        assert self.set(carol, private, "private").status_code == 400

    @pytest.mark.parametrize("said", ["", "secret", "PUBLIC"])
    def test_is_one_of_three(self, as_alice: Client, job: Job, said: str) -> None:
        assert self.set(as_alice, job, said).status_code == 400

    def test_the_sharing_of_what_is_not_done_is_not_offered(
        self, as_alice: Client, alice: Visitor, job: Job
    ) -> None:
        claimed(ask(alice))
        assert Page(as_alice.get(f"/g/{job.pk}")).all("input", name="visibility")
