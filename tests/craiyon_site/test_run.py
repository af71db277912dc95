"""script/run's supervisor: one command, one address, and nothing left behind."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from craiyon_site import supervise
from tests.faults.manifest import tiny_manifest
from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
REAL = {"DJANGO_SETTINGS_MODULE": "craiyon_site.settings"}
LIMIT = 240.0
"""Seconds after which waiting for something is a failure."""

pytestmark = pytest.mark.alone


class Run:
    """The supervisor with its children, and what it has said so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.folder = folder
        self.said = folder / "said"
        environment = {
            **os.environ,
            **REAL,
            "CRAIYON_DATA": str(folder / "var"),
            "CHECKPOINTS": str(tiny_manifest(folder)),
            "PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        with self.said.open("wb") as out:
            self.process = psutil.Popen(
                [sys.executable, "-m", "craiyon_site.supervise"],
                cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip

    @property
    def lines(self) -> list[str]:
        """What it said, without a line that is still being written."""
        return self.said.read_text().rpartition("\n")[0].splitlines()

    def said_of(self, start: str) -> list[str]:
        """The lines that start so."""
        return [line for line in self.lines if line.startswith(start)]

    def children(self) -> list[psutil.Process]:
        """The processes of web, worker and chores."""
        return list(self.process.children(recursive=True))

    def drawing(self) -> psutil.Process | None:
        """The drawing worker; a child that has just been forked is none yet."""
        found = (child for child in self.process.children() if "draw@%h" in child.cmdline())
        return next(found, None)

    def ready(self) -> bool:
        """Whether /readyz says so."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            link.request("GET", "/readyz")
            return link.getresponse().status == 200
        except OSError:
            return False
        finally:
            link.close()


def wait_for(what: Callable[[], object]) -> None:
    """Returns when something has become true."""
    deadline = time.monotonic() + LIMIT
    while not what():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def run(tmp_path: Path, port: int) -> Iterator[Run]:
    running = Run(tmp_path, port)
    yield running
    family = [running.process, *running.children()] if running.process.is_running() else []
    for process in family:
        with suppress(psutil.NoSuchProcess):  # the children end with the first
            process.kill()
    psutil.wait_procs(family, timeout=30)


def test_it_says_ready_once_and_stops_everything_at_a_signal(run: Run) -> None:
    wait_for(lambda: run.said_of("Ready"))
    assert run.said_of("Ready") == [f"Ready: http://localhost:{run.port}"]
    assert run.ready()
    children = run.children()
    assert len(children) >= 3
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(timeout=LIMIT) == 0
    assert not psutil.wait_procs(children, timeout=30)[1]
    assert run.lines[-1] == "Stopping …"


def test_a_child_that_is_killed_is_started_again(run: Run) -> None:
    wait_for(lambda: run.said_of("Ready"))
    first = run.drawing()
    assert first is not None
    first.kill()
    # In 1 s or 2 s: after a start that took a minute it counts as one that lived long.
    wait_for(lambda: run.said_of("draw ended with SIGKILL; it starts again in "))
    wait_for(run.drawing)
    assert run.drawing() != first
    wait_for(lambda: len(run.process.children()) == 3)
    wait_for(run.ready)


def test_its_children_end_with_it_when_it_is_killed(run: Run) -> None:
    wait_for(lambda: run.said_of("Ready"))
    children = run.children()
    run.process.kill()
    assert not psutil.wait_procs(children, timeout=LIMIT)[1]


class TestOneClearLine:
    def said(self, folder: Path, **variables: str) -> list[str]:
        """What a start says that cannot succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "craiyon_site.supervise"],
            cwd=ROOT,
            env={**os.environ, **REAL, "CRAIYON_DATA": str(folder), **variables},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 1
        return (done.stdout + done.stderr).splitlines()

    def test_for_a_port_in_use(self, tmp_path: Path) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            assert self.said(tmp_path, PORT=str(port)) == [
                f"Port {port} is in use: end what uses it, or set PORT to another."
            ]

    def test_for_a_folder_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert self.said(tmp_path / "file") == [f"{tmp_path}/file cannot be made: File exists."]

    def test_for_a_bad_setting(self, tmp_path: Path) -> None:
        assert self.said(tmp_path, LOG_LEVEL="loud") == [
            "LOG_LEVEL is 'loud': it must be one of debug, info, warning, error."
        ]

    def test_for_a_checkpoint_that_nobody_knows(self, tmp_path: Path, port: int) -> None:
        lines = self.said(tmp_path, CHECKPOINTS="nonesuch", PORT=str(port))
        assert len(lines) == 1
        assert lines[0].startswith("CHECKPOINTS: no checkpoint is called nonesuch")

    def test_for_a_database_that_is_away(self, tmp_path: Path, port: int) -> None:
        url = f"postgresql://nobody@127.0.0.1:{port}/none"
        lines = self.said(tmp_path, DATABASE_URL=url, PORT=str(port))
        assert len(lines) == 1
        assert lines[0].startswith("DATABASE_URL: the database does not answer: ")

    def test_for_a_site_that_runs_already(self, run: Run) -> None:
        wait_for(lambda: run.said_of("Ready"))
        folder = run.folder / "var"
        assert self.said(folder) == [
            f"The site already runs in {folder}, as process {run.process.pid}."
        ]

    def test_for_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(supervise, "NEEDED_SPACE", 2**60)
        with pytest.raises(supervise.CannotRun, match=f"The disk that holds {tmp_path} is full"):
            supervise.check_space(tmp_path)


def test_a_log_that_grows_long_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "LONGEST_LOG", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as child:
        child.write(b"a line that is long\n")
        supervise.put_aside(log)
        child.write(b"next\n")
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"a line that is long\n"
