"""Claim, draw, deliver."""

import threading
import time

import pytest
from django.core.files.storage import storages
from PIL import Image as Pictures

from accounts.models import Usage
from generation import services
from generation.models import Image, Job, Pace, Worker
from generation.seeds import seed_at
from tests.generation.worker.conftest import (
    a_checkpoint,
    ask,
    status_of,
    wait_for,
    wait_until_ended,
)

pytestmark = pytest.mark.both_databases


def test_a_job_is_drawn_without_a_doorbell(start):
    start()
    job = ask(count=3, seed=7)
    [job] = wait_until_ended(job)
    assert job.status == Job.Status.SUCCEEDED
    assert [image.seed for image in job.images.all()] == [seed_at(7, i) for i in range(3)]
    for image in job.images.all():
        assert storages["masters"].exists(image.master)
    assert {r.kind for r in job.renditions.all()} == {"full", "thumb", "card"}
    for rendition in job.renditions.all():
        assert storages["default"].exists(rendition.name)


def test_waiting_jobs_of_one_size_share_a_call(start, painter):
    jobs = [ask(count=3) for _ in range(4)]
    start()
    wait_until_ended(*jobs)
    assert [len(call) for call in painter.calls] == [9, 3]
    assert Usage.objects.count() == 4


def test_each_job_of_a_shared_call_gets_its_own_pictures(start):
    jobs = [ask(count=2, seed=100 + n) for n in range(3)]
    start()
    for job in wait_until_ended(*jobs):
        seeds = [seed_at(job.seed, 0), seed_at(job.seed, 1)]
        for image, seed in zip(job.images.all(), seeds, strict=True):
            with storages["masters"].open(image.master) as file:
                assert Pictures.open(file).getpixel((0, 0)) == (
                    seed >> 16 & 255,
                    seed >> 8 & 255,
                    seed & 255,
                )


def test_it_learns_how_long_a_call_takes(start, painter):
    painter.step_seconds = 0.05
    began = time.monotonic()
    start()
    wait_until_ended(ask(count=2))
    pace = Pace.objects.get()
    assert (pace.worker_kind, pace.checkpoint, pace.steps) == ("paint", "doodle", 4)
    assert 0.2 <= pace.seconds < time.monotonic() - began


def test_where_a_prompt_was_cut_is_on_record(start):
    start()
    long, short = ask("a red fox under a full moon"), ask("a red fox")
    long, short = wait_until_ended(long, short)
    assert (long.prompt_cut_at, short.prompt_cut_at) == (20, None)


@pytest.mark.parametrize(
    ("template", "cut"), [("an oil of {prompt}", 10), ("{prompt}, an oil", 20), ("{prompt}", 20)]
)
def test_a_cut_is_counted_in_what_was_typed_whatever_the_style_says(start, offered, template, cut):
    offered["doodle"] = a_checkpoint(styles={"oil": template})
    start()
    [job] = wait_until_ended(ask("a red fox under a full moon", style="oil"))
    assert job.prompt_cut_at == cut


def test_a_cut_in_the_words_of_the_style_is_none_of_the_prompt(start, offered):
    offered["doodle"] = a_checkpoint(styles={"oil": "{prompt}, an oil painting"})
    start()
    [job] = wait_until_ended(ask("a red fox", style="oil"))
    assert job.prompt_cut_at is None


def test_a_cancelled_batch_is_abandoned_at_its_next_step(start, painter):
    noticed = threading.Event()
    painter.before_step = lambda step: step == 0 or noticed.wait(30)
    drawer = start()
    job = ask(count=1)
    wait_for(painter.stepped.is_set)
    assert services.cancel(job)
    wait_for(lambda: all(held.lost for held in drawer._holding.all()))
    noticed.set()
    other = ask(count=1)
    wait_until_ended(other)
    assert status_of(job) == Job.Status.CANCELLED
    assert not Image.objects.filter(job=job).exists()


def test_progress_is_written_while_it_draws(start, painter):
    seen = set()
    # It draws no faster than its progress is seen.
    painter.before_step = lambda step: wait_for(lambda: len(seen) > step, 30)
    start()
    job = ask(count=1)

    def finished() -> bool:
        progress, status = Job.objects.values_list("progress", "status").get(pk=job.pk)
        seen.add(progress)
        return status == Job.Status.SUCCEEDED

    wait_for(finished)
    assert len(seen) >= 4
    assert max(seen) == 1


def test_a_worker_shows_what_it_is_and_that_it_lives(start):
    start()
    wait_for(lambda: Worker.objects.filter(state=Worker.State.READY, kind="paint").exists())
    assert Worker.objects.get().checkpoints == ["doodle"]


@pytest.mark.parametrize("check", ["", "no.such.check", f"{__name__}.broken", f"{__name__}.mute"])
def test_pictures_that_need_a_check_are_not_delivered_without_one(start, offered, settings, check):
    settings.IMAGE_CHECK = check
    offered["hub"] = a_checkpoint("hub", needs_check=True)
    start()
    unchecked, fine = ask(checkpoint="hub"), ask()
    unchecked, fine = wait_until_ended(unchecked, fine)
    assert (unchecked.status, unchecked.error_code) == ("failed", "check_unavailable")
    assert not unchecked.images.exists()
    assert fine.status == Job.Status.SUCCEEDED


def test_a_blocked_picture_is_a_reason_and_no_file(start, offered, settings):
    offered["hub"] = a_checkpoint("hub", needs_check=True)
    settings.IMAGE_CHECK = f"{__name__}.first_alone_passes"
    start()
    [job] = wait_until_ended(ask(checkpoint="hub", count=3))
    assert job.status == Job.Status.SUCCEEDED
    assert [image.verdict for image in job.images.all()] == ["passed", "blocked", "blocked"]
    assert [bool(image.master) for image in job.images.all()] == [True, False, False]
    assert Usage.objects.get().images == 1


def test_the_check_that_comes_along_passes_plain_pictures(start, offered):
    offered["hub"] = a_checkpoint("hub", needs_check=True)
    start()
    [job] = wait_until_ended(ask(checkpoint="hub"))
    assert [image.verdict for image in job.images.all()] == ["passed", "passed"]


def broken(pictures):
    raise RuntimeError("the checker is down")


def mute(pictures):
    return []


def first_alone_passes(pictures):
    return [position == 0 for position, _ in enumerate(pictures)]
