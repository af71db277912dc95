"""One database with a backlog, in a process of its own, which claims and submits when told to."""

import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models import Count, Sum
from django.test.utils import CaptureQueriesContext

from accounts.models import Network, Owner, Plan, User, Visitor
from generation import clock, scheduling, services
from generation.batching import batch_key
from generation.catalogue import checkpoint_named
from generation.models import Job, Lane, Worker
from generation.queue import lanes
from generation.submission import GridRequest, submit

ROOM = 36
"""Images in a call: a claim takes a head and fills some more jobs in."""
PAID = 0.1
"""Share of the jobs."""
JOBS_A_USER, VISITORS_A_NETWORK = 4, 20
ROWS = 5_000
"""That one INSERT writes."""

Watch = Callable[[], AbstractContextManager[Any]]


class Backlog:
    """So many waiting jobs of mixed sizes, of visitors with one each and users with several."""

    def __init__(self, waiting: int) -> None:
        settings.FREE_WAIT_LIMIT, settings.DEBUG = 10**12, False
        call_command("migrate", verbosity=0)
        Plan.objects.update(in_flight=10_000, per_minute=10_000, per_day=10_000, largest_side=4_096)
        self.checkpoint = checkpoint_named("")
        self.random = random.Random(7)
        self.networks = Network.objects.bulk_create(
            Network(prefix=f"2001:db8:{n:x}::/64") for n in range(1 + waiting // VISITORS_A_NETWORK)
        )
        self.users = User.objects.bulk_create(
            User(username=f"user {n}", plan_id=Plan.PREMIUM)
            for n in range(1 + int(waiting * PAID / JOBS_A_USER))
        )
        lanes.prepare([self.checkpoint.name])
        Worker.objects.create(
            id="easel",
            kind="cpu",
            host="here",
            pid=1,
            checkpoints=[self.checkpoint.name],
            started=clock.now(),
            seen_at=clock.now() + timedelta(days=1),
        )
        self._fill(waiting)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def claim(self, watch: Watch = nullcontext) -> tuple[float, int]:
        """Returns the seconds that a claim took, and its jobs. They leave the queue for good."""
        with watch():
            began = time.perf_counter()
            batch = services.claim("easel", {self.checkpoint.name: ROOM})
            seconds = time.perf_counter() - began
        assert batch is not None
        for job in batch.jobs:
            services.cancel(job)
        return seconds, len(batch.jobs)

    def submit(self, watch: Watch = nullcontext) -> tuple[float, int]:
        """Returns the seconds that a submit took, and its one job."""
        owner, network, request = self._anybody(), self._network(), self._request()
        with watch():
            began = time.perf_counter()
            submit(request, owner=owner, network=network)
            return time.perf_counter() - began, 1

    def plans(self, act: Callable[[Watch], object]) -> list[tuple[str, str]]:
        """Returns the statements of an act, each with what PostgreSQL reads to answer it."""
        captured = CaptureQueriesContext(connection)
        act(lambda: captured)
        statements = [query["sql"] for query in captured.captured_queries]
        return [
            (_shortened(sql), _reads(sql))
            for sql in statements
            if sql.startswith(("SELECT", "UPDATE", "INSERT"))
        ]

    def _fill(self, waiting: int) -> None:
        asked, ends = clock.now() - timedelta(hours=1), dict[tuple[int, object], int]()
        step = timedelta(hours=1) / waiting
        for start in range(0, waiting, ROWS):
            size = min(ROWS, waiting - start)
            visitors = iter(Visitor.objects.bulk_create(Visitor() for _ in range(size)))
            Job.objects.bulk_create(
                self._row(next(visitors), asked + step * (start + n), ends) for n in range(size)
            )
        for lane in Lane.objects.all():
            rows = Job.objects.filter(status=Job.Status.QUEUED, tier=lane.tier)
            sums = rows.aggregate(waiting=Count("pk"), waiting_cost=Sum("cost"), tolls=Sum("toll"))
            Lane.objects.filter(pk=lane.pk).update(**{k: v or 0 for k, v in sums.items()})

    def _row(self, visitor: Visitor, created: Any, ends: dict[tuple[int, object], int]) -> Job:
        """A job as the services would have accepted it."""
        paid = self.random.random() < PAID
        user = self.random.choice(self.users) if paid else None
        tier = Plan.Tier.PAID if paid else Plan.Tier.FREE
        request, c = self._request(), self.checkpoint
        width, height = request.size or c.default_size
        cost = scheduling.cost_of(request.count, width, height, c.steps)
        owner = (tier, user.pk if user else visitor.pk)
        tags = scheduling.tags_of(0, ends.get(owner), cost, weight=1)
        ends[owner] = tags.finish
        return Job(
            user=user,
            visitor=None if paid else visitor,
            network=self._network(),
            prompt=request.prompt,
            checkpoint=c.name,
            width=width,
            height=height,
            count=request.count,
            steps=c.steps,
            guidance=c.guidance,
            seed=1,
            tier=tier,
            cost=cost,
            toll=cost,
            batch_key=batch_key(width, height, c.steps, c.guidance),
            start_tag=tags.start,
            finish_tag=tags.finish,
            quoted_low=0,
            quoted_high=0,
            created=created,
        )

    def _request(self) -> GridRequest:
        return GridRequest(
            "a red fox under a full moon",
            size=self.random.choice(self.checkpoint.sizes),
            count=self.random.randint(1, 9),
        )

    def _anybody(self) -> Owner:
        """Somebody new, or a user who may have jobs waiting."""
        if self.random.random() < PAID:
            return self.random.choice(self.users)
        return Visitor.objects.create()

    def _network(self) -> Network:
        return self.random.choice(self.networks)


def _shortened(sql: str) -> str:
    sql = sql.replace('"', "").replace("generation_", "")
    sql = re.sub(r"^SELECT .*? FROM", "SELECT … FROM", sql)
    sql = re.sub(r"^(INSERT INTO \w+) .*", r"\1 …", sql)
    sql = re.sub(r"\b(job|lane|worker|pace|accounts_\w+)\.", "", sql)
    sql = re.sub(r"'[^']*'::uuid|'[0-9a-f-]{36}'", "ID", sql)
    return re.sub(r"SET .*? WHERE", "SET … WHERE", sql)


def _reads(sql: str) -> str:
    """The indexes and tables that a plan scans."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql.replace('%', '%%')}")
        (answer,) = cursor.fetchone()
    plan = json.loads(answer) if isinstance(answer, str) else answer
    return ", ".join(_scans(plan[0]["Plan"])) or "no table"


def _scans(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield node["Index Name"]
    elif node["Node Type"] == "Seq Scan":
        yield f"all of {node['Relation Name']}"
    for child in node.get("Plans", ()):
        yield from _scans(child)


def serve() -> None:
    """Makes the backlog that the first argument names, then answers a line for each line asked."""
    backlog = Backlog(int(sys.argv[1]))
    acts = {"claim": backlog.claim, "submit": backlog.submit}
    _say("ready")
    for line in sys.stdin:
        match line.split():
            case ["plans", act]:
                _say(backlog.plans(acts[act]))
            case [act, times]:
                _say([acts[act]() for _ in range(int(times))])


def _say(answer: object) -> None:
    print(json.dumps(answer), file=sys.__stdout__, flush=True)
