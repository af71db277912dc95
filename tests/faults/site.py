"""A whole site of real processes that a test may kill, stop and starve."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.workers import WorkerProcess, started

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Site:
    """Drawing workers, and everything that commands of the same site need to join them."""

    folder: Path
    manifest: Path
    database_url: str
    broker_url: str
    workers: list[WorkerProcess] = field(default_factory=list)
    starts: int = 0
    restarts: bool = True
    _loads: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "CRAIYON_DATA": str(self.folder),
            "CHECKPOINTS": str(self.manifest),
            "DATABASE_URL": self.database_url,
            "CELERY_BROKER_URL": self.broker_url,
            "DJANGO_SETTINGS_MODULE": "craiyon_site.settings",
            "FREE_WAIT_LIMIT": "100000",
            "OMP_NUM_THREADS": "1",
        }

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(ROOT / "manage.py"), *words)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs Python with these words and returns what it printed."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def start_load(self, jobs: int, seconds: float) -> subprocess.Popen[bytes]:
        with (self.folder / "load.log").open("ab") as log:
            load = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.load", str(jobs), str(seconds),
                 str(self.accepted_file)],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self._loads.append(load)
        return load

    @property
    def accepted_file(self) -> Path:
        return self.folder / "accepted"

    def accepted(self) -> Sequence[str]:
        return self.accepted_file.read_text().split()

    # Workers

    def start_workers(self, number: int) -> None:
        """Starts so many, and from then on another whenever one ends, as a service manager does."""
        self.workers = [self._worker(index) for index in range(number)]
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def kill_a_worker(self) -> None:
        random.choice(self.workers).send_signal(signal.SIGKILL)

    def freeze_a_worker(self, seconds: float) -> None:
        """SIGSTOP for longer than a lease, then SIGCONT: it wakes up none the wiser."""
        worker = random.choice(self.workers)
        worker.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        worker.send_signal(signal.SIGCONT)

    def empty_the_broker(self) -> None:
        """Only for the filesystem broker: every message and every control file is gone."""
        shutil.rmtree(self.folder / "broker", ignore_errors=True)

    def stop(self) -> None:
        for load in self._loads:
            load.kill()
            load.wait()
        self._over.set()
        if self._watcher:
            self._watcher.join()
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        for worker in self.workers:
            try:
                worker.wait(timeout=40)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait(timeout=40)

    def _worker(self, index: int) -> WorkerProcess:
        self.starts += 1
        log = self.folder / f"worker-{index}.log"
        return started(f"w{index}-{self.starts}@%h", self.environment, log)

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            # While nobody is to be restarted nobody is asked: how a process ended is told once, and
            # whoever asks at the same moment as another thread is told 255.
            for index, worker in enumerate(self.workers if self.restarts else ()):
                if worker.poll() is not None and not self._over.is_set():
                    self.workers[index] = self._worker(index)
