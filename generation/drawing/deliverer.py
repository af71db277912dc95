"""A worker's threads that encode and store what was drawn, while the next batch is drawn."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.db import Error, connection

from generation.checkpoints import Checkpoint
from generation.drawing import delivery
from generation.drawing.delivery import Drawn
from generation.drawing.holding import Holding
from generation.errors import Failure
from generation.images import files
from generation.images.files import StorageRefused
from generation.models import Job
from generation.safety.checks import CheckUnavailable

log = structlog.get_logger(__name__)

DELIVERIES = 2
"""Batches being encoded and stored at once; the next waits, so that pictures do not pile up."""
STORAGE_PAUSE = 10.0
"""Longest pause, in seconds, between looks whether a storage that refused takes files again."""
FIRST_REST, LONGEST_REST = 0.5, 60.0
"""Seconds."""


@dataclass
class Rest:
    """A pause before the next claim, which grows while one delivery after the other fails.

    What fails them is away or full, so that more work would end in the same way.
    """

    seconds: float = 0.0
    until: float = 0.0

    def begin(self) -> None:
        self.seconds = min(max(FIRST_REST, 2 * self.seconds), LONGEST_REST)
        self.until = time.monotonic() + self.seconds

    def end(self) -> None:
        self.seconds = self.until = 0.0

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until


class Deliverer:
    """Takes over what was drawn; each job is let go of or fails in the end."""

    def __init__(
        self,
        holding: Holding,
        *,
        fail: Callable[[Sequence[Job], Failure], None],
        stopping: threading.Event,
        abandon: threading.Event,
    ) -> None:
        """Starts no thread before there is something to deliver.

        Args:
            holding: what the worker holds.
            fail: called with jobs whose attempt is over, and why.
            stopping: set when the worker claims no more.
            abandon: set when what is not delivered yet is to be thrown away.
        """
        self._holding = holding
        self._fail = fail
        self._stopping = stopping
        self._abandon = abandon
        self._refused = threading.Event()
        self._rest = Rest()
        self._room = threading.Semaphore(DELIVERIES)
        self._threads = ThreadPoolExecutor(DELIVERIES, thread_name_prefix="deliver")

    @property
    def refused(self) -> bool:
        """Whether a storage refused a file and has taken none since."""
        return self._refused.is_set()

    @property
    def pauses(self) -> bool:
        """Whether what is claimed now would most likely be refused as well."""
        return self._refused.is_set() or not self._rest.over

    def takes_more(self) -> bool:
        """Whether more may be claimed. After a refusal it waits until the storages take files."""
        pause = 0.5
        while self._refused.is_set() and not self._stopping.is_set():
            if files.takes_files():
                self._refused.clear()
                log.info("storage.takes_files_again")
            else:
                self._stopping.wait(pause)
                pause = min(2 * pause, STORAGE_PAUSE)
        return not self.pauses

    def hand_over(self, drawn: Sequence[Drawn], checkpoint: Checkpoint) -> None:
        """Has the jobs of a batch delivered, as soon as there is room.

        After a stop they are thrown away.
        """
        self._room.acquire()
        if self._abandon.is_set():
            self._room.release()
            return
        try:
            under_way = self._threads.submit(self._deliver, drawn, checkpoint)
        except RuntimeError:  # stopped since the look
            self._room.release()
        else:
            under_way.add_done_callback(lambda _: self._room.release())  # delivered or dropped

    def stop(self) -> None:
        """Takes no more; what is under way goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def ended(self, within: float) -> bool:
        """Whether nothing is under way any more, now or in so many seconds."""
        deadline = time.monotonic() + within
        waits = (max(0.0, deadline - time.monotonic()) for _ in range(DELIVERIES))
        return all(self._room.acquire(timeout=wait) for wait in waits)

    def _deliver(self, drawn: Sequence[Drawn], checkpoint: Checkpoint) -> None:
        try:
            for one in drawn:
                with structlog.contextvars.bound_contextvars(request_id=one.job.request_id):
                    self._deliver_one(one, checkpoint)
        finally:
            connection.close()

    def _deliver_one(self, drawn: Drawn, checkpoint: Checkpoint) -> None:
        job = drawn.job
        try:
            finished = delivery.deliver(drawn, checkpoint)
        except CheckUnavailable:
            log.exception("check.unavailable", job=str(job.pk))
            self._rest.begin()
            self._fail([job], Failure.CHECK_UNAVAILABLE)
        except Error:
            log.exception("job.finish_not_noted", job=str(job.pk))
            self._holding.let_go([job])
        except StorageRefused:
            log.exception("storage.refused", job=str(job.pk))
            self._refused.set()
            self._rest.begin()
            self._fail([job], Failure.STORAGE_REFUSED)
        except Exception:
            log.exception("delivery.failed", job=str(job.pk))
            self._fail([job], Failure.DRAWING_FAILED)
        else:
            log.info("job.finished" if finished else "job.was_lost", job=str(job.pk))
            self._rest.end()
            self._holding.let_go([job])
