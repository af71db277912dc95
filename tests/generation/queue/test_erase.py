"""Deleting a grid forgets what was asked and drawn, and gives no allowance back."""

from datetime import timedelta

import pytest

from accounts.models import Usage
from generation import services
from generation.models import Image, Job, Rendition
from tests.generation.queue.cast import (
    a_network,
    a_visitor,
    ask,
    claimed,
    finish,
    lane_sums,
    now_of,
    row_sums,
    time_passes,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

DAY = timedelta(days=1).total_seconds()


def a_grid() -> Job:
    ask(
        a_visitor(),
        "a red fox",
        negative_prompt="text",
        style="pencil",
        seed=7,
        network=a_network(),
        key="click",
    )
    job = claimed()
    assert finish(job, blocked=[3])
    return job


def test_nothing_of_what_was_asked_or_drawn_is_left() -> None:
    job = a_grid()
    services.erase(job)
    row = now_of(job)
    assert (row.prompt, row.negative_prompt, row.style, row.seed) == ("", "", "", 0)
    assert (row.idempotency_key, row.request_hash, row.request_id) == ("", "", "")
    assert row.visibility == Job.Visibility.PRIVATE
    assert row.erased is not None
    assert not Image.objects.exists()
    assert not Rendition.objects.exists()


def test_it_says_which_files_to_delete() -> None:
    job = a_grid()
    masters = set(job.images.exclude(master="").values_list("master", flat=True))
    renditions = set(job.renditions.values_list("name", flat=True))
    files = services.erase(job)
    assert len(masters) == len(renditions) == 8
    assert (set(files.masters), set(files.renditions)) == (masters, renditions)
    again = services.erase(job)
    assert (list(again.masters), list(again.renditions)) == ([], [])


def test_other_grids_keep_their_pictures() -> None:
    job, other = a_grid(), a_grid()
    services.erase(job)
    assert other.images.count() == 9
    assert now_of(other).prompt == "a red fox"


def test_usage_outlives_the_pictures() -> None:
    job = a_grid()
    services.erase(job)
    time_passes(DAY + 1)
    services.purge()
    assert Usage.objects.get().job_id == job.pk


def test_a_waiting_grid_leaves_the_queue() -> None:
    job = ask(a_visitor())
    services.erase(job)
    assert now_of(job).status == Job.Status.CANCELLED
    assert lane_sums() == row_sums() == {}
    assert services.claim("easel", {"ink": 9}) is None


def test_what_is_being_drawn_is_never_delivered() -> None:
    ask(a_visitor())
    job = claimed()
    services.erase(job)
    assert not finish(job)
    assert not Image.objects.exists()


def test_the_bare_row_stays_until_its_window_has_ended() -> None:
    job, kept = a_grid(), a_grid()
    services.erase(job)
    time_passes(DAY - 60)
    assert services.purge() == 0
    time_passes(120)
    assert services.purge() == 1
    assert Job.objects.get().pk == kept.pk
