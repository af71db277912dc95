"""Every line about a job carries the id of the request that asked for it, and of no other."""

import logging
import time

import pytest
import structlog

from generation import services
from generation.drawing.holding import Holding
from generation.models import Job
from tests.generation.worker.conftest import ask, wait_until_ended

pytestmark = pytest.mark.both_databases


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    """Returns the lines that were written: (event, job, request id)."""
    caplog.set_level(logging.INFO)

    def written() -> set[tuple[str, str, str]]:
        said = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
        return {(line["event"], line.get("job"), line.get("request_id")) for line in said}

    return written


def asked_by(request_id: str) -> Job:
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        return ask(count=2)


def test_jobs_that_share_a_call_keep_their_own(start, painter, lines):
    alice, bob = asked_by("alice"), asked_by("bob")
    drawer = start()
    wait_until_ended(alice, bob)
    drawer.stop(grace=60)
    assert [len(call) for call in painter.calls] == [4]
    for event in ("job.claimed", "job.finished"):
        assert {(job, by) for said, job, by in lines() if said == event} == {
            (str(alice.pk), "alice"),
            (str(bob.pk), "bob"),
        }
    assert {by for said, _, by in lines() if said == "worker.stopped"} == {None}


def test_a_failed_attempt_is_told_once_for_each_job(start, painter, lines):
    def break_down():
        raise ValueError("shape mismatch")

    painter.before_call = break_down
    alice, bob = asked_by("alice"), asked_by("bob")
    start()
    wait_until_ended(alice, bob)
    assert {(job, by) for said, job, by in lines() if said == "job.failed"} == {
        (str(alice.pk), "alice"),
        (str(bob.pk), "bob"),
    }


@pytest.mark.django_db
def test_a_lost_lease_is_told(offered, lines):
    job = asked_by("alice")
    services.claim("gone", {"doodle": 9})
    Job.objects.update(lease_until="2020-01-01T00:00Z")
    assert services.sweep() == 1
    assert ("job.lease_lost", str(job.pk), "alice") in lines()


@pytest.mark.django_db
@pytest.mark.parametrize(("delivering", "told"), [(False, 1), (True, 0)])
def test_only_the_deliverer_tells_of_what_ended_while_it_delivered(
    offered, lines, delivering, told
):
    job = asked_by("alice")
    (claimed,) = services.claim("worker", {"doodle": 9}).jobs
    holding = Holding("worker")
    holding.hold([claimed])
    if delivering:
        holding.of([claimed])[0].drawn_at = time.monotonic()
    assert services.cancel(job)
    holding.renew()
    assert [said for said, _, _ in lines()].count("job.no_longer_held") == told
    assert holding.of([claimed])[0].lost
