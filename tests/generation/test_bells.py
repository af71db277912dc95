"""A bell that nobody hears is no mistake of whoever rang."""

from collections.abc import Callable

import pytest
from amqp.exceptions import AccessRefused, AMQPError, NotFound
from kombu.exceptions import OperationalError

import craiyon_site.tasks
from billing import bell
from craiyon_site import health
from generation import tasks
from generation.programs import callbacks

BELLS: dict[str, Callable[[], None]] = {
    "drawing": lambda: tasks.ring("doodle"),
    "reports": tasks.ring_for_reports,
    "exports": craiyon_site.tasks.ring_for_exports,
    "callbacks": callbacks.ring,
    "billing": bell.ring,
}


@pytest.mark.parametrize("ring", BELLS.values(), ids=BELLS)
@pytest.mark.parametrize("error", [AccessRefused, NotFound, OperationalError, ConnectionError])
def test_a_broker_that_is_away_or_refuses_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, ring: Callable[[], None], error: type[Exception]
) -> None:
    rung = []

    def refused(*_: object, **__: object) -> None:
        rung.append(True)
        raise error

    monkeypatch.setattr("celery.app.task.Task.apply_async", refused)
    monkeypatch.setattr("celery.Celery.send_task", refused)
    monkeypatch.setattr(tasks.doorbell, "silent_until", 0.0)
    monkeypatch.setattr(callbacks._bell, "silent_until", 0.0)
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    ring()
    assert rung == [True]


def test_readiness_tells_of_a_broker_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise AMQPError

    assert not health.tried(refused).ok
