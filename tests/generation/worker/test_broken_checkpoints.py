"""A worker whose checkpoint cannot be loaded leaves the work to who can, and tries again."""

import time

import pytest

from generation.drawing import pipelines
from generation.drawing.pipeline import CheckpointBroken, OutOfMemory
from generation.models import Worker
from generation.queue import workers
from tests.generation.worker.conftest import Painter, a_checkpoint, ask, wait_for, wait_until_ended

pytestmark = pytest.mark.both_databases


class Shelf:
    """From where checkpoints are loaded, as long as it is not empty."""

    def __init__(self) -> None:
        self.loads: list[float] = []
        self.error: Exception | None = CheckpointBroken("doodle", "no model_index.json")

    def load(self, checkpoint) -> Painter:
        self.loads.append(time.monotonic())
        if self.error is not None:
            raise self.error
        return Painter()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def is_(state: str) -> bool:
    return Worker.objects.filter(state=state).exists()


def test_its_jobs_are_left_to_a_worker_that_has_the_checkpoint(start, painter, shelf):
    start(load=shelf.load)
    wait_for(lambda: is_("broken"))
    start()
    wait_for(lambda: is_("ready"))
    jobs = wait_until_ended(*[ask() for _ in range(6)])
    assert {(job.status, job.attempts) for job in jobs} == {("succeeded", 1)}
    assert sum(len(call) for call in painter.calls) == 12


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CheckpointBroken("doodle", "no model_index.json"), "checkpoint_broken"),
        (OutOfMemory("does not fit"), "out_of_memory"),
        (ValueError("what a library raises"), "checkpoint_broken"),
    ],
)
def test_where_nobody_has_it_jobs_fail_and_it_is_not_loaded_for_each(
    start, shelf, error, code, monkeypatch
):
    monkeypatch.setattr(pipelines, "FIRST_PAUSE", 600.0)  # it is not tried again meanwhile
    shelf.error = error
    start(load=shelf.load)
    jobs = wait_until_ended(*[ask() for _ in range(3)])
    assert {(job.status, job.error_code, job.attempts) for job in jobs} == {("failed", code, 3)}
    assert len(shelf.loads) == 1


def test_a_checkpoint_beside_it_is_drawn(start, offered, painter, shelf):
    offered["broken"] = a_checkpoint("broken")
    start(load=lambda c: shelf.load(c) if c.name == "broken" else painter)
    wait_for(lambda: Worker.objects.get().broken)
    fine, broken = wait_until_ended(ask(), ask(checkpoint="broken"))
    assert (fine.status, broken.status) == ("succeeded", "failed")
    assert workers.served_by(Worker.objects.get()) == ["doodle"]
    assert workers.why_nobody_draws(["doodle"]) == ""


def test_it_is_tried_again_after_growing_pauses_until_it_can_be_loaded(start, shelf, monkeypatch):
    monkeypatch.setattr(pipelines, "FIRST_PAUSE", 0.5)
    monkeypatch.setattr("generation.worker.TICK", 0.05)
    start(load=shelf.load)
    wait_for(lambda: len(shelf.loads) >= 4)
    pauses = [after - before for before, after in zip(shelf.loads, shelf.loads[1:], strict=False)]
    assert pauses[0] >= 0.5
    assert pauses[1] >= 1
    assert pauses[2] >= 2
    shelf.error = None
    wait_for(lambda: is_("ready"))
    assert Worker.objects.get().broken == {}
    [job] = wait_until_ended(ask())
    assert job.status == "succeeded"


def test_who_asks_why_nothing_is_drawn_is_told(start, shelf):
    assert workers.why_nobody_draws(["doodle"]) == "no worker that can draw was seen lately"
    loading = Worker(id="new", checkpoints=["doodle"], pid=1, kind="")
    loading.started = loading.seen_at = workers.clock.now()
    loading.save()
    assert workers.why_nobody_draws(["doodle"]) == "loading doodle"
    loading.delete()
    drawer = start(load=shelf.load)
    wait_for(lambda: is_("broken"))
    assert workers.why_nobody_draws(["doodle"]) == "doodle could not be loaded"
    drawer.stop(grace=0)
    assert workers.why_nobody_draws(["doodle"]) == "no worker that can draw was seen lately"
