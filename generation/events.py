"""The hub behind server-sent events: one look at the database a tick, for all streams together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from django.db import Error, connection, reset_queries

from generation.queue.news import GONE, News, news_of

log = structlog.get_logger(__name__)

TICK = 0.5
"""Seconds between looks: workers write progress no more often."""

LONGEST_PAUSE = 5.0
"""Seconds between looks while the database is away."""

KEEP_ALIVE = 15.0
"""Seconds of silence after which a stream says that it is still there: proxies cut idle ones."""

OPENING = 4
"""Streams whose access is checked at once: of any rush, so many take a database connection."""

Look = Callable[[Collection[UUID]], Mapping[UUID, News]]


class Subscription:
    """One stream's letter box, which holds the latest news and nothing older.

    A client that reads slowly skips what it was too late for, and costs no memory.
    """

    def __init__(self) -> None:
        self._latest: News | None = None
        self._arrived = asyncio.Event()

    def put(self, news: News) -> None:
        if news != self._latest:
            self._latest = news
            self._arrived.set()

    async def next(self, patience: float) -> News | None:
        """Returns the latest news once they are new, or None after `patience` seconds without."""
        try:
            async with asyncio.timeout(patience):
                await self._arrived.wait()
        except TimeoutError:
            return None
        self._arrived.clear()
        return self._latest


class Hub:
    """Watches jobs for all the streams of one event loop.

    It looks in one thread of its own, from the first subscriber to the last. While there are any,
    the thread keeps its connection; then both go.
    """

    def __init__(self, look: Look = news_of, *, tick: float = TICK) -> None:
        self._look = look
        self._tick = tick
        self._subscriptions: dict[UUID, set[Subscription]] = {}
        self._watching: asyncio.Task[None] | None = None
        self.opening = asyncio.Semaphore(OPENING)
        """Held while a stream's access is checked."""

    @property
    def watched(self) -> Collection[UUID]:
        return self._subscriptions.keys()

    @property
    def running(self) -> bool:
        return self._watching is not None

    @contextmanager
    def subscribed(self, job: UUID) -> Iterator[Subscription]:
        """Gives a letter box that gets the job's news while the block runs."""
        subscription = Subscription()
        self._subscriptions.setdefault(job, set()).add(subscription)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        try:
            yield subscription
        finally:
            others = self._subscriptions[job]
            others.remove(subscription)
            if not others:
                del self._subscriptions[job]

    async def _watch(self) -> None:
        thread = ThreadPoolExecutor(1, thread_name_prefix="events")
        loop = asyncio.get_running_loop()
        pause = self._tick
        try:
            while self._subscriptions:
                jobs = list(self._subscriptions)
                found = await loop.run_in_executor(thread, self._found, jobs)
                pause = self._tick if found is not None else min(2 * pause, LONGEST_PAUSE)
                for job, news in (found or {}).items():
                    for subscription in self._subscriptions.get(job, ()):
                        subscription.put(news)
                await asyncio.sleep(pause)
        finally:
            self._watching = None
            thread.submit(connection.close)
            thread.shutdown(wait=False)

    def _found(self, jobs: Collection[UUID]) -> Mapping[UUID, News] | None:
        """Returns the news; None while the database is away, which streams outlive."""
        reset_queries()  # while DEBUG is on Django keeps them, and nothing else ends this thread's
        try:
            return self._look(jobs)
        except Error:
            log.warning("events.look_failed", exc_info=True)
            connection.close()
            return None


async def stream(
    hub: Hub, job: UUID, *, keep_alive: float = KEEP_ALIVE
) -> AsyncIterator[News | None]:
    """Yields a job's news until it has ended, and None where a sign of life is due."""
    with hub.subscribed(job) as subscription:
        news: News | None = None
        while news is None or not news.ended:
            news = await subscription.next(keep_alive)
            yield news


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def the_hub() -> Hub:
    """Returns the hub of the running event loop, of which a web process has one."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


__all__ = ["GONE", "Hub", "News", "stream", "the_hub"]
