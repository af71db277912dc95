"""The drawing worker: claim, draw, deliver, until nothing waits.

Three kinds of threads share a `Drawer`. Whoever calls `drain` draws (a doorbell task or the ticker,
one at a time). A keeper thread renews leases and writes progress while steps advance, and ends the
process when they do not; it also sweeps expired leases, however busy this worker is. Two delivery
threads encode and store while the next batch is drawn.
"""

import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

import structlog
from django.db import Error, close_old_connections, connection

from generation import clock, services
from generation.checkpoints import Checkpoint
from generation.drawing.deliverer import Deliverer
from generation.drawing.delivery import Drawn
from generation.drawing.holding import Held, Holding, Watch, told
from generation.drawing.pipeline import OutOfMemory, Pipeline
from generation.drawing.pipelines import NotLoaded, Pipelines
from generation.drawing.previewing import Previewer
from generation.errors import Failure
from generation.models import Job, Worker
from generation.queue import lanes, workers
from generation.services import Batch

log = structlog.get_logger(__name__)

TICK = 1.0
"""Seconds between looks for work that no doorbell announced."""
PROGRESS_EVERY = 0.5
"""Seconds between writes of progress, at least."""
RENEW_EVERY = 5.0
"""Seconds between renewals of leases whose progress stands still, and between signs of life."""
SWEEP_EVERY = 5.0
HANGS_AFTER = 60.0
"""Seconds without a step after which drawing is given up; at least five times the estimate."""
EX_SOFTWARE = 70
"""Exit status (sysexits.h) of a worker that gave itself up; whoever runs it starts another."""
DELIVERY_MAY_TAKE = 300.0
"""Seconds for which a storage may keep a delivery waiting before the worker gives itself up."""
CLAIM_MAY_TAKE = 10.0
"""Seconds for which a stopping worker waits for a claim that a slow database has not answered."""


class Abandoned(Exception):
    """Nobody waits for this batch any more, or the worker is stopping."""


class Drawer:
    """One process's share of the drawing, for the checkpoints it is told to serve."""

    def __init__(
        self,
        checkpoints: Mapping[str, Checkpoint],
        *,
        load: Callable[[Checkpoint], Pipeline] = Pipeline.load,
        end_process: Callable[[int], None] = os._exit,
        hangs_after: float = HANGS_AFTER,
        only: Job | None = None,
    ) -> None:
        """Serves checkpoints.

        Args:
            checkpoints: by name.
            load: makes a pipeline of one.
            end_process: called with an exit status when a thread hangs.
            hangs_after: seconds without a step that are taken for a hang, at least.
            only: the one job that is to be drawn; None draws whatever waits.
        """
        self.id = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._checkpoints = dict(checkpoints)
        self._only = only
        self._end_process = end_process
        self._watch = Watch()
        self._pipelines = Pipelines(
            self._checkpoints, load=load, watch=self._watch, hangs_after=hangs_after
        )
        self._previewer = Previewer(self._checkpoints)
        self._holding = Holding(self.id)
        self._one_at_a_time = threading.Lock()
        self._claiming = threading.Lock()
        self._stopping = threading.Event()
        self._abandon = threading.Event()
        self._ended = threading.Event()
        self._dead = threading.Event()
        self._deliverer = Deliverer(
            self._holding, fail=self._fail, stopping=self._stopping, abandon=self._abandon
        )
        self._threads: list[threading.Thread] = []

    # Life

    def start(self) -> None:
        """Loads and warms the checkpoints, then draws whenever there is work, in threads."""
        lanes.prepare(self._checkpoints)
        Worker.objects.create(
            id=self.id,
            kind="",
            host=socket.gethostname(),
            pid=os.getpid(),
            # Who draws one job alone is nobody whom others may count on.
            checkpoints=[] if self._only else list(self._checkpoints),
            started=clock.now(),
            seen_at=clock.now(),
        )
        for name, life in (("keeper", self._keep), ("ticker", self._tick)):
            thread = threading.Thread(target=life, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, grace: float) -> bool:
        """Stops claiming, lets what is drawn finish within `grace` seconds, releases the rest.

        Returns:
            Whether all threads have ended. Else one is in a long call of a device or of a storage,
            where Python cannot end it: whoever ends the process then must do so over its head.
        """
        self._stopping.set()
        deadline = time.monotonic() + grace
        # A claim that is under way is held before it is looked for; none comes after it.
        if self._claiming.acquire(timeout=CLAIM_MAY_TAKE):
            self._claiming.release()
        while self._holding and time.monotonic() < deadline:
            time.sleep(0.05)
        self._abandon.set()
        for held in self._holding.all():
            self._release(held.job)
        self._deliverer.stop()
        self._previewer.stop()
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=2)
        # The thread of a doorbell may be the one that draws.
        drawing = not self._one_at_a_time.acquire(timeout=2)
        if not drawing:
            self._one_at_a_time.release()
        delivering = not self._deliverer.ended(within=2)
        Worker.objects.filter(pk=self.id).update(state=Worker.State.STOPPED)
        log.info("worker.stopped", worker=self.id, drawing=drawing, delivering=delivering)
        return not (drawing or delivering)

    # Drawing

    def drain(self) -> None:
        """Draws until nothing waits. Does nothing while another thread of this process draws."""
        if not self._one_at_a_time.acquire(blocking=False):
            return
        try:
            while not self._stopping.is_set() and self._deliverer.takes_more():
                close_old_connections()
                batch = self._claim()
                if batch is None:
                    return
                if self._deliverer.pauses:  # since it was asked: the claim waited for the refusal
                    self._give_back(batch)
                else:
                    self._draw(batch)
        finally:
            self._one_at_a_time.release()

    def _claim(self) -> Batch | None:
        with self._claiming:
            if self._stopping.is_set():
                return None
            rooms, batch = self._rooms(), None
            if self._only is None:
                batch = services.claim(self.id, rooms)
            elif self._only.checkpoint in rooms:
                batch = services.claim_alone(self.id, self._only)
            if batch is not None:
                self._holding.hold(batch.jobs)
            return batch

    def _rooms(self) -> dict[str, int]:
        """Pictures in a call, by checkpoint to claim for: a broken one is left to who has it."""
        rooms, broken = self._pipelines.rooms, self._pipelines.broken
        if not broken:
            return rooms
        elsewhere = workers.served_beside(self.id)
        return {n: room for n, room in rooms.items() if n not in broken or n not in elsewhere}

    def _draw(self, batch: Batch) -> None:
        held = self._holding.of(batch.jobs)
        for job in batch.jobs:
            told(job).info("job.claimed", attempt=job.attempts, batch=batch.images)
        try:
            drawn = self._drawn(batch, held)
        finally:
            self._watch.stop()
        if isinstance(drawn, Failure):
            self._fail(batch.jobs, drawn)
            if drawn is Failure.DRAWING_FAILED and not self._pipelines.still_draws(
                batch.checkpoint
            ):
                self._stopping.set()
                self._dead.set()
        elif drawn is None:
            self._drop(batch)
        else:
            self._hand_over(drawn, held, self._checkpoints[batch.checkpoint])

    def _drawn(self, batch: Batch, held: Sequence[Held]) -> list[Drawn] | Failure | None:
        """What was drawn, or why not; None where nobody waits for it any more."""
        try:
            step = partial(self._step, held)
            return self._pipelines.draw(batch, step, self._previewer.show)
        except Abandoned:
            return None
        except NotLoaded as error:
            log.warning("checkpoint.not_loaded", checkpoint=batch.checkpoint, reason=str(error))
            return error.broken.failure
        except OutOfMemory:
            log.exception("batch.out_of_memory", room=self._pipelines.rooms[batch.checkpoint])
            return Failure.OUT_OF_MEMORY
        except Exception:
            log.exception("batch.failed", jobs=[str(job.pk) for job in batch.jobs])
            return Failure.DRAWING_FAILED

    def _hand_over(
        self, drawn: Sequence[Drawn], held: Sequence[Held], checkpoint: Checkpoint
    ) -> None:
        for one in held:
            one.drawn_at = time.monotonic()
        self._deliverer.hand_over(drawn, checkpoint)

    def _drop(self, batch: Batch) -> None:
        for job in batch.jobs:
            told(job).info("job.abandoned")
        if not self._abandon.is_set():
            # Else `stop` is about to release it.
            self._holding.let_go(batch.jobs)

    def _step(self, held: Sequence[Held], share: float) -> None:
        self._watch.step()
        for one in held:
            one.progress = share * 0.95
        if self._abandon.is_set() or all(one.lost for one in held):
            raise Abandoned

    # Keeping

    def _tick(self) -> None:
        """The ticker: loads, then drains every second, bell or no bell."""
        self._load(self._checkpoints)
        while not self._stopping.wait(TICK * random.uniform(0.8, 1.2)):
            try:
                self._load(self._pipelines.due)
                self.drain()
            except Exception:
                # The database may be away for a while: drawing goes on when it is back.
                log.exception("worker.tick_failed")
                connection.close()
        connection.close()

    def _load(self, names: Iterable[str]) -> None:
        for name in names:
            if self._stopping.is_set():
                return
            with self._one_at_a_time, suppress(NotLoaded):
                self._pipelines.load(name)
            try:
                # Others leave its jobs to this worker, or take them over, from now on.
                self._show_life()
            except Error:
                log.exception("worker.not_shown")

    def _keep(self) -> None:
        """The keeper: progress twice a second at most, leases, life, others' leases, the hang."""
        renewed = seen = swept = 0.0
        while not self._ended.wait(PROGRESS_EVERY):
            hangs = self._watch.overdue or self._holding.delivering_for() > DELIVERY_MAY_TAKE
            if hangs or self._dead.is_set():
                self._give_up()
                return
            now = time.monotonic()
            try:
                if now - seen > RENEW_EVERY:
                    self._show_life()
                    seen = now
                if now - renewed > RENEW_EVERY or self._holding.news:
                    self._holding.renew()
                    renewed = now
                if now - swept > SWEEP_EVERY:
                    services.sweep()
                    swept = now
            except Exception:
                log.exception("worker.renew_failed")
                connection.close()
        connection.close()

    def _show_life(self) -> None:
        close_old_connections()
        Worker.objects.filter(pk=self.id).exclude(state=Worker.State.STOPPED).update(
            state=self._state(),
            broken=self._pipelines.broken,
            kind=self._pipelines.kind,
            seen_at=clock.now(),
        )

    def _state(self) -> Worker.State:
        if self._deliverer.refused:
            return Worker.State.PAUSED
        if self._pipelines.kind:
            return Worker.State.DRAWING if self._holding else Worker.State.READY
        all_broken = len(self._pipelines.broken) == len(self._checkpoints)
        return Worker.State.BROKEN if all_broken else Worker.State.LOADING

    def _give_up(self) -> None:
        """A thread that hangs in a device cannot be ended, nor a device revived: a process can."""
        self._stopping.set()  # what is given back is not for this worker
        log.error(
            "worker.gives_up",
            dead=self._dead.is_set(),
            hangs=self._watch.overdue,
            allowed=self._watch.allowed,
        )
        try:
            for held in self._holding.all():
                failure = self._hung(held)
                if failure is None:
                    self._release(held.job)
                else:
                    services.fail(held.job, failure)
                    told(held.job).error("job.gave_up", failure=failure)
        finally:
            self._end_process(EX_SOFTWARE)

    def _hung(self, held: Held) -> Failure | None:
        """What a held job has to do with the hang; None for one that was getting on."""
        if held.drawn_at is None:
            return Failure.HUNG if self._watch.overdue else None
        late = time.monotonic() - held.drawn_at > DELIVERY_MAY_TAKE
        return Failure.STORAGE_REFUSED if late else None

    def _release(self, job: Job) -> None:
        """Without a database the lease runs out instead."""
        try:
            if services.release(job):
                told(job).info("job.released")
        except Error:
            told(job).exception("job.release_not_noted")

    def _give_back(self, batch: Batch) -> None:
        for job in batch.jobs:
            self._release(job)
        self._holding.let_go(batch.jobs)

    def _fail(self, jobs: Sequence[Job], failure: Failure) -> None:
        """Without a database the lease runs out instead, which comes to the same a little later."""
        for job in jobs:
            try:
                if services.fail(job, failure):
                    told(job).warning("job.failed", attempt=job.attempts, failure=failure)
            except Error:
                told(job).exception("job.fail_not_noted")
        self._holding.let_go(jobs)
