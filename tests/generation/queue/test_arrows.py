"""The database itself refuses what no function does: other arrows, and rows that contradict.

They run on the schema that all migrations leave behind. One that rebuilds the table on SQLite
loses the trigger with it, and is found out here.
"""

import itertools
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, models, transaction

from generation.errors import Failure
from generation.models import ATTEMPTS, Image, Job, Lane, Rendition
from tests.generation.queue.cast import a_user, a_visitor, allow_everything, ask, claimed, finish

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

MOMENT = "2030-01-01T00:00:00+00:00"

HELD = {"worker": "easel", "lease_until": MOMENT, "started": MOMENT, "finished": None}
ENDED = {"worker": "", "lease_until": None, "finished": MOMENT}
STATES: dict[str, dict[str, Any]] = {
    "queued": {"worker": "", "lease_until": None, "finished": None},
    "running": HELD,
    "succeeded": ENDED | {"error_code": ""},
    "failed": ENDED | {"error_code": Failure.HUNG},
    "cancelled": ENDED,
}
"""What a row of each status must look like for every check but the arrow's to let it pass."""

ARROWS = {
    ("queued", "running"),
    ("queued", "cancelled"),
    ("running", "queued"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "cancelled"),
}


def a_job_that_is(status: str) -> Job:
    job = ask(a_visitor())
    if status != "queued":
        change(job, status="running", **HELD)
    if status in Job.TERMINAL:
        change(job, status=status, **STATES[status])
    return job


def change(row: models.Model, **columns: Any) -> None:
    """Writes past the services, as no code may."""
    with transaction.atomic():
        assert type(row)._default_manager.filter(pk=row.pk).update(**columns) == 1


@pytest.mark.parametrize(("before", "after"), sorted(ARROWS))
def test_the_arrows_of_the_design_pass(before: str, after: str) -> None:
    change(a_job_that_is(before), status=after, **STATES[after])


@pytest.mark.parametrize(
    ("before", "after"), sorted(set(itertools.permutations(STATES, 2)) - ARROWS)
)
def test_every_other_arrow_is_refused_by_the_database(before: str, after: str) -> None:
    job = a_job_that_is(before)
    with pytest.raises(IntegrityError, match="a job can"):
        change(job, status=after, **STATES[after])
    assert Job.objects.get().status == before


def test_many_rows_at_once_are_refused_too() -> None:
    a_job_that_is("succeeded")
    a_job_that_is("running")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE generation_job SET status = 'queued', worker = '', lease_until = NULL, "
            "finished = NULL"
        )
    assert set(Job.objects.values_list("status", flat=True)) == {"succeeded", "running"}


@pytest.mark.parametrize("status", STATES)
def test_what_is_not_the_status_may_change_in_every_state(status: str) -> None:
    job = a_job_that_is(status)
    change(job, status=status, prompt="", erased=MOMENT)


JOB_CHECKS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "job_lease_while_running": (
        "running",
        [
            {"lease_until": None},
            {"worker": ""},
            {"started": None},
            {"status": "queued", "worker": "", "finished": None},
            {"status": "queued", "lease_until": None, "finished": None},
        ],
    ),
    "job_finished_when_terminal": (
        "running",
        [
            {"finished": MOMENT},
            {"status": "succeeded", "worker": "", "lease_until": None},
            {"status": "queued", **ENDED},
        ],
    ),
    "job_failure_has_a_code": (
        "running",
        [
            {"status": "failed", **ENDED, "error_code": ""},
            {"status": "succeeded", **ENDED, "error_code": Failure.HUNG},
        ],
    ),
    "job_count_in_range": ("queued", [{"count": 0}, {"count": 11}]),
    "job_progress_is_a_share": ("running", [{"progress": -0.01}, {"progress": 1.01}]),
    "job_tags_in_order": ("queued", [{"start_tag": 5, "finish_tag": 5}, {"finish_tag": -1}]),
    "job_redraws_one_position": ("queued", [{"redraws_position": 3}]),
    "job_attempts_in_range": ("queued", [{"attempts": ATTEMPTS + 1}]),
}
JOB_CASES = [
    pytest.param(name, status, columns, id=f"{name}-{number}")
    for name, (status, cases) in JOB_CHECKS.items()
    for number, columns in enumerate(cases)
]


@pytest.mark.parametrize(("name", "status", "columns"), JOB_CASES)
def test_a_row_that_contradicts_itself_is_refused(
    name: str, status: str, columns: dict[str, Any]
) -> None:
    job = a_job_that_is(status)
    with pytest.raises(IntegrityError, match=name):
        change(job, **columns)


@pytest.mark.parametrize("status", ["", "paused", "QUEUED"])
def test_no_row_begins_in_a_status_that_is_none(status: str) -> None:
    job = Job.objects.get(pk=ask(a_visitor()).pk)
    job.pk, job.status = uuid4(), status
    with pytest.raises(IntegrityError), transaction.atomic():
        job.save(force_insert=True)


def test_a_job_has_one_owner_or_none() -> None:
    job = ask(a_visitor())
    with pytest.raises(IntegrityError, match="job_has_one_owner"):
        change(job, user=a_user("alice"))


def test_an_owners_key_is_one_job() -> None:
    allow_everything()
    for alice in (a_visitor(), a_user("alice")):
        ask(alice, key="first")
        job = ask(alice, key="second")
        with pytest.raises(IntegrityError):
            change(job, idempotency_key="first")
        ask(alice)
        ask(alice)


def test_a_position_is_drawn_again_once() -> None:
    allow_everything()
    alice = a_visitor()
    grid, first, second = ask(alice), ask(alice, count=1), ask(alice, count=1)
    with pytest.raises(IntegrityError):
        change(second, redraws=grid)
    change(first, redraws=grid, redraws_position=3)
    with pytest.raises(IntegrityError):
        change(second, redraws=grid, redraws_position=3)
    change(second, redraws=grid, redraws_position=4)


def test_a_lanes_sums_are_never_negative_and_it_is_one_row() -> None:
    ask(a_visitor())
    lane = Lane.objects.get(waiting=1)
    for columns in ({"waiting": -1}, {"waiting_cost": -1}):
        with pytest.raises(IntegrityError):
            change(lane, **columns)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lane.objects.create(checkpoint=lane.checkpoint, tier=lane.tier)


IMAGE_CASES = [
    {"position": 1},
    {"position": 10},
    {"verdict": "blocked"},
    {"verdict": "maybe"},
    {"master": ""},
    {"master_sha256": ""},
]


@pytest.mark.parametrize("columns", IMAGE_CASES, ids=str)
def test_a_position_holds_one_picture_or_one_reason(columns: dict[str, Any]) -> None:
    ask(a_visitor())
    finish(claimed())
    with pytest.raises(IntegrityError):
        change(Image.objects.get(position=0), **columns)


def test_a_rendition_is_made_once() -> None:
    ask(a_visitor())
    job = claimed()
    finish(job)
    first, second = Rendition.objects.all()[:2]
    for columns in ({"name": first.name}, {"image": first.image_id}):
        with pytest.raises(IntegrityError):
            change(second, **columns)
    change(first, image=None)
    with pytest.raises(IntegrityError):
        change(second, image=None)


def test_every_check_of_the_tables_is_tried_here() -> None:
    declared = {
        constraint.name
        for model in (Job, Lane, Image, Rendition)
        for constraint in model._meta.constraints
    }
    assert declared == {
        *JOB_CHECKS,
        "job_status_is_known",
        "job_has_one_owner",
        "job_redraws_a_position_once",
        "job_once_a_visitors_key",
        "job_once_a_users_key",
        "lane_is_one_row",
        "lane_sums_are_positive",
        "image_once_a_position",
        "image_position_in_range",
        "image_is_a_picture_or_a_reason",
        "rendition_of_an_image_once",
        "rendition_of_a_grid_once",
    }
