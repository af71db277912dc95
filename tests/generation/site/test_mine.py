"""What somebody has drawn: listed, searched, thrown away and brought back, carried elsewhere."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import claims
from accounts.models import Plan, User, Visitor
from generation.models import Job
from generation.queue import deletion
from generation.site import history
from tests.generation.site.cast import Page, ask, client_of, finished

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def room() -> None:
    Plan.objects.update(in_flight=1000, per_minute=1000, per_day=1000)


def links(page: Page) -> list[str]:
    """The grids that a page leads to, in its order."""
    found = [a["href"] for a in page.all("a")]
    return [address for address in found if re.fullmatch(r"/g/[0-9a-f-]{36}", address)]


def many(owner: Visitor, number: int) -> list[str]:
    """Addresses of so many grids, the newest first."""
    jobs = [ask(owner, f"a fox {n}", count=1) for n in range(number)]
    return [f"/g/{job.pk}" for job in reversed(jobs)]


class TestTheList:
    def test_shows_the_owners_grids_and_nobody_elses(
        self, as_alice: Client, as_bob: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice, "a sloth"), monkeypatch)
        page = Page(as_alice.get("/mine"))
        assert links(page) == [f"/g/{job.pk}"]
        assert len(page.all("img")) == 9
        assert links(Page(as_bob.get("/mine"))) == []

    def test_belongs_to_an_account_as_well(self) -> None:
        carol = User.objects.create(username="carol")
        job = ask(carol)
        assert links(Page(client_of(carol).get("/mine"))) == [f"/g/{job.pk}"]

    def test_says_what_to_do_where_there_is_nothing(self, client: Client) -> None:
        page = Page(client.get("/mine"))
        assert "Nothing drawn yet" in page.text
        assert page.all("a", href="/mine/device")
        assert not page.all("form", role="search")

    def test_says_how_long_grids_are_kept_with_an_account_and_without(self, client: Client) -> None:
        page = Page(client.get("/mine"))
        assert "for 30 days without an account" in page.text
        assert "with one, until you delete it" in page.text
        carol = Page(client_of(User.objects.create(username="carol")).get("/mine"))
        assert "kept here until you delete it" in carol.text
        assert "without an account" not in carol.text

    def test_is_kept_by_no_cache(self, as_alice: Client) -> None:
        assert "no-store" in as_alice.get("/mine")["Cache-Control"]

    def test_comes_in_leaves_that_real_links_lead_through(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        drawn = many(alice, history.LEAF + 3)
        page = Page(as_alice.get("/mine"))
        seen = links(page)
        assert len(seen) == history.LEAF
        ask(alice, "a newer one")
        older = Page(as_alice.get("/mine" + page.one("a", rel="next")["href"]))
        assert seen + links(older) == drawn
        assert not older.all("a", rel="next")

    def test_leaves_nothing_out_that_was_drawn_at_the_same_moment(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        drawn = set(many(alice, history.LEAF + 3))
        Job.objects.update(created=Job.objects.latest("created").created)
        page = Page(as_alice.get("/mine"))
        older = Page(as_alice.get("/mine" + page.one("a", rel="next")["href"]))
        assert set(links(page)) | set(links(older)) == drawn

    @pytest.mark.parametrize("mark", ["x", "-", "9" * 40 + "-" + "0" * 32, "1-1", "\0", "1_0-é"])
    def test_begins_at_the_beginning_for_a_mark_that_is_none(
        self, as_alice: Client, alice: Visitor, mark: str
    ) -> None:
        ask(alice)
        assert len(links(Page(as_alice.get("/mine", {"before": mark})))) == 1

    def test_asks_the_database_as_often_whatever_its_length(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(ask(alice), monkeypatch)
        with CaptureQueriesContext(connection) as few:
            as_alice.get("/mine")
        many(alice, 2 * history.LEAF)
        with CaptureQueriesContext(connection) as lots:
            as_alice.get("/mine")
        assert len(few) == len(lots) <= 5


class TestTheSearch:
    def test_finds_the_grids_that_hold_all_words_in_any_order(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        found = ask(alice, "A red Fox under the moon")
        ask(alice, "a red house")
        page = Page(as_alice.get("/mine", {"words": "fox RED"}))
        assert links(page) == [f"/g/{found.pk}"]
        assert page.one("input", name="words")["value"] == "fox RED"

    @pytest.mark.both_databases
    @pytest.mark.parametrize("words", ["éléphant", "ÉLÉPHANT", "Éléphant à"])
    def test_takes_capitals_of_any_language_for_small_letters(
        self, as_alice: Client, alice: Visitor, words: str
    ) -> None:
        job = ask(alice, "Éléphant À vélo")
        assert links(Page(as_alice.get("/mine", {"words": words}))) == [f"/g/{job.pk}"]

    @pytest.mark.both_databases
    def test_takes_signs_as_they_are(self, as_alice: Client, alice: Visitor) -> None:
        job = ask(alice, "50% & a fox (red) [1-2] \\w")
        for words in ("50%", "&", "(red)", "[1-2]", "\\w"):
            assert links(Page(as_alice.get("/mine", {"words": words}))) == [f"/g/{job.pk}"]
        for words in ("50_", "f.x", "[r]", ".*"):
            assert links(Page(as_alice.get("/mine", {"words": words}))) == []

    def test_goes_on_to_older_leaves(self, as_alice: Client, alice: Visitor) -> None:
        ask(alice, "a whale")
        many(alice, history.LEAF + 1)
        page = Page(as_alice.get("/mine", {"words": "fox"}))
        older = Page(as_alice.get("/mine" + page.one("a", rel="next")["href"]))
        assert len(links(older)) == 1

    def test_says_that_it_found_nothing(self, as_alice: Client, alice: Visitor) -> None:
        ask(alice)
        page = Page(as_alice.get("/mine", {"words": "<b>whale</b> & 50%"}))
        assert "“<b>whale</b> & 50%”" in page.text
        assert not page.all("b")

    @pytest.mark.parametrize("words", ["%", "_", "\0", "'", "x" * 5000])
    def test_takes_anything_as_words(self, as_alice: Client, alice: Visitor, words: str) -> None:
        ask(alice, "a fox")
        page = Page(as_alice.get("/mine", {"words": words}))
        assert len(links(page)) == (1 if words == "\0" else 0)


class TestDeletingTogether:
    def test_takes_the_chosen_away_and_offers_to_bring_them_back(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        first, second, third = (ask(alice, f"a fox {n}") for n in range(3))
        response = as_alice.post("/mine/delete", {"id": [first.pk, second.pk]})
        assert (response.status_code, response["Location"]) == (303, "/mine")
        page = Page(as_alice.get("/mine"))
        assert links(page) == [f"/g/{third.pk}"]
        assert "2 grids are deleted" in page.text
        assert page.all("p", role="status")
        assert "role" not in page.one("form", action="/mine/undo")
        undo = [one["value"] for one in page.all("input", type="hidden", name="id")]
        page = Page(as_alice.post("/mine/undo", {"id": undo}, follow=True))
        assert "2 grids are back" in page.text
        assert len(links(page)) == 3

    def test_cannot_be_undone_once_it_is_too_late(self, as_alice: Client, alice: Visitor) -> None:
        job = ask(alice)
        as_alice.post("/mine/delete", {"id": job.pk})
        Job.objects.update(deleted=F("deleted") - deletion.GRACE - timedelta(seconds=1))
        assert "are deleted" not in Page(as_alice.get("/mine")).text
        page = Page(as_alice.post("/mine/undo", {"id": job.pk}, follow=True))
        assert "too late" in page.text
        assert links(page) == []

    def test_leaves_somebody_elses_alone(
        self, client: Client, as_bob: Client, alice: Visitor
    ) -> None:
        job = ask(alice)
        as_bob.post("/mine/delete", {"id": job.pk})
        client.post("/mine/delete", {"id": job.pk})
        assert Job.objects.get().deleted is None
        deletion.delete(job)
        as_bob.post("/mine/undo", {"id": job.pk})
        assert Job.objects.get().deleted is not None

    @pytest.mark.parametrize("sent", [[], ["x"], ["\0"], ["0" * 5000]])
    def test_of_nothing_says_so(self, as_alice: Client, alice: Visitor, sent: list[str]) -> None:
        ask(alice)
        page = Page(as_alice.post("/mine/delete", {"id": sent}, follow=True))
        assert "Choose the grids" in page.text
        assert len(links(page)) == 1

    def test_needs_the_forms_token(self, alice: Visitor) -> None:
        strict = Client(enforce_csrf_checks=True)
        assert strict.post("/mine/delete", {"id": ask(alice).pk}).status_code == 403


class TestAnotherDevice:
    def code_on(self, browser: Client) -> str:
        page = Page(browser.post("/mine/device/code"))
        found = re.search(r"\b[2-9B-Z]{4}-[2-9B-Z]{4}\b", page.text)
        assert found, page.text
        return found[0]

    def test_shows_the_grids_once_the_code_is_typed(self, as_alice: Client, alice: Visitor) -> None:
        job = ask(alice)
        phone = Client()
        response = phone.post("/mine/device/take", {"code": self.code_on(as_alice).lower()})
        assert response.status_code == 303
        page = Page(phone.get("/mine"))
        assert "1 grid is here now" in page.text
        assert links(page) == links(Page(as_alice.get("/mine"))) == [f"/g/{job.pk}"]

    def test_moves_them_to_an_account_and_tells_the_first_device(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice)
        carol = client_of(User.objects.create(username="carol"))
        carol.post("/mine/device/take", {"code": self.code_on(as_alice)})
        assert links(Page(carol.get("/mine"))) == [f"/g/{job.pk}"]
        page = Page(as_alice.get("/mine"))
        assert "Your grids have moved" in page.text
        assert links(page) == []

    def test_says_that_a_code_is_wrong_and_keeps_what_was_typed(self, as_alice: Client) -> None:
        response = as_alice.post("/mine/device/take", {"code": "bcdf 2222"})
        page = Page(response)
        assert response.status_code == 400
        assert page.one("div", role="alert")
        assert page.one("input", name="code")["value"] == "bcdf 2222"

    def test_ends_guessing(self, as_alice: Client) -> None:
        for number in range(claims.MOST_WRONG):
            as_alice.post("/mine/device/take", {"code": f"BCDF-22{number:02}"})
        response = as_alice.post("/mine/device/take", {"code": "BCDF-2222"})
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 600
        assert "You can try again in 10 minutes" in Page(response).text

    def test_makes_only_so_many_codes(self, as_alice: Client) -> None:
        statuses = [as_alice.post("/mine/device/code").status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]

    def test_has_no_code_for_who_has_drawn_nothing(self, client: Client) -> None:
        assert "has drawn nothing yet" in Page(client.get("/mine/device")).text
        assert client.post("/mine/device/code")["Location"] == "/mine/device"
