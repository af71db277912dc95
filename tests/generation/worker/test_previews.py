"""Looks at unfinished pictures: kept for who asked, while it is drawn, by who draws it."""

import io
import threading
from dataclasses import replace

import pytest
from PIL import Image as Pictures

from accounts.models import Plan, User
from generation import clock, services
from generation.drawing import delivery
from generation.drawing.previewing import WAITING, Previewer
from generation.models import Job, Preview
from generation.queue import previews
from generation.submission import GridRequest, submit
from tests.generation.worker.conftest import a_checkpoint, ask, wait_for, wait_until_ended

pytestmark = pytest.mark.both_databases

RED = Pictures.new("RGB", (640, 320), "red")


def looks() -> list[tuple[int, int]]:
    return sorted(row.place for row in Preview.objects.all())


def test_who_asks_for_looks_gets_them_while_it_is_drawn_and_none_stays(start, painter):
    looked = threading.Event()
    painter.before_step = lambda step: step < 2 or looked.wait(30)
    start()
    job = ask(count=2, previews=2)
    wait_for(lambda: looks() == [(0, 0), (0, 1), (1, 0), (1, 1)])
    look = Preview.objects.filter(position=1).first()
    assert look is not None
    assert Pictures.open(io.BytesIO(look.content)).size == (64, 64)
    looked.set()
    [job] = wait_until_ended(job)
    assert job.status == Job.Status.SUCCEEDED
    assert looks() == []


def test_who_asks_for_none_gets_none(start, painter):
    looked = threading.Event()

    def while_watched(step: int) -> None:
        if step and any(drawing.looks for drawing in painter.calls[-1]):
            looked.wait(30)

    painter.before_step = while_watched
    start()
    job, watched = ask(count=1), ask(count=1, previews=1)
    wait_for(lambda: looks() == [(0, 0)])
    assert Preview.objects.get().job_id == watched.pk
    looked.set()
    wait_until_ended(job, watched)


def test_a_look_that_the_check_forbids_is_not_kept(start, painter, offered, settings):
    offered["hub"] = a_checkpoint("hub", needs_check=True)
    settings.IMAGE_CHECK = f"{__name__}.none_passes"
    painter.step_seconds = 0.2
    start()
    [job] = wait_until_ended(ask(checkpoint="hub", count=1, previews=2))
    assert job.error_code == "blocked"
    held = replace(offered["hub"])
    assert delivery.preview(job, 0, RED, held) is None


def none_passes(pictures):
    return [False for _ in pictures]


@pytest.mark.django_db
class TestKeeping:
    @pytest.fixture(autouse=True)
    def checkpoints(self, offered) -> None:
        """What is on offer."""

    def claimed(self) -> Job:
        ask(count=1, previews=2)
        batch = services.claim("easel", {"doodle": 9})
        assert batch is not None
        return batch.jobs[0]

    def test_a_worker_that_lost_its_lease_keeps_nothing(self):
        job = self.claimed()
        assert previews.keep(job, 0, 0, b"mine")
        services.sweep(now=clock.now() + 2 * services.LEASE)
        assert looks() == []
        assert not previews.keep(job, 0, 1, b"late")
        batch = services.claim("another", {"doodle": 9})
        assert batch is not None
        assert not previews.keep(job, 0, 1, b"late")
        assert previews.keep(batch.jobs[0], 0, 0, b"its own")
        assert [bytes(row.content) for row in Preview.objects.all()] == [b"its own"]

    @pytest.mark.parametrize("end", [services.cancel, services.release, services.erase])
    def test_whatever_ends_an_attempt_takes_them_away(self, end):
        job = self.claimed()
        previews.keep(job, 0, 0, b"mine")
        end(job)
        assert looks() == []

    def test_nothing_of_a_hidden_grid_is_shown(self):
        job = self.claimed()
        previews.keep(job, 0, 0, b"mine")
        previews.keep(job, 0, 1, b"mine")
        assert [look.number for look in previews.unseen(job.pk, {(0, 0)})] == [1]
        Job.objects.update(hidden=clock.now())
        assert previews.unseen(job.pk, set()) == []

    def test_a_look_is_small_marked_and_says_that_it_is_made_by_ai(self):
        user = User.objects.create(username="alice", plan=Plan.objects.get(name="free"))
        job = submit(GridRequest("a fox", count=1, previews=1), owner=user)
        small = delivery.preview(job, 0, RED, a_checkpoint(source=replace_source()))
        assert small is not None
        picture = Pictures.open(io.BytesIO(small))
        assert picture.size == (256, 128)
        assert b"trainedAlgorithmicMedia" in small
        plain = Plan.objects.get(name="premium")
        user.plan = plain
        user.save()
        job.refresh_from_db()
        unmarked = delivery.preview(job, 0, RED, a_checkpoint(source=replace_source()))
        assert unmarked is not None
        assert picture.tobytes() != Pictures.open(io.BytesIO(unmarked)).tobytes()

    def test_how_it_is_watched_is_no_part_of_what_is_asked_for(self):
        assert GridRequest("a fox").hash == GridRequest("a fox", previews=3).hash
        assert GridRequest("a fox").hash != GridRequest("a cat").hash


def replace_source():
    """A folder whose state has a name, so that no file is hashed."""
    return replace(a_checkpoint().source, revision="now")


def test_a_look_after_the_end_is_let_fall_and_the_drawing_hears_nothing() -> None:
    previewer = Previewer({})
    previewer.stop()
    for number in range(2 * WAITING):
        previewer.show(Job(), 0, number, RED)
