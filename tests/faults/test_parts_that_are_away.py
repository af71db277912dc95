"""A part that is away costs what it must and no more."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.manifest import tiny_manifest
from tests.faults.site import Site
from tests.services import Redis, running

pytestmark = [pytest.mark.alone, pytest.mark.fault]

PATIENCE = 240.0
"""Seconds after which waiting for something is a failure, on a machine that does much else."""
HALF_A_MINUTE = 30.0
"""Seconds in which nothing waits any more, on one that does nothing else."""
STOPPED_WITHIN = 60.0
"""Seconds after which a service manager kills what it stops: TimeoutStopSec in deploy."""


@pytest.fixture
def redis() -> Iterator[Redis]:
    with running(Redis) as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, redis: Redis) -> Iterator[Site]:
    site = Site(tmp_path, tiny_manifest(tmp_path), f"sqlite:///{tmp_path}/db.sqlite3", redis.url)
    assert site.manage("migrate", "-v0").returncode == 0
    yield site
    site.stop()


def test_with_the_broker_gone_submits_work_and_pictures_keep_coming(
    site: Site, redis: Redis, full: bool
) -> None:
    away = 60 if full else 10
    site.start_workers(1)
    _wait_for(lambda: _state_of_the_worker(site) == "ready")
    redis.kill()
    assert site.start_load(jobs=away * 2, seconds=away).wait(timeout=away + PATIENCE) == 0
    _wait_for(lambda: _report(site)["waiting"] == 0, HALF_A_MINUTE if full else PATIENCE)
    found = _report(site)
    assert found["accepted"] == away * 2
    assert found["statuses"]["succeeded"] >= away * 2 * 0.8
    redis.start()


def test_a_worker_starts_and_draws_while_the_broker_is_gone(site: Site, redis: Redis) -> None:
    redis.kill()
    assert site.start_load(jobs=5, seconds=1).wait(timeout=PATIENCE) == 0
    site.start_workers(1)
    _wait_for(lambda: _report(site)["waiting"] == 0)


@pytest.mark.parametrize("broker", ["there", "gone"])
def test_sigterm_ends_a_worker_in_time_and_leaves_nothing_running(
    site: Site, redis: Redis, broker: str
) -> None:
    site.start_workers(1)
    _wait_for(lambda: _state_of_the_worker(site) == "ready")
    if broker == "gone":
        redis.kill()
        time.sleep(3)
    assert site.start_load(jobs=20, seconds=1).wait(timeout=PATIENCE) == 0
    worker = site.workers[0]
    site.restarts = False
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=STOPPED_WITHIN) == 0
    assert _state_of_the_worker(site) == "stopped"
    assert "running" not in _report(site)["statuses"]
    audit = site.manage("audit", "--files")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def test_one_request_id_leads_from_the_click_to_the_picture(site: Site) -> None:
    site.start_workers(1)
    asked = site.run("-m", "tests.faults.ask", "click-4711")
    assert asked.returncode == 0, asked.stderr
    _wait_for(lambda: _report(site)["waiting"] == 0)
    # The line comes after the row.
    _wait_for(lambda: "job.finished" in _events_of(site, "click-4711"))
    assert _events_of(site, "click-4711") == ["job.claimed", "job.finished"]


def _events_of(site: Site, request_id: str) -> list[str]:
    """What the worker's log says of a request, in the lines that are written to their end."""
    written = (site.folder / "worker-0.log").read_text().rpartition("\n")[0].splitlines()
    lines = [json.loads(line) for line in written if line.startswith("{")]
    return [line["event"] for line in lines if line.get("request_id") == request_id]


def _report(site: Site) -> dict:
    site.accepted_file.touch()
    printed = site.run("-m", "tests.faults.report", str(site.accepted_file))
    assert printed.returncode == 0, printed.stderr
    return json.loads(printed.stdout)


def _state_of_the_worker(site: Site) -> str:
    workers = _report(site)["workers"]
    return workers[-1] if workers else "none"


def _wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.5)
