"""Somebody pulls the plug anywhere, any time: what was accepted ends in exactly one way.

Real workers with a real pipeline draw while they are killed, frozen past their lease, and lose
their broker and their database. `manage.py audit` then finds every invariant whole.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.manifest import tiny_manifest
from tests.faults.site import Site
from tests.services import Postgres, Redis, running

pytestmark = [pytest.mark.alone, pytest.mark.fault]

LEASE = 30.0
SECONDS_BETWEEN_KILLS = 9.0
WAITING_IS_OVER = 45.0
"""Seconds after the last fault in which every job must have ended, where nothing else runs."""
BESIDE_OTHERS = 180.0
"""The same beside other tests, of which each has a share of the machine."""


@dataclass
class Plan:
    """What happens to a site, and for how long."""

    jobs: int
    kills: int
    freezes: int
    database_kills: int
    waiting_is_over: float

    @property
    def seconds(self) -> float:
        """Each freeze lasts longer than a lease, and a worker needs some seconds to start."""
        return max(self.freezes * (LEASE + 4), self.kills * SECONDS_BETWEEN_KILLS)


@pytest.fixture
def plan(full: bool) -> Plan:
    if full:
        return Plan(2000, 100, 20, 10, waiting_is_over=WAITING_IS_OVER)
    return Plan(200, 10, 2, 1, waiting_is_over=BESIDE_OTHERS)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Site]:
    """SQLite and the filesystem broker."""
    site = Site(
        tmp_path, tiny_manifest(tmp_path), f"sqlite:///{tmp_path}/db.sqlite3", "filesystem://"
    )
    yield site
    site.stop()


@pytest.fixture
def servers() -> Iterator[tuple[Postgres, Redis]]:
    with ExitStack() as stack:
        yield stack.enter_context(running(Postgres)), stack.enter_context(running(Redis))


@pytest.fixture
def served(tmp_path: Path, servers: tuple[Postgres, Redis]) -> Iterator[Site]:
    """PostgreSQL and Redis."""
    postgres, redis = servers
    site = Site(tmp_path, tiny_manifest(tmp_path), postgres.url, redis.url)
    yield site
    site.stop()


def test_on_sqlite_and_the_filesystem_broker(embedded: Site, plan: Plan) -> None:
    faults = [*_common_faults(embedded, plan), (2, embedded.empty_the_broker)]
    _nothing_is_lost(embedded, plan, faults)


def test_on_postgresql_and_redis_with_the_database_killed_as_well(
    served: Site, servers: tuple[Postgres, Redis], plan: Plan
) -> None:
    postgres, redis = servers

    def restart(server: Postgres | Redis) -> Callable[[], None]:
        def kill_and_start() -> None:
            server.kill()
            time.sleep(1)
            server.start()

        return kill_and_start

    faults = [
        *_common_faults(served, plan),
        (2, restart(redis)),
        (plan.database_kills, restart(postgres)),
    ]
    _nothing_is_lost(served, plan, faults)


Fault = tuple[int, Callable[[], None]]
"""How often, evenly spread, and what."""


def _common_faults(site: Site, plan: Plan) -> list[Fault]:
    return [
        (plan.kills, site.kill_a_worker),
        (plan.freezes, lambda: site.freeze_a_worker(LEASE + 2)),
    ]


def _nothing_is_lost(site: Site, plan: Plan, faults: list[Fault]) -> None:
    assert site.manage("migrate", "-v0").returncode == 0
    site.start_workers(2)
    load = site.start_load(plan.jobs, plan.seconds * 0.9)
    _inflict(faults, plan.seconds)
    last_fault = time.time()
    limit = plan.waiting_is_over
    assert load.wait(timeout=limit) == 0, (site.folder / "load.log").read_text()[-3000:]
    while (found := _report(site))["waiting"] and time.time() - last_fault < 2 * limit:
        time.sleep(1)
    print(json.dumps({"plan": vars(plan), "worker starts": site.starts, **found}))
    assert found["missing"] == []
    assert found["never accepted"] == 0
    assert found["waiting"] == 0
    assert found["last finished"] - last_fault <= limit
    assert found["usage rows"] == found["statuses"]["succeeded"]
    assert found["statuses"]["succeeded"] >= plan.jobs * 0.9
    site.stop()
    audit = site.manage("audit", "--files")
    assert audit.returncode == 0, audit.stdout + audit.stderr


def _inflict(faults: list[Fault], seconds: float) -> None:
    """Runs every kind of fault in its own thread, evenly spread over the time."""

    def spread(times: int, fault: Callable[[], None]) -> None:
        began = time.monotonic()
        for number in range(times):
            time.sleep(max(0.0, began + seconds * (number + 0.5) / times - time.monotonic()))
            fault()

    threads = [threading.Thread(target=spread, args=fault) for fault in faults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _report(site: Site) -> dict:
    printed = site.run("-m", "tests.faults.report", str(site.accepted_file))
    assert printed.returncode == 0, printed.stderr
    return json.loads(printed.stdout)
