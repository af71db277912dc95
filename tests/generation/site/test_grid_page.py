"""The page of a grid, from waiting to gone."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Plan, User, Visitor
from generation import services
from generation.errors import Failure
from generation.models import ATTEMPTS, Job, Worker
from tests.generation.site.cast import Page, ask, claimed, client_of, easel, finished

pytestmark = pytest.mark.django_db


def shown_on(page: Page) -> list[dict[str, str]]:
    """The pictures on a page; the viewer's is empty until one is enlarged."""
    return [picture for picture in page.all("img") if "data-position" in picture]


@pytest.fixture
def roomy(db: None) -> None:
    Plan.objects.update(in_flight=100, per_minute=100, per_day=100)


class TestWhileItWaits:
    @pytest.mark.usefixtures("roomy")
    def test_it_says_the_place_and_when_it_starts(
        self, as_alice: Client, alice: Visitor, bob: Visitor
    ) -> None:
        easel()
        for _ in range(6):
            ask(bob)
        job = ask(alice)
        Job.objects.filter(pk=job.pk).update(
            start_tag=10**12, finish_tag=10**12 + 1, quoted_low=22, quoted_high=37
        )
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert page.status == "queued"
        assert "7th" in page.text
        assert "It starts in 20 to 35 seconds." in page.text

    def test_nine_frames_stand_already(self, as_alice: Client, alice: Visitor) -> None:
        page = Page(as_alice.get(f"/g/{ask(alice).pk}"))
        assert [frame["data-state"] for frame in page.frames] == ["waiting"] * 9
        assert page.one("div", role="grid")["class"] == "grid across-3"
        assert len(page.all("div", role="row")) == 3
        assert not shown_on(page)

    def test_it_says_for_how_long_the_pictures_will_be_there(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        page = Page(as_alice.get(f"/g/{ask(alice).pk}"))
        assert "at this address, for 30 days; with an account, until you delete them." in page.text
        carol = User.objects.create(username="carol")
        page = Page(client_of(carol).get(f"/g/{ask(carol).pk}"))
        assert "Your pictures will be here, at this address." in page.text

    def test_it_asks_again_by_itself_without_scripts(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        html = as_alice.get(f"/g/{ask(alice).pk}").content.decode()
        assert re.search(r'<noscript><meta http-equiv="refresh" content="\d+"></noscript>', html)

    def test_a_promise_that_ran_out_is_not_repeated(self, as_alice: Client, alice: Visitor) -> None:
        easel()
        job = ask(alice)
        Job.objects.filter(pk=job.pk).update(created=timezone.now() - timedelta(hours=1))
        assert "It starts any moment." in Page(as_alice.get(f"/g/{job.pk}")).text

    def test_it_promises_nothing_while_nobody_draws(self, as_alice: Client, alice: Visitor) -> None:
        address = f"/g/{ask(alice).pk}"
        assert "No machine is drawing now." in Page(as_alice.get(address)).text
        worker = easel("loading", kind="")
        assert "The model is being loaded." in Page(as_alice.get(address)).text
        Worker.objects.filter(pk=worker.pk).update(state="ready", kind="paint")
        assert "It starts" in Page(as_alice.get(address)).text


class TestWhileItIsDrawn:
    def test_the_bar_and_the_crayons_show_how_far_it_is(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice)
        claimed(job, progress=0.42)
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert page.status == "running"
        assert page.one("progress")["value"] == "42"
        lines = page.all("path", pathlength="1")
        assert len(lines) == 9
        assert {line["stroke-dashoffset"] for line in lines} == {"0.580"}
        assert len({line["d"] for line in lines}) == 9

    def test_numbers_stay_numbers_in_a_language_with_commas(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice, size=(128, 64))
        claimed(job, progress=0.5)
        page = Page(as_alice.get(f"/g/{job.pk}", headers={"Accept-Language": "fr"}))
        assert page.one("html")["lang"] == "fr"
        assert {line["stroke-dashoffset"] for line in page.all("path", pathlength="1")} == {"0.500"}
        assert len(page.all("svg", viewbox="0 0 128 64")) == 9


class TestWhenItIsDone:
    def test_it_shows_each_picture_at_its_position(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice, seed=4711), monkeypatch)
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert page.status == "succeeded"
        pictures = shown_on(page)
        assert [picture["data-position"] for picture in pictures] == list("012345678")
        assert [picture["src"] for picture in pictures] == [
            f"/g/{job.pk}/{position}.webp" for position in range(9)
        ]
        assert {picture["alt"] for picture in pictures} == {"a red fox"}
        assert "4711" in page.text
        assert "Ink" in page.text
        assert "64 × 64" in page.text
        assert page.one("a", href=f"/g/{job.pk}/grid.jpg?save")
        assert not page.all("noscript")

    def test_a_position_that_was_held_back_says_so(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice), monkeypatch, blocked=(4,))
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert [picture["data-position"] for picture in shown_on(page)] == list("01235678")
        assert page.frames[4]["data-state"] == "held_back"
        assert "This one was held back by the check." in page.text

    def test_it_shows_what_of_the_prompt_was_not_read(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice, "a red fox and a blue dog"), monkeypatch, cut_at=9)
        response = as_alice.get(f"/g/{job.pk}")
        assert '<span class="unread"> and a blue dog</span>' in response.content.decode()
        assert "stopped after 9 characters" in Page(response).text

    def test_a_prompt_that_was_read_whole_is_not_said_to_be_cut(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice), monkeypatch)
        assert "unread" not in as_alice.get(f"/g/{job.pk}").content.decode()

    @pytest.mark.parametrize(("count", "across"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3)])
    def test_few_pictures_stand_in_fewer_columns(
        self, as_alice: Client, alice: Visitor, count: int, across: int
    ) -> None:
        page = Page(as_alice.get(f"/g/{ask(alice, count=count).pk}"))
        assert page.all("div", role="grid", class_=f"grid across-{across}")
        assert len(page.frames) == count


class TestWhenItCameToNothing:
    def test_a_failure_says_why_and_that_it_was_not_counted(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice)
        for _ in range(ATTEMPTS):
            services.fail(claimed(job), Failure.OUT_OF_MEMORY)
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert page.status == "failed"
        assert "did not fit into the drawing machine" in page.text
        assert "does not count" in page.text
        assert page.one("form", action=f"/g/{job.pk}/again")

    def test_what_was_stopped_while_it_waited_was_not_counted(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice)
        services.cancel(job)
        page = Page(as_alice.get(f"/g/{job.pk}"))
        assert page.status == "cancelled"
        assert "does not count" in page.text

    def test_what_was_stopped_while_it_was_drawn_says_nothing_of_the_kind(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice)
        claimed(job)
        services.cancel(job)
        assert "does not count" not in Page(as_alice.get(f"/g/{job.pk}")).text

    def test_a_deleted_grid_is_gone_for_everybody(
        self, as_alice: Client, as_bob: Client, alice: Visitor
    ) -> None:
        job = ask(alice, "a sloth")
        services.erase(job)
        for somebody in (as_alice, as_bob, Client()):
            response = somebody.get(f"/g/{job.pk}")
            assert response.status_code == 410
            assert "was deleted" in Page(response).text
            assert Page(response).all("a", href="/")

    def test_a_grid_that_never_was_is_not_found(self, client: Client) -> None:
        response = client.get(f"/g/{uuid4()}")
        assert response.status_code == 404
        assert Page(response).all("a", href="/")

    @pytest.mark.parametrize("address", ["/g/1", "/g/", "/g/no-such-grid", "/nowhere", "/g/%00"])
    def test_an_address_that_means_nothing_is_not_found(self, client: Client, address: str) -> None:
        response = client.get(address)
        assert response.status_code == 404
        assert "no such page" in Page(response).text


class TestWhoSeesIt:
    def test_an_unlisted_grid_is_shown_to_whoever_has_its_address_without_its_owners_buttons(
        self, as_bob: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice), monkeypatch)
        page = Page(as_bob.get(f"/g/{job.pk}"))
        assert len(shown_on(page)) == 9
        assert not page.all("form", method="post")
        assert not page.all("a", href=f"/g/{job.pk}/delete")
        assert page.one("meta", name="robots")["content"] == "noindex"

    def test_a_private_grid_is_its_owners_alone(self) -> None:
        carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
        dave = User.objects.create(username="dave", plan_id=Plan.PREMIUM)
        job = ask(carol, visibility=Job.Visibility.PRIVATE)
        assert client_of(carol).get(f"/g/{job.pk}").status_code == 200
        for other in (client_of(dave), client_of(Visitor.objects.create()), Client()):
            response = other.get(f"/g/{job.pk}")
            assert response.status_code == 404
            assert "a red fox" not in Page(response).text

    def test_an_operators_grid_belongs_to_nobody(self, client: Client) -> None:
        job = ask(None)
        page = Page(client.get(f"/g/{job.pk}"))
        assert page.status == "queued"
        assert not page.all("form", method="post")

    def test_no_cache_keeps_what_its_owner_sees_or_what_is_not_done(
        self, as_alice: Client, as_bob: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = ask(alice)
        for somebody in (as_alice, as_bob, Client()):
            assert somebody.get(f"/g/{job.pk}")["Cache-Control"] == "private, no-store"
        finished(job, monkeypatch)
        for somebody in (as_alice, as_bob):
            assert somebody.get(f"/g/{job.pk}")["Cache-Control"] == "private, no-store"
