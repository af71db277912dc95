"""Who holds a job: the worker and the attempt are the token, and an old one opens nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.models import Usage
from generation import clock, services
from generation.errors import Failure
from generation.models import Image, Job, Rendition
from tests.generation.queue.cast import (
    a_visitor,
    ask,
    claimed,
    finish,
    lane_sums,
    now_of,
    time_passes,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

LEASE = services.LEASE.total_seconds()


def test_a_renewal_makes_the_lease_last_and_shows_the_progress() -> None:
    ask(a_visitor())
    job = claimed()
    time_passes(20)
    before = clock.now()
    assert services.renew("easel", {(job.pk, 1): 0.5}) == {job.pk}
    row = now_of(job)
    assert row.progress == 0.5
    assert row.lease_until is not None
    assert row.lease_until >= before + services.LEASE
    time_passes(20)
    assert services.sweep() == 0


def test_a_renewal_answers_with_the_jobs_that_are_still_held() -> None:
    for _ in range(3):
        ask(a_visitor())
    kept, cancelled, finished = (claimed() for _ in range(3))
    services.cancel(cancelled)
    finish(finished)
    every = {(job.pk, 1): 0.3 for job in (kept, cancelled, finished)}
    assert services.renew("easel", every) == {kept.pk}


def test_progress_is_a_share_at_most_one() -> None:
    ask(a_visitor())
    job = claimed()
    services.renew("easel", {(job.pk, 1): 1.0000001})
    assert now_of(job).progress == 1


def test_nobody_renews_for_somebody_else() -> None:
    ask(a_visitor())
    job = claimed("easel")
    assert services.renew("palette", {(job.pk, 1): 0.5}) == set()
    assert now_of(job).progress == 0


def lost_and_waiting(_: Job) -> None:
    """The lease ran out, and nobody has taken the job since."""
    time_passes(LEASE + 1)
    assert services.sweep() == 1


def lost_to_another(job: Job) -> None:
    lost_and_waiting(job)
    assert claimed("palette").pk == job.pk


def lost_and_taken_again(job: Job) -> None:
    """By the same worker, whose earlier thread has not noticed."""
    lost_and_waiting(job)
    assert claimed("easel").pk == job.pk


def given_back_and_lost_to_another(job: Job) -> None:
    """A release does not count the attempt: the number is the same, the worker is not."""
    assert services.release(now_of(job))
    again = claimed("palette")
    assert (again.pk, again.attempts) == (job.pk, job.attempts)


def cancelled(job: Job) -> None:
    assert services.cancel(job)


def finished_by_another(job: Job) -> None:
    lost_to_another(job)
    assert finish(now_of(job))


@pytest.mark.parametrize(
    "act",
    [
        finish,
        lambda job: finish(job, blocked=range(job.count)),
        lambda job: services.fail(job, Failure.HUNG),
        services.release,
        lambda job: bool(services.renew(job.worker, {(job.pk, job.attempts): 0.9})),
    ],
    ids=["finish", "finish without a picture", "fail", "release", "renew"],
)
@pytest.mark.parametrize(
    "lose",
    [
        lost_and_waiting,
        lost_to_another,
        lost_and_taken_again,
        given_back_and_lost_to_another,
        cancelled,
        finished_by_another,
    ],
)
def test_a_stale_worker_changes_nothing(
    lose: Callable[[Job], None], act: Callable[[Job], bool]
) -> None:
    ask(a_visitor())
    stale = claimed("easel")
    lose(stale)
    before = everything(stale)
    assert not act(stale)
    assert everything(stale) == before


def everything(job: Job) -> object:
    """All that a worker may change."""
    return (
        Job.objects.filter(pk=job.pk).values().get(),
        lane_sums(),
        set(Image.objects.values_list("pk", flat=True)),
        set(Rendition.objects.values_list("name", flat=True)),
        list(Usage.objects.values()),
    )


def test_a_worker_that_is_late_but_was_not_swept_may_still_finish() -> None:
    ask(a_visitor())
    job = claimed()
    time_passes(LEASE * 3)
    assert finish(job)


def test_a_lease_is_half_a_minute() -> None:
    assert timedelta(seconds=30) == services.LEASE
