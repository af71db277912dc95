"""A worker's side of looks at unfinished pictures: checked, made small and kept, on a thread."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from django.db import connection
from PIL.Image import Image as Picture

from generation.checkpoints import Checkpoint
from generation.drawing import delivery
from generation.models import Job
from generation.queue import previews

log = structlog.get_logger(__name__)

WAITING = 30
"""Looks that may wait to be kept. What comes while as many do is left out: the next is better."""


class Previewer:
    """Keeps looks at pictures beside the drawing, which never waits for it."""

    def __init__(self, checkpoints: Mapping[str, Checkpoint]) -> None:
        self._checkpoints = checkpoints
        self._room = threading.Semaphore(WAITING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="preview")

    def show(self, job: Job, position: int, number: int, picture: Picture) -> None:
        """Has a look kept, unless too many wait or it keeps no more."""
        if not self._room.acquire(blocking=False):
            return
        try:
            kept = self._thread.submit(self._keep, job, position, number, picture)
        except RuntimeError:  # stopped; the drawing goes on to its next step and sees it too
            self._room.release()
        else:
            kept.add_done_callback(lambda _: self._room.release())

    def stop(self) -> None:
        """Keeps no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _keep(self, job: Job, position: int, number: int, picture: Picture) -> None:
        try:
            checkpoint = self._checkpoints[job.checkpoint]
            content = delivery.preview(job, position, picture, checkpoint)
            if content is not None:
                previews.keep(job, position, number, content)
        except Exception:
            # A look is worth nothing to the drawing: the database, the check may be away.
            log.exception("preview.not_kept", job=str(job.pk))
        finally:
            connection.close()
