"""From a batch to pictures: a worker's loaded checkpoints, and how much each draws at once."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import Error
from PIL.Image import Image as Picture

from generation.batching import is_edit
from generation.checkpoints import Checkpoint
from generation.drawing.delivery import Drawn
from generation.drawing.drawings import Drawing
from generation.drawing.holding import Watch
from generation.drawing.pipeline import CheckpointBroken, OutOfMemory, Pipeline
from generation.drawing.rooms import Room
from generation.errors import Failure
from generation.images import uploads
from generation.models import ATTEMPTS, Job, Source
from generation.queue import paces
from generation.seeds import seed_at
from generation.services import Batch

log = structlog.get_logger(__name__)

Look = Callable[[Job, int, int, Picture], None]
"""Takes a job, a position in it, the number of the look and the unfinished picture."""

LOADING_MAY_TAKE = 900.0
"""Seconds that loading a checkpoint may take; downloads count."""
FIRST_PAUSE = 5.0
"""Seconds before a checkpoint that could not be loaded is tried again; each time twice as long."""
LONGEST_PAUSE = 600.0
LONGEST_REASON = 300
"""Characters of an error that are shown."""


@dataclass(frozen=True)
class Broken:
    """A checkpoint that could not be loaded."""

    reason: str
    failure: Failure
    """Of the jobs that are claimed for it meanwhile."""
    pause: float
    again_at: float
    """Monotonic seconds."""


class NotLoaded(Exception):
    """There is no pipeline for this checkpoint, and it is not time to try again."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.reason)
        self.broken = broken


class Pipelines:
    """The checkpoints that one worker serves: each is loaded and warmed once and then kept."""

    def __init__(
        self,
        checkpoints: Mapping[str, Checkpoint],
        *,
        load: Callable[[Checkpoint], Pipeline],
        watch: Watch,
        hangs_after: float,
    ) -> None:
        self._checkpoints = checkpoints
        self._load = load
        self._watch = watch
        self._hangs_after = hangs_after
        self._loaded: dict[str, Pipeline] = {}
        self._broken: dict[str, Broken] = {}
        self._rooms = {name: Room(c.batch_size) for name, c in checkpoints.items()}
        self._warmed: dict[str, float] = {}
        """Seconds that the trial of a full call took: on a slow device a step takes minutes."""

    @property
    def rooms(self) -> dict[str, int]:
        """Pictures in one call, by checkpoint."""
        return {name: room.now for name, room in self._rooms.items()}

    @property
    def kind(self) -> str:
        """The device that draws; empty until the first checkpoint is loaded."""
        return next((pipeline.kind for pipeline in list(self._loaded.values())), "")

    @property
    def broken(self) -> dict[str, str]:
        """Why, by checkpoint that could not be loaded."""
        return {name: broken.reason for name, broken in dict(self._broken).items()}

    @property
    def due(self) -> list[str]:
        """The checkpoints that could not be loaded and are to be tried again now."""
        now = time.monotonic()
        return [name for name, broken in self._broken.items() if now >= broken.again_at]

    def load(self, name: str) -> Pipeline:
        """Returns the loaded checkpoint. What could not be loaded rests before it is tried again.

        Raises:
            NotLoaded: it could not be loaded, now or a moment ago.
        """
        if pipeline := self._loaded.get(name):
            return pipeline
        earlier = self._broken.get(name)
        if earlier is not None and time.monotonic() < earlier.again_at:
            raise NotLoaded(earlier)
        self._watch.start(LOADING_MAY_TAKE)
        try:
            pipeline = self._load(self._checkpoints[name])
            self._warmed[name] = self._warm(pipeline, self._rooms[name])
        except Exception as error:
            # Whatever a library raises: the other checkpoints are drawn, this one's jobs fail.
            self._broken[name] = broken = _broken(error, earlier)
            log.exception("checkpoint.broken", checkpoint=name, again_in=broken.pause)
            raise NotLoaded(broken) from error
        finally:
            self._watch.stop()
        self._broken.pop(name, None)
        self._loaded[name] = pipeline
        log.info("checkpoint.loaded", checkpoint=name, device=pipeline.kind)
        return pipeline

    def draw(self, batch: Batch, on_step: Callable[[float], None], on_look: Look) -> list[Drawn]:
        """Returns what was drawn for each job of a batch, in as many calls as memory asks for.

        Args:
            batch: jobs of one batch key.
            on_step: called after every step with the share of the whole that is done.
            on_look: called with each look at an unfinished picture of a job that wants them.

        Raises:
            NotLoaded: the checkpoint cannot be loaded.
            OutOfMemory: the device has too little memory; the next call will be smaller.
        """
        checkpoint = self._checkpoints[batch.checkpoint]
        pipeline = self.load(checkpoint.name)
        head, room = batch.jobs[0], self._rooms[checkpoint.name]
        at_once = 1 if _has_one_chance(head) else room.now
        call: dict[str, int] = {"width": head.width, "height": head.height, "steps": head.steps}
        pace = {"images": batch.images, **call}
        expected = paces.expected_seconds(pipeline.kind, checkpoint.name, **pace)
        self._watch.start(self._patience(checkpoint.name, expected))
        places = [(job, position) for job in batch.jobs for position in range(job.count)]
        began = time.monotonic()
        try:
            pictures = pipeline.draw(
                _drawings(batch.jobs, checkpoint),
                guidance=head.guidance,
                at_once=at_once,
                on_step=on_step,
                on_look=lambda place, *look: on_look(*places[place], *look),
                **call,
            )
        except OutOfMemory:
            room.overflows(min(batch.images, at_once))
            raise
        room.fits(min(batch.images, at_once))
        seconds = time.monotonic() - began
        if not is_edit(head.batch_key):
            self._learn(pipeline.kind, checkpoint.name, pace, seconds)
        drawn, taken = [], 0
        for job in batch.jobs:
            own = pictures[taken : taken + job.count]
            share = seconds * job.count / batch.images
            cut_at = _cut_at(job, pipeline, checkpoint)
            drawn.append(Drawn(job, own, share, checkpoint.revision, cut_at))
            taken += job.count
        return drawn

    def still_draws(self, name: str) -> bool:
        """Whether a checkpoint draws one picture after a call of it has failed.

        A device whose driver has failed once fails every call from then on, until its process ends.
        """
        pipeline = self._loaded.get(name)
        if pipeline is None:
            return True
        self._watch.start(self._patience(name))
        try:
            pipeline.warm(1)
        except Exception:
            log.exception("checkpoint.draws_no_more", checkpoint=name, device=pipeline.kind)
            return False
        finally:
            self._watch.stop()
        return True

    def _patience(self, name: str, expected: float | None = None) -> float:
        """Seconds without a step that are taken for a hang."""
        return max(self._hangs_after, 5 * (expected or 0), 5 * self._warmed.get(name, 0))

    def _learn(self, kind: str, name: str, pace: Mapping[str, int], seconds: float) -> None:
        try:
            paces.observe(kind, name, seconds=seconds, **pace)
        except Error:
            # What was drawn is worth more than what was learned from it.
            log.exception("pace.not_noted")

    def _warm(self, pipeline: Pipeline, room: Room) -> float:
        """Draws a full call, or as large a one as fits; returns the seconds that it took."""
        while True:
            began = time.monotonic()
            try:
                pipeline.warm(room.now)
            except OutOfMemory:
                if room.now == 1:
                    raise
                room.overflows(room.now)
                log.warning("checkpoint.room", room=room.now)
            else:
                room.fits(room.now)
                return time.monotonic() - began


def _broken(error: Exception, earlier: Broken | None) -> Broken:
    pause = min(2 * earlier.pause, LONGEST_PAUSE) if earlier else FIRST_PAUSE
    memory = isinstance(error, OutOfMemory)
    failure = Failure.OUT_OF_MEMORY if memory else Failure.CHECKPOINT_BROKEN
    reason = error.reason if isinstance(error, CheckpointBroken) else str(error)
    said = (reason or type(error).__name__)[:LONGEST_REASON]
    return Broken(said, failure, pause, again_at=time.monotonic() + pause)


def _has_one_chance(head: Job) -> bool:
    """After memory ended in every call so far, the last attempt draws the pictures one by one."""
    return head.error_code == Failure.OUT_OF_MEMORY and head.attempts >= ATTEMPTS


def _drawings(jobs: Sequence[Job], checkpoint: Checkpoint) -> list[Drawing]:
    sources = _sources(jobs)
    return [
        Drawing(
            prompt=checkpoint.styled(job.prompt, job.style),
            negative_prompt=job.negative_prompt,
            seed=seed_at(job.seed, position),
            looks=job.previews,
            source=sources.get(job.redraws_id or job.pk),
        )
        for job in jobs
        for position in range(job.count)
    ]


def _sources(jobs: Sequence[Job]) -> Mapping[UUID, Picture]:
    """The pictures that are changed, by the grid."""
    grids = [job.redraws_id or job.pk for job in jobs if is_edit(job.batch_key)]
    rows = Source.objects.filter(job__in=grids)
    return {row.job_id: uploads.opened(bytes(row.content)) for row in rows}


def _cut_at(job: Job, pipeline: Pipeline, checkpoint: Checkpoint) -> int | None:
    """How many characters of the prompt are read; None where what is cut is the style's words."""
    cut = pipeline.cut_at(checkpoint.styled(job.prompt, job.style))
    if cut is None:
        return None
    read = max(0, cut - checkpoint.prompt_begins_at(job.style))
    return read if read < len(job.prompt) else None
