"""A whole site of real processes in a folder of its own: web, drawing worker, commands."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT = 120.0
"""Seconds that a process may take to start on a machine that does other things as well."""


SIGNED_IN = """
import sys, django; django.setup()
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
name, plan = sys.argv[1:]
user = User.objects.create_user(name, f"{name}@example.org", plan_id=plan)
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""


class RunningSite:
    """Processes that share a database, a broker and a folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = {
            **os.environ,
            "CRAIYON_DATA": str(folder),
            "DJANGO_SETTINGS_MODULE": "craiyon_site.settings",
            "PORT": str(self.port),
            "LOG_FORMAT": "text",
            "PROOF_OF_WORK": "0",  # who asks here mostly runs no scripts; the browser's tests do
            **environment,
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def manage(self, *words: str) -> str:
        """Runs a command of the site and returns what it printed."""
        return self.run(str(ROOT / "manage.py"), *words)

    def run(self, *words: str) -> str:
        """Runs Python with these words in the site's environment; returns what it printed."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def signed_in(self, name: str, plan: str = "free", *, also: str = "") -> str:
        """Makes an account; returns the key of a session in which it is signed in.

        Args:
            name: of the account.
            plan: which it is on.
            also: more Python for the same process, which takes seconds to start.
        """
        return self.run("-c", SIGNED_IN + also, name, plan).split()[-1]

    def start_web(self) -> subprocess.Popen[bytes]:
        """Starts the web process and waits until it answers."""
        process = self._start(
            "web", "uvicorn", "craiyon_site.asgi:application", "--port", str(self.port),
            "--no-proxy-headers", "--timeout-graceful-shutdown", "2",
        )  # fmt: skip
        self._wait_for("/healthz", process)
        return process

    def start_worker(self, *checkpoints: str) -> subprocess.Popen[bytes]:
        """Starts a drawing worker and waits until it can draw."""
        process = self._start(
            "worker", "celery", "-A", "craiyon_site", "worker", "-P", "threads", "-c", "1",
            "-Q", ",".join(f"draw.{name}" for name in checkpoints),
        )  # fmt: skip
        self._wait_for("/readyz", process)
        self._worker = process
        return process

    def pause_worker(self) -> None:
        """Stops the drawing worker in its tracks. It loses no lease: nothing is being drawn.

        It is not stopped while it writes to SQLite, where nobody else could write until it goes on.
        """
        deadline = time.monotonic() + START_LIMIT
        while not self._paused():
            self.resume_worker()
            assert time.monotonic() < deadline, "nobody can write:\n" + self._logs()
            time.sleep(0.1)

    def resume_worker(self) -> None:
        """Lets the drawing worker go on."""
        self._worker.send_signal(signal.SIGCONT)

    def log(self, name: str) -> str:
        return _written(self.folder / f"{name}.log")

    def stop(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _paused(self) -> bool:
        """Stops the worker; returns whether others may write meanwhile."""
        self._worker.send_signal(signal.SIGSTOP)
        # Until its last thread stands still, one of them may yet take the lock.
        os.waitid(os.P_PID, self._worker.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        database = self.folder / "craiyon.sqlite3"
        if not database.exists():
            return True
        with closing(sqlite3.connect(database, timeout=2, isolation_level=None)) as asked:
            try:
                asked.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
        return True

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def _wait_for(self, address: str, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self._answers(address):
            assert process.poll() is None, "it ended:\n" + self._logs()
            assert time.monotonic() < deadline, "it did not start:\n" + self._logs()
            time.sleep(0.2)

    def _answers(self, address: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + address, timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _logs(self) -> str:
        return "\n".join(_written(log)[-4000:] for log in self.folder.glob("*.log"))


def _written(log: Path) -> str:
    """What a log holds so far, which may end in the middle of a letter."""
    return log.read_text(errors="replace")


@contextmanager
def running_site(folder: Path, **environment: str) -> Iterator[RunningSite]:
    """A migrated site without processes; those that were started end with the block."""
    site = RunningSite(folder, environment)
    try:
        site.manage("migrate", "--verbosity", "0")
        site.manage("createcachetable")
        yield site
    finally:
        site.stop()
