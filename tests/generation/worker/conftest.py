"""A drawer with a painter in place of a device, on a real database and real storages."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, storages
from PIL import Image as Pictures
from PIL.Image import Image as Picture

from generation.checkpoints import Checkpoint, Folder
from generation.drawing.latents import Show
from generation.drawing.pipeline import Drawing, OutOfMemory
from generation.models import Job
from generation.submission import GridRequest, submit
from generation.worker import Drawer


def a_checkpoint(name: str = "doodle", **changes: Any) -> Checkpoint:
    return Checkpoint(
        **{
            "name": name,
            "title": name.title(),
            "source": Folder(Path("nowhere")),
            "pipeline": "StableDiffusionPipeline",
            "licence": "Apache-2.0",
            "commercial_ok": True,
            "sizes": ((64, 64),),
            "steps": 4,
            "guidance": 3.0,
            "dtype": "float32",
            "batch_size": 9,
            "memory_gib": 1.0,
            "longest_prompt": 77,
            "needs_check": False,
            "samples": ("a fox",),
            **changes,
        }
    )


class Painter:
    """Stands where the pipeline stands and paints each seed as one colour."""

    kind = "paint"

    def __init__(self, step_seconds: float = 0.0) -> None:
        self.calls: list[list[Drawing]] = []
        self.step_seconds = step_seconds
        self.before_call: Callable[[], object] = lambda: None
        self.before_step: Callable[[int], object] = lambda _step: None
        self.stepped = threading.Event()
        self.memory = 1000
        """Pictures that fit into its memory at once."""

    def warm(self, images: int) -> None:
        self._fill_memory(images)

    def cut_at(self, prompt: str) -> int | None:
        return 20 if len(prompt) > 20 else None

    def draw(
        self,
        drawings: Sequence[Drawing],
        *,
        width: int,
        height: int,
        steps: int,
        guidance: float,
        at_once: int,
        on_step: Callable[[float], None],
        on_look: Show,
    ) -> list[Picture]:
        for start in range(0, len(drawings), at_once):
            self._call(drawings[start : start + at_once])
        painted = [Pictures.new("RGB", (width, height), f"#{d.seed % 2**24:06x}") for d in drawings]
        for step in range(steps):
            self.before_step(step)
            time.sleep(self.step_seconds)
            for place, drawing in enumerate(drawings):
                if step < min(drawing.looks, steps - 1):
                    on_look(place, step, painted[place])
            on_step((step + 1) / steps)
            self.stepped.set()
        return painted

    def _call(self, drawings: Sequence[Drawing]) -> None:
        self.calls.append(list(drawings))
        self.before_call()
        self._fill_memory(len(drawings))

    def _fill_memory(self, images: int) -> None:
        if images > self.memory:
            raise OutOfMemory(f"{images} pictures do not fit")


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Checkpoint]:
    """The checkpoints on offer; a test may add to them."""
    checkpoints = {"doodle": a_checkpoint()}
    monkeypatch.setattr("generation.catalogue.offered", lambda: checkpoints)
    return checkpoints


@pytest.fixture(autouse=True)
def empty_storages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for alias in ("masters", "default"):
        storage = FileSystemStorage(location=tmp_path / alias)
        monkeypatch.setitem(storages._storages, alias, storage)


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def start(
    django_db_serialized_rollback: None,
    transactional_db: None,
    offered: dict[str, Checkpoint],
    painter: Painter,
) -> Iterator[Callable[..., Drawer]]:
    """Starts drawers and stops them all at the end."""
    drawers: list[Drawer] = []

    def start_one(**options: Any) -> Drawer:
        options.setdefault("load", lambda _: painter)
        drawer = Drawer(offered, **options)
        drawer.start()
        drawers.append(drawer)
        return drawer

    yield start_one
    for drawer in drawers:
        drawer.stop(grace=0)


def ask(prompt: str = "a red fox", **request: Any) -> Job:
    """Submits as the operator, who has no limits."""
    return submit(GridRequest(prompt=prompt, **{"count": 2, **request}), owner=None)


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Waits until the condition holds, and fails where it does not come to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.02)


def status_of(job: Job) -> str:
    return Job.objects.values_list("status", flat=True).get(pk=job.pk)


def wait_until_ended(*jobs: Job) -> list[Job]:
    """Returns the jobs as they ended."""
    wait_for(lambda: all(status_of(job) in Job.TERMINAL for job in jobs))
    return [Job.objects.get(pk=job.pk) for job in jobs]
