"""Why somebody waits, in true figures; and what the page of a grid asks the database."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Plan, User, Visitor
from generation import services
from generation.models import Job
from generation.queue import accuracy, redraws
from generation.queue.standing import standing_of
from tests.generation.site.cast import Page, ask, claimed, client_of, finished

pytestmark = pytest.mark.django_db

MOST_QUERIES = 5


def stopped(job: Job, _: pytest.MonkeyPatch) -> Job:
    services.cancel(job)
    return job


def held_back(job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    return finished(job, monkeypatch, blocked=(2, 4))


def drawn_again(job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    redraws.redraw(held_back(job, monkeypatch), 4)
    return job


STATES: dict[str, Callable[[Job, pytest.MonkeyPatch], Job]] = {
    "waiting": lambda job, _: job,
    "drawing": lambda job, _: claimed(job, progress=0.4),
    "done": finished,
    "held back": held_back,
    "drawn again": drawn_again,
    "stopped": stopped,
}


@pytest.fixture(autouse=True)
def roomy(db: None) -> None:
    Plan.objects.update(in_flight=100, per_minute=100, per_day=100)


@pytest.fixture
def carol(db: None) -> User:
    return User.objects.create(username="carol", plan_id=Plan.PREMIUM)


class TestWhyAmISeventh:
    def test_says_who_is_before_and_what_paid_grids_take(
        self, as_alice: Client, alice: Visitor, carol: User
    ) -> None:
        claimed(ask(Visitor.objects.create()))
        for _ in range(2):
            ask(Visitor.objects.create())
        for _ in range(3):
            ask(carol)
        page = Page(as_alice.get(f"/g/{ask(alice).pk}"))
        assert "Why am I 3rd?" in page.text
        assert "One grid is being drawn now." in page.text
        assert "2 free grids are drawn before yours." in page.text
        assert "3 grids of Premium or the API wait too." in page.text
        assert "those get 80% of the drawing" in page.text

    def test_says_to_who_pays_what_free_grids_take(self, carol: User, alice: Visitor) -> None:
        ask(alice)
        ask(carol)
        page = Page(client_of(carol).get(f"/g/{ask(carol).pk}"))
        assert "One grid of Premium or the API is drawn before yours." in page.text
        assert "free ones get 20% of the drawing" in page.text

    @pytest.mark.parametrize("language", ["en", "fr"])
    def test_names_nobody_before_the_first(
        self, alice: Visitor, carol: User, language: str
    ) -> None:
        for owner in (alice, carol):
            page = Page(client_of(owner).get(f"/g/{ask(owner).pk}?lang={language}"))
            assert page.one("details", class_="more-said")
            assert "before yours" not in page.text
            assert "avant la vôtre" not in page.text

    def test_counts_by_the_order_of_the_queue_and_not_of_the_clock(
        self, alice: Visitor, bob: Visitor
    ) -> None:
        ask(alice)
        alices_second, bobs_first = ask(alice), ask(bob)
        places = [standing_of(job).place for job in (bobs_first, alices_second)]  # type: ignore[union-attr]
        assert places == [2, 3]

    def test_of_what_waits_no_more_is_not_asked(self, alice: Visitor) -> None:
        assert standing_of(claimed(ask(alice))) is None

    def test_says_how_good_past_estimates_were(
        self, as_alice: Client, alice: Visitor, bob: Visitor
    ) -> None:
        for late in (False, False, False, True):
            job = ask(bob)
            start = job.created + timedelta(seconds=job.quoted_high + (1 if late else -1))
            services.cancel(job)
            Job.objects.filter(pk=job.pk).update(started=start)
        address = f"/g/{ask(alice).pk}"
        accuracy._as_of.cache_clear()
        text = Page(as_alice.get(address)).text
        assert "Of the last 4 free grids of 7 days, 75% started in the time" in text


@pytest.mark.parametrize("state", STATES)
def test_one_element_says_the_end_and_is_there_before_it(
    as_alice: Client, alice: Visitor, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = STATES[state](ask(alice), monkeypatch)
    answer = as_alice.get(f"/g/{job.pk}")
    assert Page(answer).one("div", id="outcome")["role"] == "status"
    ended = state in ("done", "held back", "stopped")
    said = answer.content.decode().split('id="outcome" role="status">')[1].split("</div>")[0]
    assert said.startswith("<h2>") == ended
    assert bool(said) == ended


@pytest.mark.parametrize(
    ("state", "follows"), [("waiting", "queued"), ("drawing", "running"), ("drawn again", "queued")]
)
def test_the_page_says_which_state_of_what_it_follows_it_shows(
    as_alice: Client, alice: Visitor, state: str, follows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = STATES[state](ask(alice), monkeypatch)
    page = Page(as_alice.get(f"/g/{job.pk}"))
    assert page.one("div", id="job")["data-follows"] == follows
    assert page.one("p", id=f"news-{follows}")


class TestThePageAsksLittle:
    @pytest.mark.parametrize(
        "who", ["visitor", "account", "subscriber", "somebody else", "another account", "stranger"]
    )
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.usefixtures("ad")
    def test_in_every_state_and_whatever_the_history(
        self, state: str, who: str, carol: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dave = User.objects.create(username="dave")
        owners = {"account": dave, "subscriber": carol}
        owner = owners.get(who) or Visitor.objects.create()
        for _ in range(3):
            finished(ask(owner), monkeypatch)
        job = STATES[state](ask(owner), monkeypatch)
        accuracy.recent()
        others = {
            "somebody else": client_of(Visitor.objects.create()),
            "another account": client_of(dave),
            "stranger": Client(),
        }
        browser = others.get(who) or client_of(owner)
        browser.get(f"/g/{job.pk}")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(f"/g/{job.pk}").status_code == 200
        statements = [query["sql"] for query in asked.captured_queries]
        assert len(statements) <= MOST_QUERIES, "\n".join(statements)
