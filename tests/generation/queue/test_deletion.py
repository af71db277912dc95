"""A deletion can be undone for a few minutes, and is for good after them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models import F

from generation.models import Image, Job
from generation.queue import deletion
from generation.queue.news import GONE, news_of
from tests.generation.queue.cast import a_visitor, ask, claimed, finish, now_of

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def grid(db: None) -> Job:
    ask(a_visitor())
    job = claimed()
    assert finish(job)
    return job


def time_goes_by(since_deletion: timedelta) -> None:
    Job.objects.update(deleted=F("deleted") - since_deletion)


def test_a_deleted_grid_is_in_no_list_and_news_of_it_end(grid: Job) -> None:
    deletion.delete(grid)
    assert not Job.objects.filter(Job.LISTED).exists()
    assert news_of([grid.pk]) == {grid.pk: GONE}


def test_undone_it_is_whole_again(grid: Job) -> None:
    deletion.delete(grid)
    assert deletion.undo(grid)
    assert Job.objects.filter(Job.LISTED).get() == grid
    assert deletion.erase_due() == 0
    assert Image.objects.count() == 9


def test_it_is_erased_when_it_can_be_undone_no_more(grid: Job) -> None:
    deletion.delete(grid)
    time_goes_by(deletion.GRACE - timedelta(seconds=5))
    assert deletion.erase_due() == 0
    time_goes_by(timedelta(seconds=10))
    assert not deletion.undo(grid)
    time_goes_by(deletion.MARGIN)
    assert deletion.erase_due() == 1
    assert now_of(grid).prompt == ""
    assert not Image.objects.exists()
    assert deletion.erase_due() == 0
    assert not deletion.undo(grid)


def test_deleting_it_twice_does_not_start_the_minutes_anew(grid: Job) -> None:
    deletion.delete(grid)
    time_goes_by(deletion.GRACE)
    deletion.delete(grid)
    assert not deletion.undo(grid)


def test_what_waits_leaves_the_queue_and_stays_out_of_it() -> None:
    job = ask(a_visitor())
    deletion.delete(job)
    assert deletion.undo(job)
    assert now_of(job).status == "cancelled"


def test_nobody_meets_a_grid_that_is_only_stopped_on_its_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever is told of the stop would hear no more, and never of the deletion."""
    job = ask(a_visitor())

    def break_off() -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(deletion, "clock", SimpleNamespace(now=break_off))
        with pytest.raises(ConnectionError):
            deletion.delete(job)
    assert Job.objects.get(pk=job.pk).status == Job.Status.QUEUED
