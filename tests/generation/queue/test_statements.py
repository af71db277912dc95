"""What a claim and a submit ask the database: no more beside three hundred jobs than beside two."""

import json
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Visitor
from generation import services
from generation.models import Job, Lane
from tests.generation.queue.cast import (
    a_network,
    a_visitor,
    allow_everything,
    ask,
    claimed,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def claim() -> None:
    batch = services.claim("easel", {"ink": 9})
    assert batch is not None
    assert len(batch.jobs) == 3


def submit() -> None:
    ask(a_visitor(), network=a_network(), key="click", count=3)


def sweep() -> None:
    claimed()
    assert services.sweep() == 0


def statements_of(act: Callable[[], None]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    asked = [query["sql"] for query in captured.captured_queries]
    # The rules of what may be asked for are read every few seconds, whoever submits then.
    return [sql for sql in asked if "generation_promptrule" not in sql]


def a_backlog_of(jobs: int) -> None:
    """One for each new visitor, mostly of other batch keys than the first."""
    first = ask(a_visitor(), count=3)
    visitors = Visitor.objects.bulk_create(Visitor() for _ in range(jobs))
    Job.objects.bulk_create(_like(first, number, who) for number, who in enumerate(visitors))
    waiting, cost, tolls = row_sums()["ink", 2]
    Lane.objects.filter(checkpoint="ink", tier=2).update(
        waiting=waiting, waiting_cost=cost, tolls=tolls
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _like(job: Job, number: int, visitor: Visitor) -> Job:
    same = copy(job)
    same.pk, same.visitor = Job().pk, visitor
    same.batch_key = job.batch_key if number < 2 else f"another {number}"
    return same


@pytest.mark.parametrize("act", [claim, submit, sweep])
def test_a_longer_queue_takes_no_more_statements(act: Callable[[], None]) -> None:
    a_backlog_of(2)
    few = len(statements_of(act))
    a_backlog_of(300)
    assert len(statements_of(act)) == few


@pytest.mark.parametrize("act", [claim, submit, sweep])
def test_no_statement_reads_all_jobs(act: Callable[[], None]) -> None:
    allow_everything()
    a_backlog_of(300)
    asked = [sql for sql in statements_of(act) if '"generation_job"' in sql]
    reads = {index for sql in asked for index in indexes_of(sql)}
    assert "all" not in reads
    if act is claim:
        assert {"job_lane", "job_batch"} <= reads


def indexes_of(sql: str) -> set[str]:
    """Returns the indexes by which a statement finds its jobs; "all" where it looks at each."""
    if not sql.startswith(("SELECT", "UPDATE")):
        return set()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table so small is read whole where that is allowed: is there any other way?
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"))
            (plan,) = cursor.fetchone()
            return set(_scans((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        steps = [step for *_, step in cursor.fetchall() if "generation_job" in step]
        return {_index_in(step) for step in steps}


def _scans(node: dict[str, Any]) -> list[str]:
    below = [scan for child in node.get("Plans", ()) for scan in _scans(child)]
    if node.get("Relation Name") == "generation_job" and node["Node Type"] == "Seq Scan":
        return ["all", *below]
    return [node["Index Name"], *below] if "Index Name" in node else below


def _index_in(step: str) -> str:
    """Of "SEARCH generation_job USING INDEX job_lane (checkpoint=? …)"."""
    _, _, index = step.partition(" INDEX ")
    return index.split(" ")[0] if index and step.startswith("SEARCH") else "all"
