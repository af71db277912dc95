"""python -m benchmarks.claims: claim and submit beside 1,000 and beside 100,000 waiting jobs.

A PostgreSQL server of its own holds two databases that differ in nothing but their backlog. Each
has a process that works on it. They take turns of a few claims and submits, so that whatever else
the machine does slows both alike.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median, quantiles
from typing import Any

from tests.services import Postgres, running

CHECKPOINT = "z-image-turbo"
"""The one of the manifest that draws in most sizes."""
TURN = {"claim": 10, "submit": 40}
"""What the claims of one turn take away, its submits put back, more or less."""
TARGET = 1.3


class Side:
    """The process that works on one database."""

    def __init__(self, waiting: int, url: str, folder: str) -> None:
        self.waiting = waiting
        self.times: dict[str, list[float]] = {act: [] for act in TURN}
        self.jobs: list[int] = []
        """Of each claim."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(waiting)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "craiyon_site.settings",
                "DATABASE_URL": url,
                "CRAIYON_DATA": folder,
                "CHECKPOINTS": CHECKPOINT,
            },
        )

    def answer(self) -> Any:
        """Waits for the next line that the process says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the process with {self.waiting} waiting jobs has ended")
        return json.loads(line)

    def ask(self, question: str) -> Any:
        """Sends a question and waits for its answer."""
        assert self.process.stdin is not None
        print(question, file=self.process.stdin, flush=True)
        return self.answer()

    def take_a_turn(self, *, counts: bool) -> None:
        """Claims and submits some; a first turn, which fills caches, does not count."""
        for act, times in TURN.items():
            answers = self.ask(f"{act} {times}")
            if counts:
                self.times[act] += [seconds for seconds, _ in answers]
                self.jobs += [jobs for _, jobs in answers if act == "claim"]


_SERVE = "import django; django.setup(); from benchmarks.claims.database import serve; serve()"


@contextmanager
def both_sides(backlogs: list[int]) -> Iterator[list[Side]]:
    """A process for each backlog, all rows written."""
    with ExitStack() as stack:
        server = stack.enter_context(running(Postgres))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sides = [Side(n, server.create(f"waiting_{n}"), folder) for n in backlogs]
        for side in sides:
            stack.callback(side.process.kill)
        for side in sides:
            side.answer()
            print(f"{side.waiting} jobs wait", file=sys.stderr)
        yield sides


def figures(sides: list[Side]) -> Iterator[str]:
    """Yields a table of medians, 95th percentiles and the ratio of the medians."""
    few, many = sides
    yield f"{'':8}{'waiting':>12}{'median ms':>12}{'95 % ms':>12}{'ratio':>8}"
    for act in TURN:
        ratio = median(many.times[act]) / median(few.times[act])
        for side in sides:
            times = [1000 * seconds for seconds in side.times[act]]
            told = f"{ratio:8.2f}" if side is many else ""
            p95 = quantiles(times, n=20)[-1]
            yield f"{act:8}{side.waiting:12,}{median(times):12.2f}{p95:12.2f}{told}"
    yield f"Wanted: ratios of at most {TARGET}. Jobs a claim: " + " and ".join(
        f"{sum(side.jobs) / len(side.jobs):.1f}" for side in sides
    )


def main() -> None:
    """Prints the figures, then every statement of a claim and of a submit and what it reads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    asked = parser.parse_args()
    with both_sides([asked.few, asked.many]) as sides:
        for turn in range(asked.turns + 1):
            for side in sides if turn % 2 else reversed(sides):
                side.take_a_turn(counts=turn > 0)
        print(*figures(sides), sep="\n")
        for act in TURN:
            plans = sides[-1].ask(f"plans {act}")
            print(f"\n{act}: {len(plans)} statements, and what each reads")
            for statement, reads in plans:
                print(f"  {reads}\n      {statement[:150]}")


if __name__ == "__main__":
    main()
