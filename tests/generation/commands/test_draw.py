"""Drawing from the command line, with a tiny checkpoint and the real pipeline."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image as Pictures

from generation import services
from generation.checkpoints import Checkpoint, Folder
from generation.drawing.pipeline import Pipeline
from generation.management.commands.draw import Studio
from generation.models import Job, Lane, Worker
from generation.worker import Drawer
from tests.generation.checkpoints.tiny import made
from tests.generation.queue.cast import ask
from tests.generation.worker.conftest import Painter, wait_for

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return made("doodle_like", tmp_path_factory.mktemp("checkpoints") / "ink")


@pytest.fixture(autouse=True)
def offered(offered: dict[str, Checkpoint], tiny: Checkpoint) -> dict[str, Checkpoint]:
    offered["ink"] = tiny
    return offered


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def draw(prompt: str, out: Path, **options: Any) -> Job:
    """Runs the command and returns the job that it made."""
    call_command("draw", prompt, output=out, **{"count": 2, **options})
    return Job.objects.latest("created")


def refusal(prompt: str, out: Path, **options: Any) -> str:
    """Runs the command, which must fail, and returns the one line that it says."""
    with pytest.raises(CommandError) as refused:
        draw(prompt, out, **options)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def loads_after(monkeypatch: pytest.MonkeyPatch, event: Callable[[], object]) -> None:
    """Lets the command's own drawer begin after something else, which it might outrun."""
    load = Studio._load

    def late(studio: Studio, checkpoint: Checkpoint) -> Pipeline:
        wait_for(event)
        return load(studio, checkpoint)

    monkeypatch.setattr(Studio, "_load", late)


def pixels(file: Path) -> bytes:
    with Pictures.open(file) as picture:
        return picture.convert("RGB").tobytes()


def test_a_grid_is_drawn_into_a_folder(out, capsys):
    job = draw("a red fox", out, seed=7)
    assert (job.status, job.owner, job.seed, job.count) == ("succeeded", None, 7, 2)
    assert sorted(file.name for file in out.iterdir()) == ["0.webp", "1.webp", "grid.webp"]
    for position in range(2):
        with Pictures.open(out / f"{position}.webp") as picture:
            assert (picture.format, picture.size) == ("WEBP", (64, 64))
    assert pixels(out / "0.webp") != pixels(out / "1.webp")
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        str(out / "0.webp"), str(out / "1.webp"), str(out / "grid.webp"), "Drawn with seed 7.",
    ]  # fmt: skip
    assert told.err.startswith("Loading ink\n")
    call_command("audit", "--files")
    assert Worker.objects.get().state == "stopped"


def test_the_same_seed_draws_the_same_pictures(out):
    draw("a red fox", out / "one", seed=7, format="png")
    draw("a red fox", out / "two", seed=7, format="png", count=1)
    assert pixels(out / "one/0.png") == pixels(out / "two/0.png")
    assert pixels(out / "one/1.png") != pixels(out / "two/0.png")


def test_files_have_the_format_that_was_asked_for(out):
    draw("a red fox", out, format="jpeg", count=1)
    assert sorted(file.name for file in out.iterdir()) == ["0.jpg", "grid.jpg"]
    assert Pictures.open(out / "0.jpg").format == "JPEG"


def test_a_size_and_a_checkpoint_are_chosen_by_name(out, offered):
    offered["oil"] = replace(offered["ink"], name="oil")
    job = draw("a red fox", out, checkpoint="oil", size=(96, 64), count=1, negative="a moon")
    assert (job.checkpoint, job.width, job.height) == ("oil", 96, 64)
    assert job.negative_prompt == "a moon"
    assert Pictures.open(out / "0.webp").size == (96, 64)


def test_a_prompt_that_is_too_long_for_the_checkpoint_is_said_to_be_cut(out, capsys):
    draw("a red fox under a full moon " * 5, out, count=1)
    assert "characters were read." in capsys.readouterr().out


def test_pictures_that_were_held_back_are_counted_and_not_written(out, offered, settings, capsys):
    offered["ink"] = replace(offered["ink"], needs_check=True)
    settings.IMAGE_CHECK = f"{__name__}.last_alone_passes"
    draw("a crowd", out, count=3)
    assert sorted(file.name for file in out.iterdir()) == ["2.webp", "grid.webp"]
    assert "2 of 3 pictures were held back by the check." in capsys.readouterr().out


def last_alone_passes(pictures):
    return [position == len(pictures) - 1 for position, _ in enumerate(pictures)]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"prompt": ""}, "Say what to draw: the prompt is empty."),
        ({"prompt": "x" * 1001}, "The prompt has 1001 characters; 1000 are the most."),
        ({"prompt": "\ud800"}, "The prompt holds characters that are not text."),
        ({"checkpoint": "crayon"}, "No model is called “crayon” here. There are: ink."),
        ({"style": "crayon"}, "This model does not know the style “crayon”."),
        ({"size": (65, 64)}, "This model draws in these sizes: 64 × 64, 96 × 64."),
        ({"count": 11}, "A grid has 1 to 10 pictures."),
        ({"seed": -1}, "A seed is a number from 0 to"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(out, request_, said):
    assert said in refusal(**{"prompt": "a red fox", "out": out, **request_})
    assert not Job.objects.exists()
    assert not Worker.objects.exists()
    assert not out.exists()


def test_a_size_that_is_none_is_refused(out):
    with pytest.raises(CommandError, match="3 is no size: it must look like 256x256"):
        call_command("draw", "a red fox", "--size", "3")


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_drawn(out):
    out.write_text("in the way")
    assert refusal("a red fox", out) == f"{out} cannot be written: File exists."
    assert (
        refusal("a red fox", out / "deeper") == f"{out}/deeper cannot be written: Not a directory."
    )
    assert not Job.objects.exists()


def test_a_file_that_cannot_be_written_is_told_and_the_grid_stays(out):
    (out / "0.webp").mkdir(parents=True)
    assert refusal("a red fox", out).startswith("Drawn, but not written: [Errno 21]")
    assert Job.objects.get().status == Job.Status.SUCCEEDED


def test_a_broken_checkpoint_is_told_with_its_reason(out, offered, tmp_path):
    offered["ink"] = replace(offered["ink"], source=Folder(tmp_path / "nowhere"))
    assert refusal("a red fox", out) == (
        "Not drawn: The checkpoint ink could not be loaded: "
        f"{tmp_path}/nowhere holds no model_index.json"
    )
    assert Job.objects.get().error_code == "checkpoint_broken"
    assert not any(lane.waiting for lane in Lane.objects.all())


def test_a_failed_check_is_told_as_the_site_would_tell_it(out, offered, settings):
    settings.IMAGE_CHECK = "no.such.check"
    offered["ink"] = replace(offered["ink"], needs_check=True)
    assert refusal("a crowd", out) == (
        "Not drawn: The pictures could not be checked, so they are not shown."
    )


def test_a_worker_of_a_running_site_may_draw_it(out, offered, monkeypatch):
    painter = Painter()
    loads_after(monkeypatch, lambda: painter.calls)
    site = Drawer(offered, load=lambda _: painter)
    site.start()
    wait_for(lambda: Worker.objects.get().state == "ready")
    draw("a red fox", out, count=1)
    site.stop(grace=60)
    assert painter.calls
    assert len(set(pixels(out / "0.webp"))) <= 12, "it is the painter's single colour"


def test_a_job_that_somebody_else_cancels_is_told(out, monkeypatch):
    cancelled = threading.Event()
    loads_after(monkeypatch, cancelled.is_set)

    def cancel() -> None:
        wait_for(Job.objects.exists)
        services.cancel(Job.objects.get())
        cancelled.set()
        connection.close()

    somebody = threading.Thread(target=cancel)
    somebody.start()
    assert refusal("a red fox", out) == "Somebody cancelled it."
    somebody.join()


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ("hung", "Drawing stopped making progress"),
        ("drawing_failed", "Something went wrong while drawing"),
    ],
)
def test_a_drawer_that_gives_itself_up_says_why_and_leaves_nothing_waiting(
    failure, said, offered, monkeypatch, capsys
):
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    job = ask(None)
    Job.objects.filter(pk=job.pk).update(error_code=failure)
    Studio(offered["ink"])._drawer(job)._end_process(70)
    assert ended == [1]
    assert Job.objects.get().status == Job.Status.CANCELLED
    assert f"Not drawn: {said}" in capsys.readouterr().err


MANIFEST = """
[ink]
title = "Ink"
source = {{ folder = "{folder}" }}
pipeline = "StableDiffusionPipeline"
licence = "Apache-2.0"
commercial_ok = true
sizes = [[64, 64]]
steps = 900
guidance = 3.0
dtype = "float32"
batch_size = 1
memory_gib = 1
longest_prompt = 16
needs_check = false
"""


@pytest.fixture
def environment(tiny: Checkpoint, tmp_path: Path) -> dict[str, str]:
    """The variables of a site of its own, whose drawings take long."""
    assert isinstance(tiny.source, Folder)
    manifest = tmp_path / "slow.toml"
    manifest.write_text(MANIFEST.format(folder=tiny.source.path))
    ours = {"CRAIYON_DATA": str(tmp_path / "var"), "CHECKPOINTS": str(manifest), "DATABASE_URL": ""}
    return os.environ | ours | {"DJANGO_SETTINGS_MODULE": "craiyon_site.settings"}


def manage(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def drawing(environment: dict[str, str], out: Path) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own, on a site of its own."""
    assert manage(environment, "migrate", "-v0").returncode == 0
    # A shell that runs the tests in the background starts them, and theirs, deaf to Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "draw", "a red fox", "-o", str(out)],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    signal.signal(signal.SIGINT, before)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("said", "asked"), [("Loading", signal.SIGTERM), ("Drawing", signal.SIGINT)]
)
def test_ctrl_c_cancels_the_job_and_leaves_the_queue_clean(drawing, environment, out, said, asked):
    while not (line := drawing.stderr.readline()).startswith(said):
        assert line, "it ended before it could be interrupted"
    asked_at = time.monotonic()
    drawing.send_signal(asked)
    _, rest = drawing.communicate(timeout=180)
    assert drawing.returncode == 130
    assert rest.endswith("Cancelled.\n")
    assert "Traceback" not in rest
    assert time.monotonic() - asked_at < 90
    assert not list(out.iterdir())
    with closing(sqlite3.connect(Path(environment["CRAIYON_DATA"]) / "craiyon.sqlite3")) as site:
        assert site.execute("SELECT status FROM generation_job").fetchall() == [("cancelled",)]
        assert site.execute("SELECT state FROM generation_worker").fetchall() == [("stopped",)]
    assert re.fullmatch(r"All \d+ checks hold\.\n", manage(environment, "audit").stdout)


def test_an_environment_that_cannot_draw_is_told_what_to_install(out, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    assert refusal("a red fox", out).startswith("Drawing needs more packages: pip install")
    assert not Job.objects.exists()


def test_a_fresh_site_is_made_by_the_first_drawing(environment, out):
    ended = manage(environment, "draw", "a red fox", "--count", "0", "-o", str(out))
    assert ended.returncode == 1
    assert ended.stderr == (
        "Made the database of a fresh site.\nCommandError: A grid has 1 to 10 pictures.\n"
    )
    assert manage(environment, "audit").returncode == 0


def test_a_format_that_is_none_is_refused_with_those_that_there_are(out):
    with pytest.raises(CommandError, match=r"choose from '?webp'?, '?png'?, '?jpeg'?, '?avif'?"):
        call_command("draw", "a red fox", "--format", "gif")


class TestAFolderWithAGrid:
    def test_is_refused_before_anything_is_drawn(self, out):
        draw("a red fox", out, count=1)
        (out / "notes.txt").write_text("mine")
        assert refusal("a blue fox", out) == (
            f"{out} holds a grid already: name another folder with -o, or replace it by --force."
        )
        assert Job.objects.count() == 1

    def test_is_replaced_by_force_and_nothing_of_it_stays_but_other_files_do(self, out):
        out.mkdir()
        for name in ("0.webp", "8.webp", "3.jpg", "grid.webp", "notes.txt", "10.webp"):
            (out / name).write_text("earlier")
        draw("a red fox", out, count=1, force=True)
        assert {file.name for file in out.iterdir()} == {
            "0.webp", "grid.webp", "notes.txt", "10.webp",
        }  # fmt: skip
        assert Pictures.open(out / "0.webp").size == (64, 64)


def test_a_full_disk_leaves_no_half_of_a_file(out, monkeypatch):
    write_bytes = Path.write_bytes

    def until_full(file: Path, content: bytes) -> int:
        if "grid" in file.name:
            write_bytes(file, content[:100])
            raise OSError(28, "No space left on device")
        return write_bytes(file, content)

    monkeypatch.setattr(Path, "write_bytes", until_full)
    assert refusal("a red fox", out, count=1) == (
        "Drawn, but not written: [Errno 28] No space left on device."
    )
    assert [file.name for file in out.iterdir()] == ["0.webp"]


def test_it_draws_its_own_job_and_leaves_the_others_to_workers(out):
    others = [ask(None, count=1) for _ in range(3)]
    job = draw("a red fox", out, count=1)
    assert job.status == "succeeded"
    assert set(Job.objects.filter(pk__in=[other.pk for other in others]).values_list("status")) == {
        ("queued",)
    }
    assert Worker.objects.get().checkpoints == []
    call_command("audit")
