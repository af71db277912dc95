"""Submits jobs as many owners at once, and notes on paper which were accepted.

``python -m tests.faults.load JOBS SECONDS FILE`` runs beside the workers, on the site's own
settings. What the database does not answer is asked again with the same idempotency key, as a good
client does. Every twentieth job is cancelled a moment later.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")
django.setup()

from django.db import Error, close_old_connections  # noqa: E402

from accounts.models import Plan, User, Visitor  # noqa: E402
from generation import services  # noqa: E402
from generation.submission import GridRequest, submit  # noqa: E402
from generation.tasks import ring  # noqa: E402

VISITORS, SUBSCRIBERS = 40, 5
PATIENCE = 120.0

Answer = TypeVar("Answer")


def answered(question: Callable[[], Answer]) -> Answer:
    """Asks until the database answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            close_old_connections()
            return question()
        except Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def owners() -> list[User | Visitor]:
    """Forty visitors and five subscribers, with room for all they ask."""
    Plan.objects.update(in_flight=10_000, per_minute=10_000, per_day=100_000)
    visitors: list[User | Visitor] = [Visitor.objects.create() for _ in range(VISITORS)]
    plan = Plan.objects.get(name=Plan.PREMIUM)
    return visitors + [
        User.objects.create_user(f"subscriber-{n}", plan=plan) for n in range(SUBSCRIBERS)
    ]


def main(jobs: int, seconds: float, accepted: Path) -> None:
    everybody = answered(owners)
    with accepted.open("w") as paper:
        for number in range(jobs):
            owner = random.choice(everybody)
            request = GridRequest(
                prompt=f"a red fox, {number}",
                count=random.choice((1, 1, 2, 3)),
                size=random.choice(((64, 64), (64, 64), (96, 64))),
            )
            key = f"load-{number}"
            ask = partial(submit, request, owner=owner, idempotency_key=key, ring=ring)
            job = answered(ask)
            paper.write(f"{job.pk}\n")
            paper.flush()
            if number % 20 == 19:  # no more of few jobs than of many
                answered(partial(services.cancel, job))
            time.sleep(random.expovariate(jobs / seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
