"""Where jobs stand, asked for many at once."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Plan, User, Visitor
from generation import services
from generation.models import Job
from generation.queue.news import GONE, news_of
from generation.queue.workers import Crew, crew_of
from tests.generation.site.cast import ask, claimed, easel

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def roomy(db: None, settings: Settings) -> None:
    settings.FREE_WAIT_LIMIT = 10**6
    Plan.objects.update(in_flight=1000, per_minute=1000, per_day=1000)


def places(*jobs: Job) -> list[int | None]:
    news = news_of([job.pk for job in jobs])
    return [news[job.pk].place for job in jobs]


def test_places_follow_the_order_in_which_jobs_are_claimed(alice: Visitor, bob: Visitor) -> None:
    alices = [ask(alice) for _ in range(3)]
    bobs = ask(bob)
    order = [alices[0], bobs, alices[1], alices[2]]
    assert places(*order) == [1, 2, 3, 4]
    for place, job in enumerate(order, start=1):
        batch = services.claim("easel", {"ink": 1})
        assert batch is not None
        assert batch.jobs[0] == job
        left = order[place:]
        assert places(*left) == list(range(1, len(left) + 1))


def test_each_lane_counts_for_itself(alice: Visitor) -> None:
    carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
    free, paid = [ask(alice), ask(alice)], [ask(carol), ask(carol)]
    assert places(*free, *paid) == [1, 2, 1, 2]


def test_a_place_counts_those_who_are_not_watched(alice: Visitor) -> None:
    jobs = [ask(alice) for _ in range(5)]
    assert places(jobs[4]) == [5]


def test_who_is_drawn_has_progress_and_no_place(alice: Visitor) -> None:
    job = ask(alice)
    claimed(job, progress=0.42)
    news = news_of([job.pk])[job.pk]
    assert (news.status, news.progress, news.place, news.ended) == ("running", 0.42, None, False)


def test_who_has_ended_says_so(alice: Visitor) -> None:
    job = ask(alice)
    services.cancel(job)
    news = news_of([job.pk])[job.pk]
    assert (news.status, news.place, news.ended) == ("cancelled", None, True)


def test_of_what_was_deleted_or_never_was_nothing_is_left(alice: Visitor) -> None:
    job, never = ask(alice), uuid4()
    services.erase(job)
    assert news_of([job.pk, never]) == {job.pk: GONE, never: GONE}
    assert GONE.ended


def test_any_number_of_jobs_is_one_query(
    alice: Visitor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jobs = [ask(alice) for _ in range(40)]
    with django_assert_num_queries(1):
        assert len(news_of([job.pk for job in jobs])) == 40
    with django_assert_num_queries(0):
        assert news_of([]) == {}


@pytest.mark.parametrize(
    ("worker", "crew"),
    [
        ({}, Crew.DRAWS),
        ({"state": "drawing"}, Crew.DRAWS),
        ({"state": "loading", "kind": ""}, Crew.LOADS),
        ({"kind": ""}, Crew.LOADS),
        ({"state": "paused"}, Crew.NOBODY),
        ({"checkpoints": ["inkwell"]}, Crew.NOBODY),
        ({"broken": {"ink": 'no "unet"'}}, Crew.NOBODY),
        ({"checkpoints": ["oil", "ink"], "broken": {"oil": '"ink":'}}, Crew.DRAWS),
        ({"seen_at": timezone.now() - timedelta(minutes=1)}, Crew.NOBODY),
    ],
)
def test_who_draws_is_said_as_the_workers_say_it(
    alice: Visitor, worker: dict[str, Any], crew: Crew
) -> None:
    job = ask(alice)
    assert news_of([job.pk])[job.pk].crew is crew_of("ink") is Crew.NOBODY
    easel(**worker)
    assert news_of([job.pk])[job.pk].crew is crew_of("ink") is crew


def test_what_was_quoted_shrinks_and_is_no_news(alice: Visitor) -> None:
    job = ask(alice)
    Job.objects.filter(pk=job.pk).update(quoted_low=100.0, quoted_high=200.0)
    first, second = (news_of([job.pk])[job.pk] for _ in range(2))
    assert 0 < second.starts_in[0] < first.starts_in[0] <= 100
    assert first == second
