"""A grid, its pictures and its usage come to be at one moment, once."""

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Plan, Usage
from generation import clock, services
from generation.errors import Failure
from generation.models import Image, Job, Rendition
from tests.generation.queue.cast import (
    a_user,
    a_visitor,
    ask,
    claimed,
    finish,
    now_of,
    pictures_of,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_finished_grid_has_its_pictures_and_its_usage() -> None:
    alice = a_user("alice", Plan.PREMIUM)
    ask(alice, count=4)
    before = clock.now()
    job = claimed()
    images, renditions = pictures_of(job)
    assert services.finish(job, images, renditions, seconds=1.5, prompt_cut_at=80)
    row = now_of(job)
    assert (row.status, row.error_code, row.progress) == (Job.Status.SUCCEEDED, "", 1)
    assert (row.worker, row.lease_until, row.prompt_cut_at) == ("", None, 80)
    assert row.finished is not None
    assert before <= row.finished <= clock.now()
    assert [image.position for image in row.images.all()] == [0, 1, 2, 3]
    assert row.renditions.count() == 4
    usage = Usage.objects.get()
    assert (usage.job_id, usage.user, usage.images, usage.seconds) == (job.pk, alice, 4, 1.5)
    assert usage.pixel_steps == job.cost == 4 * 64 * 64 * 4


def test_a_visitors_usage_names_nobody() -> None:
    ask(a_visitor())
    finish(claimed())
    assert Usage.objects.get().user is None


def test_a_second_finish_writes_nothing() -> None:
    ask(a_visitor())
    job = claimed()
    assert finish(job)
    assert not finish(job)
    assert (Image.objects.count(), Rendition.objects.count(), Usage.objects.count()) == (9, 9, 1)


def test_what_was_held_back_is_not_paid_for() -> None:
    ask(a_visitor(), count=4)
    job = claimed()
    assert finish(job, blocked=[1, 2])
    assert now_of(job).status == Job.Status.SUCCEEDED
    usage = Usage.objects.get()
    assert (usage.images, usage.pixel_steps) == (2, 2 * 64 * 64 * 4)
    held_back = Image.objects.filter(verdict=Image.Verdict.BLOCKED)
    assert [(image.position, image.master) for image in held_back] == [(1, ""), (2, "")]


def test_a_grid_of_which_nothing_may_be_shown_has_failed_and_is_free() -> None:
    ask(a_visitor())
    job = claimed()
    assert finish(job, blocked=range(9))
    row = now_of(job)
    assert (row.status, row.error_code) == (Job.Status.FAILED, Failure.BLOCKED)
    assert row.attempts == 1
    assert row.images.count() == 9
    assert not Usage.objects.exists()


def test_an_earlier_attempts_failure_is_forgotten() -> None:
    ask(a_visitor())
    services.fail(claimed(), Failure.OUT_OF_MEMORY)
    finish(claimed())
    assert now_of(Job.objects.get()).error_code == ""


@pytest.mark.parametrize("wrong", ["image", "rendition", "usage"])
def test_when_one_part_cannot_be_written_none_is(wrong: str) -> None:
    ask(a_visitor())
    job = claimed()
    images, renditions = pictures_of(job)
    if wrong == "image":
        images[1].position = 0
    elif wrong == "rendition":
        renditions[1].name = renditions[0].name
    else:
        Usage.objects.create(job_id=job.pk, images=1, pixel_steps=1, seconds=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        services.finish(job, images, renditions, seconds=1)
    assert now_of(job).status == Job.Status.RUNNING
    assert not Image.objects.exists()
    assert not Rendition.objects.exists()
    assert Usage.objects.count() == (wrong == "usage")
