"""A worker that is told to stop at an unlucky moment loses nothing and ends."""

import threading
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from generation import services
from generation.drawing.deliverer import DELIVERIES, Deliverer
from generation.drawing.drawing_step import Drawing
from generation.drawing.holding import Holding
from generation.models import Job, Worker
from tests.generation.worker.conftest import a_checkpoint, ask, wait_for

pytestmark = pytest.mark.both_databases


def test_what_is_claimed_at_that_moment_is_given_back(start, painter, monkeypatch):
    painter.step_seconds = 2.0
    claimed, stopping = threading.Event(), threading.Event()
    claim = services.claim

    def slow_claim(worker, rooms):
        batch = claim(worker, rooms)
        if batch is not None:
            claimed.set()
            stopping.wait(60)
        return batch

    monkeypatch.setattr(services, "claim", slow_claim)
    drawer = start()
    job = ask()
    assert claimed.wait(60)
    stop = threading.Thread(target=drawer.stop, args=[0.1])
    stop.start()
    wait_for(drawer._stopping.is_set)
    stopping.set()
    stop.join(60)
    job.refresh_from_db()
    assert (job.status, job.attempts, job.worker) == ("queued", 0, "")


def test_a_call_that_outlives_the_stop_is_ended_with_the_process_after_all_is_released(
    start, painter, monkeypatch, settings
):
    settings.STOP_GRACE = 0.1
    goes_on = threading.Event()
    painter.before_call = lambda: goes_on.wait(30)
    step = Drawing(None)
    step.drawer = start()
    job = ask()
    wait_for(lambda: painter.calls)
    found = []

    def end(status):
        job.refresh_from_db()
        found.append((status, job.status, job.attempts, Worker.objects.get().state))

    monkeypatch.setattr("os._exit", end)
    step.stop(None)
    goes_on.set()
    assert found == [(0, "queued", 0, "stopped")]


def test_a_worker_whose_threads_have_ended_leaves_its_process_to_celery(start, monkeypatch):
    ended = []
    monkeypatch.setattr("os._exit", ended.append)
    step = Drawing(None)
    step.drawer = start()
    step.stop(None)
    assert ended == []


def test_what_waited_for_delivery_when_it_stopped_holds_nothing_up():
    hangs, stopping, abandon = threading.Event(), threading.Event(), threading.Event()
    deliverer = Deliverer(
        Holding("worker"), fail=lambda *_: None, stopping=stopping, abandon=abandon
    )
    for _ in range(DELIVERIES):
        deliverer._threads.submit(hangs.wait, 30)
    for _ in range(DELIVERIES):
        deliverer.hand_over([], a_checkpoint())
    deliverer.stop()
    deliverer.hand_over([], a_checkpoint())  # nor does what comes too late
    assert deliverer.ended(within=5)
    hangs.set()


def test_a_late_delivery_of_a_lost_attempt_lets_go_of_that_one_alone():
    holding = Holding("worker")
    first, second = Job(attempts=1), Job(attempts=2)
    second.pk = first.pk
    holding.hold([first])
    holding.hold([second])  # swept while a storage was slow, and claimed again
    holding.let_go([first])
    assert [held.job.attempts for held in holding.all()] == [2]
    holding.let_go([second])
    assert not holding


def test_a_worker_of_a_checkpoint_that_is_not_on_offer_names_it(offered):
    queues = SimpleNamespace(consume_from=["draw.doodle", "draw.flux"])
    worker = SimpleNamespace(app=SimpleNamespace(amqp=SimpleNamespace(queues=queues)))
    with pytest.raises(ImproperlyConfigured, match="DRAWS names flux, which CHECKPOINTS does not"):
        Drawing(None).start(worker)
