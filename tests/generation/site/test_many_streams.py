"""Many people watch their grids on one web process, whatever becomes of its database."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest

from generation.events import TICK
from tests.running_site import RunningSite, running_site
from tests.services import Postgres

pytestmark = pytest.mark.alone

FULL, TENTH = 1000, 200
"""Streams, at the published count and otherwise."""
WATCHED_SECONDS = 10.0
CONNECTIONS = 10
MEMORY = 400
"""MiB of the web process."""

SUBMITS = """
import sys, django; django.setup()
from generation.submission import GridRequest, submit
for n in range(int(sys.argv[1])):
    print(submit(GridRequest(prompt=f"a red fox, {n}"), owner=None).pk)
"""
CANCELS_THE_HEAD = """
import sys, time, django; django.setup()
from generation import services
from generation.models import Job
services.cancel(Job.objects.get(pk=sys.argv[1]))
print(time.time())
"""
CANCELS = """
import django; django.setup()
from generation import services
from generation.models import Job
for job in Job.objects.all():
    services.cancel(job)
"""
OPEN_CONNECTIONS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = 'streams' AND application_name = 'craiyon'"
)


@dataclass
class Stream:
    """One open stream, read as it comes."""

    job: str
    read: bytes = b""
    ended: bool = False
    heard_at: float = 0.0
    """When it said a new place."""

    async def follow(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(f"GET /g/{self.job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        try:
            while not self.ended and (part := await reader.read(4096)):
                before = len(self.places)
                self.read += part
                if len(self.places) > before:
                    self.heard_at = time.time()
                self.ended = b"event: done" in self.read
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @property
    def places(self) -> list[str]:
        """The places that were said, each once: while nothing happens they are said again."""
        said = re.findall(rb'id="news-place">([^<]+)<', self.read)
        return [place.decode() for place in dict.fromkeys(said)]


@dataclass
class Watch:
    """What a PostgreSQL server notes of the site: its connections, and each statement."""

    server: Postgres
    connections: list[int] = field(default_factory=list)
    seconds: float = 0.0
    statements: list[str] = field(default_factory=list)

    async def watch(self, database: str, seconds: float) -> None:
        with psycopg.connect(database, autocommit=True, application_name="watch") as connection:
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("SELECT pg_reload_conf()")
            await asyncio.sleep(1)
            # The time begins before the log does and ends after it: no statement of it is extra.
            began, logged = time.monotonic(), self.server.log.stat().st_size
            while time.monotonic() - began < seconds:
                row = connection.execute(OPEN_CONNECTIONS).fetchone()
                self.connections.append(row[0] if row else 0)
                await asyncio.sleep(0.2)
            log = self.server.log.read_bytes()[logged:].decode(errors="replace")
            self.seconds = time.monotonic() - began
            found = re.findall(r"LOG:  (?:statement|execute [^:]*): (.*)", log)
            self.statements = [s for s in found if s != OPEN_CONNECTIONS]
            connection.execute("ALTER SYSTEM RESET log_statement")
            connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def database(own_postgres: Postgres) -> str:
    return own_postgres.create("streams")


@pytest.fixture
def site(tmp_path: Path, database: str) -> Iterator[RunningSite]:
    with running_site(tmp_path, DATABASE_URL=database, LOG_LEVEL="warning") as made:
        yield made


async def until_all(
    streams: Sequence[Stream], condition: Callable[[Stream], object], seconds: float = 240.0
) -> float:
    """Waits until the condition holds for all; returns how many seconds that took."""
    began = time.monotonic()
    while lacking := sum(not condition(stream) for stream in streams):
        assert time.monotonic() - began < seconds, f"{lacking} streams lack it"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_a_thousand_streams_take_ten_connections_and_a_query_a_tick(
    site: RunningSite,
    database: str,
    own_postgres: Postgres,
    full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    count = FULL if full else TENTH
    streams = [Stream(job) for job in site.run("-c", SUBMITS, str(count)).split()]
    assert len(streams) == count
    web = psutil.Process(site.start_web().pid)
    following = [asyncio.create_task(stream.follow(site.port)) for stream in streams]
    opened_in = await until_all(streams, lambda stream: stream.places)

    cpu, watch = sum(web.cpu_times()[:2]), Watch(own_postgres)
    await watch.watch(database, WATCHED_SECONDS)
    cpu = sum(web.cpu_times()[:2]) - cpu
    assert [len(stream.places) for stream in streams] == [1] * count
    assert not any(task.done() for task in following)
    ticks = watch.seconds / TICK
    assert 0 < max(watch.connections) <= CONNECTIONS
    assert 0.3 * ticks < len(watch.statements) <= ticks + 2, watch.statements[:20]

    head, others = streams[0], streams[1:]
    changed = float(await asyncio.to_thread(site.run, "-c", CANCELS_THE_HEAD, head.job))
    await until_all(others, lambda stream: len(stream.places) == 2)
    reached_in = max(stream.heard_at for stream in others) - changed
    await until_all([head], lambda stream: stream.ended)

    await asyncio.to_thread(site.run, "-c", CANCELS)
    ended_in = await until_all(streams, lambda stream: stream.ended)
    await asyncio.gather(*following)
    memory = round(web.memory_info().rss / 2**20)
    assert memory <= MEMORY
    for name, figure in {
        "streams": count,
        "opened in seconds": round(opened_in, 1),
        "most connections": max(watch.connections),
        "statements a tick": round(len(watch.statements) / ticks, 2),
        "cpu share": round(cpu / watch.seconds, 3),
        "a change reaches all in seconds": round(reached_in, 2),
        "memory in MiB": memory,
        "threads": web.num_threads(),
        "ended in seconds": round(ended_in, 1),
    }.items():
        record_property(name, figure)


async def test_streams_outlive_a_database_that_is_killed_and_comes_back(
    site: RunningSite, own_postgres: Postgres
) -> None:
    streams = [Stream(job) for job in site.run("-c", SUBMITS, "20").split()]
    site.start_web()
    following = [asyncio.create_task(stream.follow(site.port)) for stream in streams]
    await until_all(streams, lambda stream: stream.places)
    await asyncio.to_thread(own_postgres.kill)
    await asyncio.sleep(4)
    assert not any(task.done() for task in following)
    await asyncio.to_thread(own_postgres.start)
    await asyncio.to_thread(site.run, "-c", CANCELS)
    await until_all(streams, lambda stream: stream.ended)
    await asyncio.gather(*following)
