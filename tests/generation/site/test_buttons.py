"""What an owner can do with a grid, and nobody else."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.files.storage import storages
from django.db.models import F
from django.test import Client
from PIL import Image as Pictures

from accounts.models import Plan, User, Visitor
from generation import catalogue, services, tasks
from generation.checkpoints import Checkpoint
from generation.drawing import delivery
from generation.models import Image, Job, Rendition
from generation.queue import deletion
from tests.generation.site.cast import (
    Page,
    ask,
    claimed,
    client_of,
    easel,
    finished,
    job_behind,
    key_on,
)

pytestmark = pytest.mark.django_db

BUTTONS = ("cancel", "again", "delete", "visibility", "4/again")


@pytest.fixture
def job(alice: Visitor) -> Job:
    return ask(alice)


def status_of(job: Job) -> str:
    return Job.objects.values_list("status", flat=True).get(pk=job.pk)


@pytest.mark.parametrize("button", BUTTONS)
class TestEveryButton:
    def test_is_not_there_for_somebody_else(self, as_bob: Client, job: Job, button: str) -> None:
        services.cancel(job)
        before = Job.objects.values().get(pk=job.pk)
        for somebody in (as_bob, Client()):
            response = somebody.post(f"/g/{job.pk}/{button}")
            assert response.status_code == 404
            assert "a red fox" not in Page(response).text
        assert Job.objects.values().get() == before

    def test_is_not_there_for_a_grid_that_nobody_owns(self, client: Client, button: str) -> None:
        assert client.post(f"/g/{ask(None).pk}/{button}").status_code == 404

    def test_needs_the_forms_token(self, alice: Visitor, job: Job, button: str) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client_of(alice).cookies
        assert strict.post(f"/g/{job.pk}/{button}").status_code == 403
        assert status_of(job) == "queued"

    def test_is_pressed_and_not_followed(self, as_alice: Client, job: Job, button: str) -> None:
        response = as_alice.get(f"/g/{job.pk}/{button}")
        assert response.status_code == (200 if button == "delete" else 405)
        assert status_of(job) == "queued"
        assert Job.objects.count() == 1

    def test_is_gone_with_the_grid(self, as_alice: Client, job: Job, button: str) -> None:
        services.erase(job)
        assert as_alice.post(f"/g/{job.pk}/{button}").status_code == 410


class TestCancel:
    def test_takes_a_waiting_grid_out_of_the_queue(self, as_alice: Client, job: Job) -> None:
        assert as_alice.post(f"/g/{job.pk}/cancel", follow=True).status_code == 200
        assert status_of(job) == "cancelled"

    def test_stops_a_grid_that_is_being_drawn(self, as_alice: Client, job: Job) -> None:
        claimed(job)
        as_alice.post(f"/g/{job.pk}/cancel")
        assert status_of(job) == "cancelled"

    def test_changes_nothing_about_a_finished_one(
        self, as_alice: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        assert as_alice.post(f"/g/{job.pk}/cancel").status_code == 302
        assert status_of(job) == "succeeded"


class TestAgain:
    def test_draws_the_same_request_with_a_fresh_seed(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = finished(
            ask(alice, "a sloth", count=2, size=(128, 64), seed=7, negative_prompt="snow"),
            monkeypatch,
        )
        second = job_behind(as_alice.post(f"/g/{first.pk}/again")["Location"])
        assert second.pk != first.pk
        assert (second.prompt, second.count, second.negative_prompt) == ("a sloth", 2, "snow")
        assert (second.width, second.height) == (128, 64)
        assert second.visitor == alice
        assert second.seed != first.seed

    def test_pressed_twice_draws_once(
        self, as_alice: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        sent = {"key": key_on(Page(as_alice.get(f"/g/{job.pk}")))}
        assert (
            as_alice.post(f"/g/{job.pk}/again", sent)["Location"]
            == as_alice.post(f"/g/{job.pk}/again", sent)["Location"]
        )
        assert Job.objects.count() == 2

    def test_beyond_the_allowance_stays_on_the_grid_and_says_why(
        self, as_alice: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        Plan.objects.filter(name=Plan.VISITOR).update(per_day=1)
        response = as_alice.post(f"/g/{job.pk}/again")
        page = Page(response)
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0
        assert page.one("div", role="alert")
        assert len(page.all("img", alt="a red fox")) == 9
        assert "With a free account it is 25 grids" in page.text

    def test_while_another_grid_is_drawn_leads_there(
        self, as_alice: Client, alice: Visitor, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Plan.objects.filter(name=Plan.VISITOR).update(per_minute=9)
        finished(job, monkeypatch)
        other = ask(alice, "a sloth")
        response = as_alice.post(f"/g/{job.pk}/again")
        assert response.status_code == 429
        assert Page(response).all("a", href=f"/g/{other.pk}")


class TestDelete:
    def test_asks_first(self, as_alice: Client, as_bob: Client, job: Job) -> None:
        page = Page(as_alice.get(f"/g/{job.pk}/delete"))
        assert "a red fox" in page.text
        assert page.one("form", action=f"/g/{job.pk}/delete", method="post")
        assert page.one("a", href=f"/g/{job.pk}")
        assert as_bob.get(f"/g/{job.pk}/delete").status_code == 404

    def test_takes_it_from_everybody_at_once_and_its_owner_may_bring_it_back(
        self, as_alice: Client, as_bob: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        response = as_alice.post(f"/g/{job.pk}/delete", follow=True)
        assert response.status_code == 410
        assert Page(response).one("form", action=f"/g/{job.pk}/undo")
        for name in ("", "/0.webp", "/grid.webp", "/0-small.webp"):
            for somebody in (as_bob, Client()):
                answer = somebody.get(f"/g/{job.pk}{name}")
                assert answer.status_code == 410
                assert b"undo" not in answer.content
        for somebody in (as_bob, Client()):
            assert somebody.post(f"/g/{job.pk}/undo").status_code == 404
        assert as_alice.get(f"/g/{job.pk}/0.webp").status_code == 410
        back = as_alice.post(f"/g/{job.pk}/undo", follow=True)
        assert back.status_code == 200
        assert len(Page(back).all("img", alt="a red fox")) == 9
        assert as_bob.get(f"/g/{job.pk}/0.webp").status_code == 200

    def test_leaves_nothing_once_it_can_be_undone_no_more(
        self, as_alice: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        files = [("masters", name) for name in Image.objects.values_list("master", flat=True)]
        files += [("default", name) for name in Rendition.objects.values_list("name", flat=True)]
        assert all(storages[alias].exists(name) for alias, name in files)
        as_alice.post(f"/g/{job.pk}/delete")
        Job.objects.update(deleted=F("deleted") - deletion.GRACE - deletion.MARGIN)
        tasks.erase_deleted()
        assert not Page(as_alice.get(f"/g/{job.pk}")).all("form")
        assert as_alice.post(f"/g/{job.pk}/undo").status_code == 404
        assert not any(storages[alias].exists(name) for alias, name in files)
        assert not Job.objects.filter(prompt__contains="fox").exists()


class TestDrawItAgain:
    @pytest.fixture
    def held_back(self, job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
        return finished(job, monkeypatch, blocked=(4,))

    def test_is_offered_to_the_owner_and_draws_the_position_into_the_grid(
        self, as_alice: Client, as_bob: Client, held_back: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = f"/g/{held_back.pk}"
        assert Page(as_alice.get(address)).one("form", action=f"{address}/4/again")
        assert not Page(as_bob.get(address)).all("form", action=f"{address}/4/again")
        card = as_alice.get(f"{address}/grid.webp")["ETag"]
        page = Page(as_alice.post(f"{address}/4/again", follow=True))
        redraw = held_back.redrawn.get()
        assert page.frames[4]["data-state"] == "drawn_again"
        assert page.one("div", id="news")["hx-sse:connect"] == f"/g/{redraw.pk}/events"
        assert as_alice.get(f"/g/{redraw.pk}")["Location"] == address
        finished_alone(redraw, monkeypatch)
        page = Page(as_alice.get(address))
        assert [frame["data-state"] for frame in page.frames] == ["drawn"] * 9
        for name in ("4.webp", "4.png", "4-small.webp", "grid.webp"):
            assert as_bob.get(f"{address}/{name}").status_code == 200
        assert as_alice.get(f"{address}/grid.webp")["ETag"] != card

    def test_rings_for_the_worker(
        self, as_alice: Client, held_back: Job, rung: list[str],
        django_capture_on_commit_callbacks: Any,
    ) -> None:  # fmt: skip
        with django_capture_on_commit_callbacks(execute=True):
            as_alice.post(f"/g/{held_back.pk}/4/again")
        assert rung == ["ink"]

    def test_where_there_is_a_picture_is_refused_with_the_reason(
        self, as_alice: Client, held_back: Job
    ) -> None:
        response = as_alice.post(f"/g/{held_back.pk}/3/again")
        assert response.status_code == 409
        assert "nothing to draw again" in Page(response).text

    def test_says_when_the_check_held_it_back_twice(
        self, as_alice: Client, held_back: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_alice.post(f"/g/{held_back.pk}/4/again")
        finished_alone(held_back.redrawn.get(), monkeypatch, blocked=True)
        page = Page(as_alice.get(f"/g/{held_back.pk}"))
        assert "the second time too" in page.text
        assert not page.all("form", action=f"/g/{held_back.pk}/4/again")


def finished_alone(redraw: Job, monkeypatch: pytest.MonkeyPatch, *, blocked: bool = False) -> None:
    """Delivers a position drawn again as its worker would."""
    monkeypatch.setattr("generation.drawing.delivery.close_old_connections", lambda: None)
    verdict = Image.Verdict.BLOCKED if blocked else Image.Verdict.PASSED
    monkeypatch.setattr("generation.safety.checks.verdicts", lambda *_, **__: [verdict])
    drawn = delivery.Drawn(
        job=claimed(redraw),
        pictures=[Pictures.new("RGB", (64, 64), "teal")],
        seconds=1.0,
        prompt_cut_at=None,
        revision="0123456789ab",
    )
    assert delivery.deliver(drawn, catalogue.checkpoint_named("ink"))


class TestDownload:
    def test_gives_one_picture_or_the_card_in_a_format_to_keep(
        self, as_bob: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        for picture in ("0", "8", "card"):
            for suffix in ("webp", "png", "jpeg", "avif"):
                sent = {"picture": picture, "format": suffix}
                response = as_bob.get(f"/g/{job.pk}/download", sent, follow=True)
                assert response.status_code == 200
                assert response["Content-Type"] == f"image/{suffix}"
                assert response["Content-Disposition"].startswith("attachment;")

    @pytest.mark.parametrize(
        "query",
        ["", "picture=9&format=png", "picture=0", "picture=0&format=gif", "picture=²&format=png"],
    )
    def test_of_what_there_is_not_is_not_found(
        self, as_bob: Client, job: Job, query: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        assert as_bob.get(f"/g/{job.pk}/download?{query}").status_code == 404


def form_to_change(client: Client, job: Job) -> str:
    """The address of the filled form that a grid's page leads to."""
    links = [a["href"] for a in Page(client.get(f"/g/{job.pk}")).all("a")]
    (form,) = [link for link in links if link.startswith("/?")]
    return form


def test_changing_the_prompt_begins_with_the_whole_form_filled(
    ink: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = {"ink": ink, "oil": replace(ink, name="oil", title="Oil")}
    monkeypatch.setattr("generation.catalogue.offered", lambda: offered)
    easel(checkpoints=["ink", "oil"])
    carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
    asked = {
        "prompt": "50% & a sloth", "count": 2, "size": (128, 64), "negative_prompt": "snow",
        "checkpoint": "oil", "visibility": Job.Visibility.PRIVATE,
    }  # fmt: skip
    job = finished(ask(carol, **asked), monkeypatch)
    link = form_to_change(client_of(carol), job)
    assert dict(parse_qsl(link[2:])) == {
        "prompt": "50% & a sloth", "count": "2", "size": "128x64", "negative_prompt": "snow",
        "checkpoint": "oil", "visibility": "private",
    }  # fmt: skip
    chosen = Page(client_of(carol).get(link)).all("option", selected="")
    assert [one["value"] for one in chosen if "value" in one] == ["oil", "128x64", "private"]


def test_what_the_form_has_by_itself_is_not_in_its_address(
    as_alice: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(job, monkeypatch)
    assert form_to_change(as_alice, job) == "/?prompt=a+red+fox"


def test_who_sees_a_grid_is_its_owners_choice_and_nobody_elses_to_begin_with(
    as_alice: Client, as_bob: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(job, monkeypatch)
    Job.objects.update(visibility=Job.Visibility.PUBLIC)
    assert "visibility=public" in form_to_change(as_alice, job)
    assert "visibility" not in form_to_change(as_bob, job)
