"""Drawing workers whose start costs little: each is forked from a process that knows the libraries.

A worker spends some seconds importing torch, which on a small machine is all that a hundred killed
ones would do. Here the libraries are imported once; the rest is what `celery worker` does, and a
signal finds a process like any other.
"""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import TimeoutExpired

FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(["tests.faults.libraries"])


@dataclass(frozen=True)
class WorkerProcess:
    """A process, asked and told as a Popen is."""

    process: ForkServerProcess

    def poll(self) -> int | None:
        return self.process.exitcode

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.process.pid or 0, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int | None:
        self.process.join(timeout)
        if self.process.is_alive():
            raise TimeoutExpired("celery worker", timeout)
        return self.process.exitcode


def started(name: str, environment: Mapping[str, str], log: Path) -> WorkerProcess:
    """Starts a worker for the queue of the tiny checkpoint; what it says is added to the log."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read once, when the libraries are imported
    process = FORKING.Process(target=_work, args=(name, dict(environment), log))
    process.start()
    return WorkerProcess(process)


def _work(name: str, environment: dict[str, str], log: Path) -> None:
    os.setsid()
    os.environ.update(environment)
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    sys.argv = ["celery", "-A", "craiyon_site", "worker", "-P", "threads", "-c", "1"]
    sys.argv += ["-Q", "draw.tiny", "-n", name]
    from celery.__main__ import main  # noqa: PLC0415

    main()
