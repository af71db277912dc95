"""What its owner erased stays nowhere, whatever was going on at that moment."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.db.models import ProtectedError

from accounts.models import Visitor
from generation import services
from generation.audit import stored_files
from generation.images import files, renditions
from generation.images.renditions import Format, Kind
from generation.models import Image, Job, Rendition
from generation.submission import GridRequest, submit
from tests.generation.worker.conftest import Painter, ask, wait_for, wait_until_ended

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize(("kind", "position"), [(Kind.FULL, 0), (Kind.CARD, None)])
def test_a_rendition_made_while_its_grid_is_erased_is_not_kept(start, monkeypatch, kind, position):
    start()
    [job] = wait_until_ended(ask(count=1))
    make = renditions.make

    def make_while_erased(*grid, **rendition):
        made = make(*grid, **rendition)
        files.forget(job)
        return made

    monkeypatch.setattr(renditions, "make", make_while_erased)
    with pytest.raises(Image.DoesNotExist):
        files.rendition(job, kind, Format.PNG, position=position, watermark=False)
    assert not Rendition.objects.exists()
    assert stored_files.orphans() == []


def test_a_storage_that_keeps_an_erased_file_does_not_stop_the_erasure(start, monkeypatch):
    start()
    [job] = wait_until_ended(ask(count=1))

    def refuse(name):
        raise OSError("read-only file system")

    with monkeypatch.context() as away:
        away.setattr(storages["masters"], "delete", refuse)
        files.forget(job)
    assert Job.objects.get(pk=job.pk).prompt == ""
    [kept] = stored_files.orphans()
    assert stored_files.delete_orphans() == 0, "a file so young may belong to a delivery"
    assert stored_files.delete_orphans(older_than=timedelta(0)) == 1, kept
    assert stored_files.orphans() == []


def test_files_that_rows_refer_to_are_never_taken_for_orphans(start):
    start()
    [job] = wait_until_ended(ask(count=2))
    assert stored_files.delete_orphans(older_than=timedelta(0)) == 0
    for rendition in job.renditions.all():
        assert storages["default"].exists(rendition.name)


def test_an_owner_with_jobs_is_not_deleted_from_under_them(start):
    visitor = Visitor.objects.create()
    submit(GridRequest(prompt="a red fox", count=1), owner=visitor)
    with pytest.raises(ProtectedError):
        visitor.delete()


def test_expired_leases_are_swept_while_the_queue_never_empties(start, painter):
    lost = ask(count=1)
    services.claim("gone", {"doodle": 9})
    painter.step_seconds = 0.1
    for _ in range(60):
        ask(count=9)
    start()
    wait_for(lambda: len(painter.calls) > 1)
    Job.objects.filter(pk=lost.pk).update(lease_until="2020-01-01T00:00Z")
    wait_for(lambda: Job.objects.get(pk=lost.pk).worker != "gone")
    assert Job.objects.filter(status=Job.Status.QUEUED).exists()


def test_a_storage_that_hangs_ends_the_process_and_costs_an_attempt(start, monkeypatch):
    goes_on, ended = threading.Event(), []

    def hang(name, content, max_length=None):
        goes_on.wait(60)
        return name

    with monkeypatch.context() as hanging:
        hanging.setattr(storages["masters"], "save", hang)
        # For this worker alone: the next one's deliveries may take as long as any.
        hanging.setattr("generation.worker.DELIVERY_MAY_TAKE", 1.0)
        start(end_process=ended.append)
        job = ask(count=1)
        wait_for(lambda: ended)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.error_code) == ("queued", 1, "storage_refused")
    start(load=lambda _: Painter())
    [job] = wait_until_ended(job)
    goes_on.set()
    assert job.status == Job.Status.SUCCEEDED


def test_a_card_made_while_a_position_is_drawn_again_shows_what_there_is_then(start, monkeypatch):
    start()
    [job] = wait_until_ended(ask(count=2))
    make, made = renditions.make, []

    def make_while_drawn_again(*grid, **rendition):
        made.append(rendition)
        if len(made) == 1:
            image = job.images.get(position=1)
            image.delete()
            image.pk = uuid4()
            image.save(force_insert=True)
        return make(*grid, **rendition)

    monkeypatch.setattr(renditions, "make", make_while_drawn_again)
    files.rendition(job, Kind.CARD, Format.PNG, position=None, watermark=False)
    assert len(made) == 2
