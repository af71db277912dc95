"""The hub: one look a tick for everybody, from the first stream to the last."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from uuid import UUID, uuid4

from django.db import OperationalError

from generation.events import Hub, stream
from generation.queue.news import GONE, News

TICK = 0.02
PATIENCE = 30.0
"""Seconds in which what must happen does, on a machine that does much else."""
WAITING = News("queued", place=3)
RUNNING = News("running", progress=0.5)
DONE = News("succeeded", progress=1.0)


class Database:
    """Stands for the query: says what the test last said of a job, and notes who asked."""

    def __init__(self) -> None:
        self.said: dict[UUID, News] = {}
        self.looks: list[set[UUID]] = []
        self.away = False

    def __call__(self, jobs: Collection[UUID]) -> Mapping[UUID, News]:
        self.looks.append(set(jobs))
        if self.away:
            raise OperationalError("the database is away")
        return {job: self.said.get(job, GONE) for job in jobs}

    async def another_look(self) -> None:
        """Waits until a look has begun and ended."""
        looks = len(self.looks)
        await until(lambda: len(self.looks) > looks + 1)


async def heard(hub: Hub, job: UUID, into: list[News | None]) -> None:
    async for news in stream(hub, job, keep_alive=30):
        into.append(news)  # noqa: PERF401 (what was heard so far is looked at meanwhile)


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (it is about a value, which tells nobody)
            await asyncio.sleep(TICK / 4)


async def test_each_stream_hears_what_changed_and_nothing_else() -> None:
    database, job = Database(), uuid4()
    hub = Hub(database, tick=TICK)
    into: list[News | None] = []
    database.said[job] = WAITING
    listening = asyncio.create_task(heard(hub, job, into))
    await until(lambda: len(database.looks) > 5)
    assert into == [WAITING]
    database.said[job] = RUNNING
    await until(lambda: len(into) == 2)
    database.said[job] = DONE
    await asyncio.wait_for(listening, PATIENCE)
    assert into == [WAITING, RUNNING, DONE]


async def test_a_hundred_streams_are_one_look_a_tick() -> None:
    database, jobs = Database(), [uuid4() for _ in range(100)]
    hub = Hub(database, tick=TICK)
    database.said = dict.fromkeys(jobs, WAITING)
    streams = [asyncio.create_task(heard(hub, job, [])) for job in jobs for _ in range(2)]
    await until(lambda: len(database.looks) > 1)
    before, began = len(database.looks), asyncio.get_running_loop().time()
    await asyncio.sleep(20 * TICK)
    await until(lambda: len(database.looks) >= before + 2)
    ticks = (asyncio.get_running_loop().time() - began) / TICK
    assert len(database.looks) - before <= ticks + 2
    assert database.looks[-1] == set(jobs)
    database.said = dict.fromkeys(jobs, DONE)
    await asyncio.wait_for(asyncio.gather(*streams), PATIENCE)


async def test_nobody_looks_before_the_first_stream_or_after_the_last() -> None:
    database, job = Database(), uuid4()
    hub = Hub(database, tick=TICK)
    database.said[job] = WAITING
    await asyncio.sleep(3 * TICK)
    assert database.looks == []
    listening = asyncio.create_task(heard(hub, job, []))
    await until(lambda: database.looks)
    listening.cancel()
    await until(lambda: not hub.running)
    looks = len(database.looks)
    await asyncio.sleep(5 * TICK)
    assert len(database.looks) == looks
    again = asyncio.create_task(heard(hub, job, []))
    await until(lambda: len(database.looks) > looks)
    again.cancel()


async def test_a_client_that_goes_leaves_nothing_behind() -> None:
    database, jobs = Database(), [uuid4() for _ in range(20)]
    hub = Hub(database, tick=TICK)
    database.said = dict.fromkeys(jobs, WAITING)
    stays = asyncio.create_task(heard(hub, jobs[0], []))
    leave = [asyncio.create_task(heard(hub, job, [])) for job in jobs]
    await until(lambda: len(hub.watched) == 20)
    for one in leave:
        one.cancel()
    await asyncio.gather(*leave, return_exceptions=True)
    assert set(hub.watched) == {jobs[0]}
    stays.cancel()
    await asyncio.gather(stays, return_exceptions=True)
    assert not hub.watched


async def test_a_slow_client_gets_the_latest_and_not_all_that_it_missed() -> None:
    database, job = Database(), uuid4()
    hub = Hub(database, tick=TICK)
    with hub.subscribed(job) as subscription:
        for step in range(10):
            database.said[job] = News("running", progress=step / 10)
            await database.another_look()
        assert await subscription.next(PATIENCE) == News("running", progress=0.9)
        assert await subscription.next(3 * TICK) is None


async def test_the_end_is_heard_however_late_somebody_listens() -> None:
    database, job = Database(), uuid4()
    hub = Hub(database, tick=TICK)
    database.said[job] = DONE
    into: list[News | None] = []
    await asyncio.wait_for(heard(hub, job, into), PATIENCE)
    assert into == [DONE]


async def test_streams_outlive_a_database_that_is_away() -> None:
    database, job = Database(), uuid4()
    hub = Hub(database, tick=TICK)
    into: list[News | None] = []
    database.said[job] = WAITING
    listening = asyncio.create_task(heard(hub, job, into))
    await until(lambda: into)
    database.away = True
    looks = len(database.looks)
    await until(lambda: len(database.looks) > looks + 2)
    assert not listening.done()
    database.away = False
    database.said[job] = DONE
    await asyncio.wait_for(listening, PATIENCE)
    assert into == [WAITING, DONE]


async def test_silence_is_broken_now_and_then() -> None:
    database, job = Database(), uuid4()
    database.said[job] = WAITING
    hub = Hub(database, tick=TICK)
    into: list[News | None] = []
    async for news in stream(hub, job, keep_alive=3 * TICK):
        into.append(news)
        if len(into) == 4:
            break
    assert into == [WAITING, None, None, None]
