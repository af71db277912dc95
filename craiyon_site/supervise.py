"""Runs the whole site on one machine: web, a drawing worker and the chores, under one roof.

``script/run`` starts it. What the children log goes to files; the terminal gets only what a person
needs. A child that ends is started again; SIGINT, SIGTERM and SIGHUP stop everything, with the
worker's grace time, and a second one at once.
"""

import ctypes
import errno
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from generation.catalogue import offered

NEEDED_SPACE = 200 * 2**20
"""Bytes that must be free where the site keeps its things."""

LONGEST_LOG = 20 * 2**20
"""Bytes after which a child's log is put aside."""

LIVED_LONG = 60.0
"""Seconds after which a child that ends is no longer one that cannot start."""

LONGEST_REST = 30.0
"""Seconds between two starts of a child, at most."""

TOLD_EVERY = 10.0
"""Seconds between two lines that say what the start is waiting for."""

KILLED_AFTER = 10.0
"""Seconds beyond the worker's grace time after which a child is killed."""


class CannotRun(Exception):
    """Why the site cannot be started, in a line for the person at the terminal."""


@dataclass
class Child:
    """A process that is started again, after a growing rest, whenever it ends."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    rest: float = 1.0
    due: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Starts the process in a session of its own: Ctrl-C reaches it through us alone."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  (this process has one thread)
            )
        self.started = time.monotonic()

    def look(self) -> None:
        """Starts the process if it is due, tells of its end, and keeps its log from growing on."""
        now = time.monotonic()
        put_aside(self.log)
        if self.process is None:
            if now >= self.due:
                self._start_or_rest(now)
            return
        code = self.process.poll()
        if code is None:
            return
        self.process = None
        self.rest = 1.0 if now - self.started > LIVED_LONG else min(2 * self.rest, LONGEST_REST)
        self.due = now + self.rest
        tell(
            f"{self.name} ended with {_named(code)}; it starts again in {self.rest:.0f} s. "
            f"{_last_line(self.log)}({self.log})"
        )

    def _start_or_rest(self, now: float) -> None:
        """A machine without room for one process more must not end the others."""
        try:
            self.start()
        except OSError as error:
            self.rest = min(2 * self.rest, LONGEST_REST)
            self.due = now + self.rest
            tell(f"{self.name} cannot be started ({error}); once more in {self.rest:.0f} s.")

    def signal(self, number: int) -> None:
        """Sends a signal to the process, if it runs."""
        if self.process is not None:
            self.process.send_signal(number)

    def ended(self) -> bool:
        """Whether nothing of it runs."""
        return self.process is None or self.process.poll() is not None


class Site:
    """The children, from their start to the end of the last one."""

    def __init__(self, children: Sequence[Child], host: str) -> None:
        self._children = children
        self._host = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  (asked, not bound)
        self._signals = 0

    def run(self, grace: float) -> None:
        """Runs until a signal comes; then stops everything, with `grace` seconds for the worker."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Whoever runs it under nohup means it to outlive the terminal.
            outlives = number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
            if not outlives:
                signal.signal(number, self._note)
        try:
            self._watch()
        finally:
            self._stop(grace)

    def _watch(self) -> None:
        """Keeps the children running until a signal comes; tells once when the site is ready."""
        began = told = time.monotonic()
        ready = False
        while not self._signals:
            for child in self._children:
                child.look()
            if not ready:
                missing = self._missing()
                ready = not missing
                if ready:
                    tell(f"Ready: http://localhost:{settings.PORT}")
                elif time.monotonic() - told >= TOLD_EVERY:
                    told = time.monotonic()
                    tell(f"Starting, {told - began:.0f} s: {missing}")
            time.sleep(0.3)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _missing(self) -> str:
        """What the site still waits for; empty once a picture can be asked for."""
        link = http.client.HTTPConnection(self._host, settings.PORT, timeout=5)
        try:
            link.request("GET", "/readyz", headers={"Host": "localhost"})
            answer = link.getresponse()
            if answer.status == 200:
                return ""
            parts = json.load(answer)["parts"]
            return ", ".join(f"{n}: {p['error']}" for n, p in parts.items() if not p["ok"])
        except (OSError, ValueError, http.client.HTTPException):
            return "the web process does not answer yet"
        finally:
            link.close()

    def _stop(self, grace: float) -> None:
        tell("Stopping …")
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + grace + KILLED_AFTER
        while not all(child.ended() for child in self._children):
            if self._signals > 1 or time.monotonic() > deadline:
                for child in self._children:
                    child.signal(signal.SIGKILL)
            time.sleep(0.1)


def children(python: str, log: Path) -> list[Child]:
    """Web, the drawing worker for every checkpoint offered, and the chores with their clock."""
    celery = [python, "-m", "celery", "--quiet", "-A", "craiyon_site", "worker", "-P", "threads"]
    celery += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    queues = ",".join(f"draw.{name}" for name in offered())
    commands = {
        "web": [
            python, "-m", "uvicorn", "craiyon_site.asgi:application",
            "--host", settings.HOST, "--port", str(settings.PORT),
            "--no-proxy-headers", "--no-access-log", "--no-server-header",
            "--timeout-graceful-shutdown", "3",
        ],
        "draw": [*celery, "-c", "1", "-n", "draw@%h", "-Q", queues],
        "chores": [*celery, "-c", "2", "-n", "chores@%h", "-Q", "chores", "--beat"],
    }  # fmt: skip
    return [Child(name, command, log / f"{name}.log") for name, command in commands.items()]


def prepare() -> None:
    """Brings the database, the cache and the static files up to date.

    Raises:
        CannotRun: it did not work.
    """
    command = [sys.executable, "manage.py", "prepare", "--verbosity", "0"]
    prepared = subprocess.run(command, capture_output=True, text=True, check=False)
    if prepared.returncode:
        last = (
            prepared.stderr.strip() or prepared.stdout.strip() or "it said nothing"
        ).splitlines()
        raise CannotRun(last[-1].removeprefix("CommandError: "))


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder for this process.

    Raises:
        CannotRun: another one runs the site in it.
    """
    with (folder / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotRun(
                f"The site already runs in {folder}, as process {lock.read().strip()}."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_port(host: str, port: int) -> None:
    """Raises CannotRun unless the port can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotRun(
                    f"Port {port} is in use: end what uses it, or set PORT to another."
                ) from error
            raise CannotRun(f"{host}:{port} cannot be listened on: {error.strerror}.") from error


def check_space(folder: Path) -> None:
    """Raises CannotRun unless there is room for pictures."""
    free = shutil.disk_usage(folder).free
    if free < NEEDED_SPACE:
        raise CannotRun(
            f"The disk that holds {folder} is full: {free // 2**20} MB are free, "
            f"{NEEDED_SPACE // 2**20} MB are needed."
        )


def put_aside(log: Path) -> None:
    """Moves what a long log holds into a second file, over what that held."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        with suppress(OSError):  # a full disk, which the loss of the log relieves
            shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)  # whoever writes it appends, and so goes on at the new end


def tell(line: str) -> None:
    """Says a line to the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """Asks Linux to end this child should its parent be killed. Elsewhere it would live on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _named(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name


def _last_line(log: Path) -> str:
    """What the log ends with, a structured line by its event."""
    lines = log.read_text(errors="replace").strip().splitlines()
    if not lines:
        return ""
    try:
        said: Any = json.loads(lines[-1])
        return f"“{said['event']}” "
    except (ValueError, TypeError, KeyError):
        return f"“{lines[-1][:200]}” "


def main() -> int:
    """Runs the site; returns 1 after a line that says why it cannot be run."""
    try:
        folder: Path = settings.CRAIYON_DATA
        log = folder / "log"
        log.mkdir(parents=True, exist_ok=True)
        check_space(folder)
        with alone(folder):
            check_port(settings.HOST, settings.PORT)
            offered()
            prepare()
            site = Site(children(sys.executable, log), settings.HOST)
            tell(f"Starting; the logs are in {log}.")
            site.run(settings.STOP_GRACE)
    except (CannotRun, ImproperlyConfigured) as error:
        tell(str(error))
        return 1
    except OSError as error:
        tell(f"{error.filename or 'The site'}: {error.strerror}.")
        return 1
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")
    sys.exit(main())
