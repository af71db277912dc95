"""What an owner can do with a grid, and nobody else."""

import pytest
from django.core.files.storage import storages
from django.test import Client

from accounts.models import Plan, Visitor
from generation import services
from generation.models import Image, Job, Rendition
from tests.generation.site.cast import Page, ask, claimed, client_of, finished, job_behind, key_on

pytestmark = pytest.mark.django_db

BUTTONS = ("cancel", "again", "delete")


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
        assert len(page.all("img")) == 9


class TestDelete:
    def test_asks_first(self, as_alice: Client, as_bob: Client, job: Job) -> None:
        page = Page(as_alice.get(f"/g/{job.pk}/delete"))
        assert "a red fox" in page.text
        assert page.one("form", action=f"/g/{job.pk}/delete", method="post")
        assert page.one("a", href=f"/g/{job.pk}")
        assert as_bob.get(f"/g/{job.pk}/delete").status_code == 404

    def test_leaves_nothing_but_a_page_that_says_so(
        self, as_alice: Client, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finished(job, monkeypatch)
        files = [("masters", name) for name in Image.objects.values_list("master", flat=True)]
        files += [("default", name) for name in Rendition.objects.values_list("name", flat=True)]
        assert all(storages[alias].exists(name) for alias, name in files)
        response = as_alice.post(f"/g/{job.pk}/delete", follow=True)
        assert response.status_code == 410
        for address in (
            f"/g/{job.pk}/0.webp",
            f"/g/{job.pk}/grid.webp",
            f"/g/{job.pk}/0-small.webp",
        ):
            assert as_alice.get(address).status_code == 410
        assert not any(storages[alias].exists(name) for alias, name in files)
        assert not Job.objects.filter(prompt__contains="fox").exists()
