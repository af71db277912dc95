"""Draws one prompt in this process, through the same services as the site."""

import logging
import os
import signal
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.entitlements import entitlements_of
from accounts.management.console import make_tables_of_a_fresh_site, need_tables
from generation import services
from generation.catalogue import checkpoint_named
from generation.checkpoints import Checkpoint
from generation.errors import Failure, GenerationError
from generation.images.renditions import Format
from generation.management.folder import need_room, write
from generation.management.progress import shown_on
from generation.models import Job, Worker
from generation.submission import GridRequest, asked_for, submit

if TYPE_CHECKING:
    from generation.drawing.pipeline import Pipeline
    from generation.worker import Drawer

LOOK_EVERY = 0.2
"""Seconds between looks at the job's row."""

LAST_STEPS = 3.0
"""Seconds after Ctrl-C in which the drawing notices, and its half-stored files are taken away."""

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended, as shells have it."""


class Command(BaseCommand):
    help = "Draws a prompt and writes its pictures to a folder. It needs no server and no broker."

    def run_from_argv(self, argv: list[str]) -> None:
        """Runs the command and ends its process without waiting for other threads.

        One of them may still be loading weights for what is not wanted any more. Python cannot
        end a thread inside a device's code, and aborts when it exits over its head.
        """
        status = 0
        try:
            super().run_from_argv(argv)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prompt", help="what to draw")
        parser.add_argument("--negative", default="", help="what not to draw")
        parser.add_argument("--style", default="", help="one of the checkpoint's styles")
        parser.add_argument("--checkpoint", default="", help="default: the first of CHECKPOINTS")
        parser.add_argument("--size", type=_size, metavar="WxH", help="pixels, such as 256x256")
        parser.add_argument("--count", type=int, default=9, help="pictures; default: 9")
        parser.add_argument("--seed", type=int, help="the same seed draws the same pictures")
        parser.add_argument("--format", choices=[form.value for form in Format], default="webp")
        parser.add_argument(
            "-o", "--output", type=Path, default=Path("out"), help="folder; default: out"
        )
        parser.add_argument(
            "--force", action="store_true", help="replace the grid that the folder holds"
        )

    def handle(self, *, output: Path, verbosity: int, force: bool = False, **options: Any) -> None:
        _need_packages()
        with _logs_shown(verbosity > 1):
            if make_tables_of_a_fresh_site():
                self.stderr.write("Made the database of a fresh site.")
            need_tables()
            request = _request(options)
            with _refusals_told():
                asked_for(request, None, entitlements_of(None))
            need_room(output, force=force)
            with _refusals_told():
                job = submit(request, owner=None)
            job = Studio(checkpoint_named(job.checkpoint)).draw(job)
            self._report(job, write(job, Format(options["format"]), output))

    def _report(self, job: Job, files: list[Path]) -> None:
        if job.prompt_cut_at is not None:
            self.stdout.write(f"Only its first {job.prompt_cut_at} characters were read.")
        held_back = job.count - len(files) + 1
        if held_back:
            self.stdout.write(f"{held_back} of {job.count} pictures were held back by the check.")
        for file in files:
            self.stdout.write(str(file))
        self.stdout.write(f"Drawn with seed {job.seed}.")


class Studio:
    """A drawer in this process, and a person who waits for one job in front of it.

    Whoever comes first draws the job: a worker of a running site may. The drawer draws no other.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._reason = ""
        """What the pipeline says is wrong with the checkpoint."""

    def draw(self, job: Job) -> Job:
        """Returns the job when it was drawn.

        Raises:
            CommandError: it failed, or somebody cancelled it, Ctrl-C among them.
        """
        drawer = None
        try:
            with _termination_as_interrupt():
                drawer = self._drawer(job)
                drawer.start()
                job = _waited_for(job, drawer.id)
        except KeyboardInterrupt:
            services.cancel(job)
            raise CommandError("Cancelled.", returncode=INTERRUPTED) from None
        finally:
            if drawer is not None:
                drawer.stop(LAST_STEPS)
        if job.status == Job.Status.SUCCEEDED:
            return job
        raise CommandError(self._why(job))

    def _drawer(self, job: Job) -> "Drawer":
        # Here, since torch takes seconds to import: a refused prompt is told at once.
        from generation.worker import Drawer  # noqa: PLC0415

        def give_up(_status: int) -> None:
            job.refresh_from_db()
            services.cancel(job)
            sys.stderr.write(f"\nNot drawn: {Failure(job.error_code or Failure.HUNG).label}\n")
            os._exit(1)

        checkpoints = {self._checkpoint.name: self._checkpoint}
        return Drawer(checkpoints, load=self._load, end_process=give_up, only=job)

    def _load(self, checkpoint: Checkpoint) -> "Pipeline":
        from generation.drawing.pipeline import Pipeline, PipelineError  # noqa: PLC0415

        try:
            return Pipeline.load(checkpoint)
        except PipelineError as error:
            self._reason = str(error)
            raise

    def _why(self, job: Job) -> str:
        if job.status == Job.Status.CANCELLED:
            return "Somebody cancelled it."
        said = str(Failure(job.error_code).label)
        return f"Not drawn: {self._reason or said}"


def _need_packages() -> None:
    if find_spec("torch") is None or find_spec("diffusers") is None:
        raise CommandError("Drawing needs more packages: pip install '.[worker]' adds them.")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().replace("×", "x").partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise ArgumentTypeError(f"{text} is no size: it must look like 256x256")
    return int(width), int(height)


def _request(options: dict[str, Any]) -> GridRequest:
    return GridRequest(
        prompt=options["prompt"],
        negative_prompt=options["negative"],
        style=options["style"],
        checkpoint=options["checkpoint"],
        size=options["size"],
        count=options["count"],
        seed=options["seed"],
        format=options["format"],
    )


@contextmanager
def _refusals_told() -> Iterator[None]:
    try:
        yield
    except GenerationError as error:
        raise CommandError(error.message) from error
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


def _waited_for(job: Job, drawer: str) -> Job:
    """Returns the job as it ended, telling how it gets on."""
    with shown_on(sys.stderr) as show:
        while True:
            job = Job.objects.get(pk=job.pk)
            if job.status in Job.TERMINAL:
                return job
            show(_says(job, drawer), job.progress)
            time.sleep(LOOK_EVERY)


def _says(job: Job, drawer: str) -> str:
    if job.status == Job.Status.RUNNING:
        return "Drawing"
    loading = Worker.objects.filter(pk=drawer, state=Worker.State.LOADING).exists()
    return f"Loading {job.checkpoint}" if loading else "Waiting"


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """Whatever asks this process to end asks as Ctrl-C does, so that the queue is left clean."""
    asking = (signal.SIGTERM, signal.SIGHUP)
    before = {name: signal.signal(name, signal.default_int_handler) for name in asking}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextmanager
def _logs_shown(shown: bool) -> Iterator[None]:
    """What the worker logs would run through the progress; an error is told in one line."""
    if not shown:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
