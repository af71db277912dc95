"""The form: what it offers, what becomes of what is sent, and what it says when it cannot be."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Network, Override, Plan, User, Visitor
from generation import services
from generation.checkpoints import Checkpoint
from generation.models import Job, Worker
from generation.queue import busyness, redraws, workers
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


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for a moment is kept to the end of the test."""
    monkeypatch.setattr(busyness, "KEPT", 10**12)
    monkeypatch.setattr(workers, "KEPT", 10**12)


def first_page_now(client: Client) -> str:
    """What the first page says of this moment, and not of a moment ago."""
    busyness._as_of.cache_clear()
    return " ".join(Page(client.get("/")).text.split())


class TestTheForm:
    def test_is_open_to_somebody_who_was_never_here_and_leaves_no_visitor_behind(
        self, client: Client
    ) -> None:
        response = client.get("/")
        page = Page(response)
        assert response.status_code == 200
        assert page.one("form")["action"] == "/"
        assert page.one("textarea", name="prompt")
        assert "10 of 10 free grids left today" in page.text
        assert "visitor" not in response.cookies
        assert not Visitor.objects.exists()

    def test_is_never_kept_by_a_cache(self, client: Client) -> None:
        assert client.get("/")["Cache-Control"] == "private, no-store"

    def test_says_what_the_models_get_wrong(self, client: Client) -> None:
        page = Page(client.get("/"))
        assert page.one("section", id="wrong")
        assert "stereotypes" in page.text

    def test_shows_the_sizes_that_a_plan_locks_and_what_unlocks_them(self, client: Client) -> None:
        Plan.objects.filter(name=Plan.VISITOR).update(largest_side=256, images_per_grid=4)
        Plan.objects.filter(name=Plan.FREE).update(largest_side=256)
        page = Page(client.get("/"))
        sizes = [one for one in page.all("option") if "x" in one.get("value", "")]
        assert [(one["value"], "disabled" in one) for one in sizes] == [
            ("64x64", False),
            ("128x64", False),
            ("512x512", True),
        ]
        assert "512 × 512 · with Premium" in page.text
        assert "you alone · with Premium" in page.text
        assert [one for one in page.all("option") if "value" not in one] != []

    @pytest.mark.parametrize("who", ["visitor", "account", "exception", "subscriber"])
    @pytest.mark.usefixtures("ad", "one_moment")
    def test_asks_the_database_six_times_at_most_whatever_the_history(
        self, who: str, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Plan.objects.update(in_flight=99, per_minute=99, per_day=99)
        plan = Plan.PREMIUM if who == "subscriber" else Plan.FREE
        owner = alice if who == "visitor" else User.objects.create(username="carol", plan_id=plan)
        if who == "exception":
            Override.objects.create(user=owner, per_day=7)
        for number in range(6):
            finished(ask(owner, f"a fox {number}"), monkeypatch)
        ask(owner, "a whale")
        browser = client_of(owner)
        browser.get("/")
        with CaptureQueriesContext(connection) as asked:
            page = Page(browser.get("/"))
        shown = [picture for picture in page.all("img") if "-small" in picture["src"]]
        assert len(shown) == 3 * 9
        assert ("Crayons" in page.text) == (who != "subscriber")
        assert len(asked) <= 6, [query["sql"][:90] for query in asked]

    @pytest.mark.usefixtures("one_moment")
    def test_asks_the_database_no_more_often_for_somebody_who_was_never_here(
        self, client: Client
    ) -> None:
        client.get("/")
        with CaptureQueriesContext(connection) as asked:
            client.get("/")
        assert len(asked) <= 2, [query["sql"][:90] for query in asked]

    def test_counts_no_position_that_was_drawn_again_as_a_grid(
        self, as_alice: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        redraws.redraw(finished(ask(alice), monkeypatch, blocked=(4,)), 4)
        assert "9 of 10 free grids left today" in Page(as_alice.get("/")).text

    def test_says_the_same_wait_as_the_status_page_once_anybody_waits_or_is_drawn_for(
        self, client: Client, alice: Visitor
    ) -> None:
        easel()
        assert "It is busy" not in first_page_now(client)
        job = ask(alice)
        assert "It is busy: a new grid waits 10 seconds to 13 minutes." in first_page_now(client)
        assert "10 seconds to 13 minutes" in Page(client.get("/status")).text
        claimed(job)
        assert "It is busy: a new grid waits at most 13 minutes." in first_page_now(client)
        services.cancel(job)
        assert "It is busy" not in first_page_now(client)

    def test_counts_what_the_same_machines_draw_with_another_model(
        self, client: Client, alice: Visitor, ink: Checkpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        offered = {"ink": ink, "oil": replace(ink, name="oil", title="Oil")}
        monkeypatch.setattr("generation.catalogue.offered", lambda: offered)
        easel(checkpoints=["ink", "oil"])
        ask(alice, checkpoint="oil")
        assert "It is busy" in first_page_now(client)

    def test_is_full_when_a_grid_would_be_refused(
        self, client: Client, alice: Visitor, settings: Settings
    ) -> None:
        settings.FREE_WAIT_LIMIT = 60
        assert "It is crowded" not in first_page_now(client)
        ask(alice)
        assert "It is crowded" in first_page_now(client)
        assert client.post("/", {"prompt": "a red fox"}).status_code == 503

    def test_says_that_nobody_draws_or_that_the_model_is_being_loaded(self, client: Client) -> None:
        assert "No machine is drawing at the moment" in Page(client.get("/")).text
        easel("loading", kind="")
        workers._as_of.cache_clear()
        assert "The model is being loaded" in Page(client.get("/")).text
        Worker.objects.update(state="ready", kind="paint")
        workers._as_of.cache_clear()
        assert "at the moment" not in (text := Page(client.get("/")).text)
        assert "being loaded" not in text

    def test_offers_the_styles_of_its_models_and_draws_in_one(
        self, as_alice: Client, ink: Checkpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        oil = replace(ink, name="oil", title="Oil", styles={"photo": "{prompt}, a photo"})
        offered = {"ink": ink, "oil": oil}
        monkeypatch.setattr("generation.catalogue.offered", lambda: offered)
        page = Page(as_alice.get("/"))
        assert page.one("input", type="radio", value="photo")
        assert [one.get("value") for one in page.all("option")][:2] == ["ink", "oil"]
        sent = {"prompt": "a fox", "style": "photo", "checkpoint": "oil", "visibility": "public"}
        job = job_behind(as_alice.post("/", sent)["Location"])
        assert (job.style, job.checkpoint, job.visibility) == ("photo", "oil", "public")

    def test_points_out_the_words_that_the_model_never_learned(
        self, client: Client, ink: Checkpoint, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small = replace(ink, known_words=("dog", "red"), nearest_words={"labradoodle": "dog"})
        monkeypatch.setattr("generation.catalogue.offered", lambda: {"ink": small})
        prompt = "a red labradoodle with a <b>krummhorn</b>"
        for answer in (client.post("/words", {"prompt": prompt}), client.get("/?prompt=" + prompt)):
            page = Page(answer)
            assert "labradoodle, drawn as dog" in page.text
            assert "krummhorn" in page.text
            assert not page.all("b")
            assert answer["Cache-Control"] == "private, no-store"
        job = job_behind(client.post("/", {"prompt": prompt})["Location"])
        assert "labradoodle, drawn as dog" in Page(client.get(f"/g/{job.pk}")).text
        known = {"prompt": "A red dog in the RED, un l'dog"}
        assert "never learned" not in Page(client.post("/words", known)).text

    def test_offers_a_larger_size_to_a_larger_plan(self) -> None:
        carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
        assert "512 × 512" in Page(client_of(carol).get("/")).text

    def test_fills_in_a_sample_when_its_link_is_followed(self, client: Client) -> None:
        links = [a["href"] for a in Page(client.get("/")).all("a", class_="chip")]
        assert Page(client.get(links[0])).text.count("a fox in the snow") == 2
        page = Page(client.get(links[1]))
        assert page.text.count("50% & <b>more</b>") == 2
        assert not page.all("b")

    def test_shows_the_owners_last_grids_and_nobody_elses(
        self, as_alice: Client, as_bob: Client, alice: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job = finished(ask(alice, "a sloth"), monkeypatch)
        page = Page(as_alice.get("/"))
        assert page.all("a", href=f"/g/{job.pk}")
        assert len(page.all("img")) == 9
        assert "a sloth" not in Page(as_bob.get("/")).text

    def test_does_not_show_what_was_deleted(self, as_alice: Client, alice: Visitor) -> None:
        job = ask(alice, "a sloth")
        services.erase(job)
        assert not Page(as_alice.get("/")).all("a", href=f"/g/{job.pk}")


class TestDrawing:
    def test_leads_to_the_grid_and_makes_the_newcomer_a_visitor(self, client: Client) -> None:
        response = client.post("/", {"prompt": "a red fox", "key": key_on(Page(client.get("/")))})
        assert response.status_code == 303
        job = job_behind(response["Location"])
        assert (job.prompt, job.count, job.visitor) == ("a red fox", 9, Visitor.objects.get())
        assert job.visibility == Job.Visibility.UNLISTED
        cookie = response.cookies["visitor"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert Page(client.get(response["Location"])).all("form", action=f"/g/{job.pk}/cancel")

    def test_draws_what_was_said_under_more(self, as_alice: Client) -> None:
        response = as_alice.post(
            "/",
            {
                "prompt": "a red fox",
                "count": "4",
                "size": "128x64",
                "seed": "7",
                "negative_prompt": "snow",
            },
        )
        job = job_behind(response["Location"])
        assert (job.count, job.width, job.height, job.seed) == (4, 128, 64, 7)
        assert job.negative_prompt == "snow"

    def test_rings_for_the_checkpoints_workers_once_the_job_is_safe(
        self,
        as_alice: Client,
        rung: list[str],
        django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            as_alice.post("/", {"prompt": "a red fox"})
            assert rung == []
        assert rung == ["ink"]

    def test_sends_the_cookie_over_tls_alone_where_the_site_has_it(
        self, client: Client, settings: Settings
    ) -> None:
        settings.SESSION_COOKIE_SECURE = True
        assert client.post("/", {"prompt": "a red fox"}).cookies["visitor"]["secure"]

    def test_needs_the_forms_token(self, alice: Visitor) -> None:
        strict = Client(enforce_csrf_checks=True)
        response = strict.post("/", {"prompt": "a red fox"})
        assert response.status_code == 403
        assert "too old" in Page(response).text
        assert not Job.objects.exists()

    def test_a_forged_cookie_is_nobodys(self, client: Client, alice: Visitor) -> None:
        ask(alice, "a sloth")
        client.cookies["visitor"] = f"{alice.pk}:forged:signature"
        assert "a sloth" not in Page(client.get("/")).text
        response = client.post("/", {"prompt": "a red fox"})
        assert job_behind(response["Location"]).visitor != alice


class TestADoubleClick:
    def test_joins_the_first_job(self, as_alice: Client) -> None:
        sent = {"prompt": "a red fox", "key": key_on(Page(as_alice.get("/")))}
        assert as_alice.post("/", sent)["Location"] == as_alice.post("/", sent)["Location"]
        assert Job.objects.count() == 1

    def test_of_somebody_new_comes_from_one_visitor_even_before_a_cookie_was_set(
        self, client: Client
    ) -> None:
        sent = {"prompt": "a red fox", "key": key_on(Page(client.get("/")))}
        first, second = Client().post("/", sent), Client().post("/", sent)
        assert first["Location"] == second["Location"]
        assert Visitor.objects.count() == Job.objects.count() == 1

    def test_with_other_words_is_another_wish(self, as_alice: Client) -> None:
        Plan.objects.filter(name=Plan.VISITOR).update(in_flight=2)
        key = key_on(Page(as_alice.get("/")))
        first = as_alice.post("/", {"prompt": "a red fox", "key": key})
        second = as_alice.post("/", {"prompt": "a blue fox", "key": key})
        assert job_behind(second["Location"]).prompt == "a blue fox"
        assert first["Location"] != second["Location"]

    @pytest.mark.parametrize("key", ["1", "", "a:b:c", "\0", "x" * 5000])
    def test_is_not_known_by_a_key_that_we_did_not_give_out(self, key: str) -> None:
        first = Client().post("/", {"prompt": "a red fox", "key": key})
        second = Client().post("/", {"prompt": "a red fox", "key": key})
        assert first["Location"] != second["Location"]
        assert Visitor.objects.count() == 2


class TestARefusal:
    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"prompt": ""}, "the prompt is empty"),
            ({"prompt": "x" * 1001}, "1001 characters"),
            ({"prompt": "a fox", "count": "10"}, "1 to 9 pictures"),
            ({"prompt": "a fox", "count": "0"}, "1 to 9 pictures"),
            ({"prompt": "a fox", "count": "two"}, "whole number"),
            ({"prompt": "a fox", "size": "65x65"}, "64 × 64"),
            ({"prompt": "a fox", "size": "512x512"}, "larger plan"),
            ({"prompt": "a fox", "size": "huge"}, "looks like"),
            ({"prompt": "a fox", "seed": "-1"}, "A seed is a number from 0"),
            ({"prompt": "a fox", "seed": "9" * 6000}, "whole number"),
        ],
    )
    def test_of_what_cannot_be_drawn_keeps_the_prompt_and_says_why(
        self, client: Client, fields: dict[str, str], said: str
    ) -> None:
        response = client.post("/", fields)
        page = Page(response)
        assert response.status_code == 400
        assert said in page.text
        assert page.one("div", role="alert")
        assert fields["prompt"] in page.text
        assert "visitor" not in response.cookies
        assert not Visitor.objects.exists()
        assert not Job.objects.exists()

    def test_of_a_second_grid_at_once_leads_to_the_first(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        job = ask(alice, "a sloth")
        response = as_alice.post("/", {"prompt": "a red fox"})
        page = Page(response)
        assert response.status_code == 429
        assert int(response["Retry-After"]) > 0
        assert page.text.count("a red fox") == 1
        alert = response.content.decode().split('role="alert"')[1].split("</div>")[0]
        assert f"/g/{job.pk}" in alert

    def test_of_one_grid_too_many_a_day_says_when_there_is_another(
        self, as_alice: Client, alice: Visitor
    ) -> None:
        Plan.objects.filter(name=Plan.VISITOR).update(per_day=1, in_flight=9)
        ask(alice)
        response = as_alice.post("/", {"prompt": "a red fox"})
        assert response.status_code == 429
        assert 86_000 < int(response["Retry-After"]) <= 86_401
        page = Page(response)
        assert "You can draw again in 24 hours" in page.text
        assert "With a free account it is 25 grids" in page.text
        assert "With Premium it is 500" in page.text

    def test_of_a_crowded_queue_says_when_to_come_back(
        self, as_alice: Client, bob: Visitor, settings: Settings
    ) -> None:
        ask(bob)
        settings.FREE_WAIT_LIMIT = 1
        response = as_alice.post("/", {"prompt": "a red fox"})
        assert response.status_code == 503
        assert int(response["Retry-After"]) >= 5
        assert "come back" in Page(response).text

    def test_of_a_whole_network_does_not_depend_on_cookies(self) -> None:
        Plan.objects.filter(name=Plan.NETWORK).update(in_flight=3)
        statuses = [Client().post("/", {"prompt": "a red fox"}).status_code for _ in range(5)]
        assert statuses == [303, 303, 303, 429, 429]
        assert Network.objects.count() == 1
        assert Visitor.objects.count() == 3

    def test_of_a_whole_network_offers_no_account_that_would_share_it(self) -> None:
        Plan.objects.filter(name=Plan.NETWORK).update(per_day=1)
        Client().post("/", {"prompt": "a red fox"})
        page = Page(Client().post("/", {"prompt": "a red fox"}))
        assert "that your network shares" in page.text
        assert "free account" not in page.text
        assert "With Premium you share with nobody: 500 grids in 24 hours" in page.text
