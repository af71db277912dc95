"""What goes wrong costs one attempt and never the worker, and drawing goes on."""

import threading
import time

import pytest
from django.core.files.storage import InMemoryStorage, storages

from accounts.models import Usage
from generation import services
from generation.checkpoints import Folder
from generation.drawing.pipeline import Pipeline
from generation.models import Image, Job, Rendition, Worker
from tests.generation.worker.conftest import (
    Painter,
    a_checkpoint,
    ask,
    status_of,
    wait_for,
    wait_until_ended,
)

pytestmark = pytest.mark.both_databases

PLENTY = 10**9


class Disk(InMemoryStorage):
    """Takes files of at most so many bytes."""

    left = PLENTY

    def _save(self, name, content):
        if content.size > self.left:
            raise OSError(28, "No space left on device")
        return super()._save(name, content)


@pytest.fixture
def disk(monkeypatch) -> Disk:
    """Where masters go."""
    disk = Disk()
    monkeypatch.setitem(storages._storages, "masters", disk)
    return disk


def test_a_broken_checkpoint_folder_fails_its_jobs_and_no_others(start, offered, painter, tmp_path):
    offered["broken"] = a_checkpoint("broken", source=Folder(tmp_path))

    def load(checkpoint):
        return Pipeline.load(checkpoint) if checkpoint.name == "broken" else painter

    start(load=load)
    broken, fine = ask(checkpoint="broken"), ask()
    broken, fine = wait_until_ended(broken, fine)
    assert (broken.status, broken.error_code) == ("failed", "checkpoint_broken")
    assert fine.status == Job.Status.SUCCEEDED
    assert Usage.objects.get().job_id == fine.pk


def test_on_a_slow_device_a_long_first_step_is_no_hang(start, painter):
    """Its trial tells how slow it is, before any call has been measured."""
    painter.warm = lambda _images: time.sleep(4.0)  # five times as long is no hang
    painter.before_step = lambda step: step or time.sleep(2.5)
    ended = []
    start(hangs_after=0.5, end_process=ended.append)
    [job] = wait_until_ended(ask())
    assert (job.status, job.attempts) == (Job.Status.SUCCEEDED, 1)
    assert ended == []


def test_an_error_while_drawing_fails_the_job_after_three_attempts(start, painter):
    def break_down():
        raise ValueError("shape mismatch")

    painter.before_call = break_down
    start()
    [job] = wait_until_ended(ask())
    assert (job.status, job.error_code, job.attempts) == ("failed", "drawing_failed", 3)
    painter.before_call = lambda: None
    [job] = wait_until_ended(ask())
    assert job.status == Job.Status.SUCCEEDED


def test_a_device_that_died_costs_one_attempt_and_ends_its_process(start, painter):
    """Such a worker, always idle, would win every claim from those that can draw."""
    died = threading.Event()

    def die():
        died.set()
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    def warm(images):
        if died.is_set():
            raise RuntimeError("CUDA error: an illegal memory access was encountered")

    painter.before_call, painter.warm = die, warm
    ended: list[int] = []
    start(end_process=ended.append)
    job, other = ask(), ask("a whale")
    wait_for(lambda: ended)
    assert ended == [70]
    job.refresh_from_db()
    other.refresh_from_db()
    assert {job.status, other.status} == {"queued"}
    assert sorted([job.attempts, other.attempts]) in ([0, 1], [1, 1])  # [1, 1]: one call drew both
    start(load=lambda _: Painter())
    jobs = wait_until_ended(job, other)
    assert {one.status for one in jobs} == {"succeeded"}


def test_a_pipeline_that_hangs_costs_one_attempt_and_ends_its_process(start, painter):
    wakes = threading.Event()
    painter.before_call = wakes.wait
    ended: list[int] = []
    start(hangs_after=1.0, end_process=ended.append)
    job = ask()
    wait_for(lambda: ended)
    job.refresh_from_db()
    assert (job.status, job.error_code, job.attempts) == ("queued", "hung", 1)
    assert ended == [70]
    start(load=lambda _: Painter())
    [job] = wait_until_ended(job)
    assert (job.status, job.attempts) == ("succeeded", 2)
    wakes.set()


def test_the_pictures_of_a_worker_that_lost_its_lease_leave_nothing_behind(start, painter):
    goes_on = threading.Event()
    painter.before_call = lambda: goes_on.wait(30)
    drawer = start()
    job = ask()
    wait_for(lambda: painter.calls)
    drawer._ended.set()  # The keeper is gone, as when the process is stopped.
    next(thread for thread in drawer._threads if thread.name == "keeper").join(60)
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00Z")
    assert services.sweep() == 1
    batch = services.claim("another", {"doodle": 9})
    goes_on.set()
    wait_for(lambda: not drawer._holding)
    assert batch is not None
    job.refresh_from_db()
    assert (job.status, job.worker, job.attempts) == ("running", "another", 2)
    assert not Image.objects.exists()
    assert not Rendition.objects.exists()
    for alias in ("masters", "default"):
        assert not list(_files(storages[alias], ""))


def test_a_storage_that_refuses_fails_the_job_and_claims_wait_until_it_takes_files(start, disk):
    disk.left = 0
    start()
    job = ask()
    wait_for(lambda: Job.objects.get(pk=job.pk).error_code == "storage_refused")
    wait_for(lambda: Worker.objects.get().state == Worker.State.PAUSED)
    assert status_of(job) == Job.Status.QUEUED
    disk.left = PLENTY
    [job] = wait_until_ended(job)
    assert (job.status, job.error_code, job.attempts) == ("succeeded", "", 2)


def test_a_job_claimed_again_in_the_moment_of_its_refusal_is_given_back(
    start, painter, disk, monkeypatch
):
    def claims_once_it_failed(worker, rooms):
        if painter.calls:
            wait_for(lambda: Job.objects.get(pk=job.pk).error_code == "storage_refused")
        return claim(worker, rooms)

    claim = services.claim
    monkeypatch.setattr(services, "claim", claims_once_it_failed)
    disk.left = 0
    start()
    job = ask()
    wait_for(lambda: Worker.objects.get().state == Worker.State.PAUSED)
    assert (status_of(job), Job.objects.get(pk=job.pk).attempts) == ("queued", 1)
    disk.left = PLENTY
    [job] = wait_until_ended(job)
    assert (job.status, job.attempts) == ("succeeded", 2)


def test_a_storage_that_refuses_only_these_files_fails_the_job_after_three_attempts(
    start, monkeypatch
):
    class NoPictures(InMemoryStorage):
        def _save(self, name, content):
            if not name.startswith("probe/"):
                raise OSError(27, "File too large")
            return super()._save(name, content)

    monkeypatch.setitem(storages._storages, "default", NoPictures())
    start()
    [job] = wait_until_ended(ask())
    assert (job.status, job.error_code) == ("failed", "storage_refused")
    assert not Usage.objects.exists()
    assert not list(_files(storages["masters"], ""))


def test_a_disk_with_a_few_kilobytes_left_counts_as_full(start, disk):
    disk.left = 64
    start()
    job = ask()
    wait_for(lambda: Worker.objects.get().state == Worker.State.PAUSED)
    wait_for(lambda: status_of(job) == Job.Status.QUEUED)
    tried = Job.objects.get(pk=job.pk).attempts
    time.sleep(3)
    assert (status_of(job), Job.objects.get(pk=job.pk).attempts) == ("queued", tried)
    disk.left = PLENTY
    [job] = wait_until_ended(job)
    assert job.status == Job.Status.SUCCEEDED


def test_a_delivery_that_hangs_is_told_to_whoever_stops_the_worker(start, monkeypatch):
    hangs, wakes = threading.Event(), threading.Event()

    class Hangs(InMemoryStorage):
        def _save(self, name, content):
            hangs.set()
            wakes.wait(60)
            return super()._save(name, content)

    monkeypatch.setitem(storages._storages, "masters", Hangs())
    drawer = start()
    job = ask()
    wait_for(hangs.is_set)
    assert not drawer.stop(grace=0.2)
    assert status_of(job) == Job.Status.QUEUED
    wakes.set()


def test_a_stopping_worker_finishes_what_the_grace_time_allows(start, painter):
    painter.step_seconds = 0.1
    drawer = start()
    job = ask()
    wait_for(painter.stepped.is_set)
    drawer.stop(grace=60)
    assert status_of(job) == Job.Status.SUCCEEDED
    assert Worker.objects.get().state == Worker.State.STOPPED


def test_a_stopping_worker_gives_back_what_it_cannot_finish_and_no_attempt_is_counted(
    start, painter
):
    drawer = start()
    # However slow this test is, the drawing is not done before the worker abandons it.
    painter.before_step = lambda step: step == 0 or drawer._abandon.wait(30)
    job = ask()
    wait_for(painter.stepped.is_set)
    began = time.monotonic()
    drawer.stop(grace=0.2)
    assert time.monotonic() - began < 20
    job.refresh_from_db()
    assert (job.status, job.attempts, job.progress) == ("queued", 0, 0)


def test_a_stopping_worker_claims_nothing_more(start):
    drawer = start()
    drawer.stop(grace=1)
    job = ask()
    drawer.drain()
    assert status_of(job) == Job.Status.QUEUED


def _files(storage, folder):
    if not storage.exists(folder or "."):
        return
    folders, files = storage.listdir(folder)
    yield from files
    for name in folders:
        yield from _files(storage, f"{folder}/{name}".lstrip("/"))
