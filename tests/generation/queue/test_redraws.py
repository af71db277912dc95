"""A position that was held back is drawn again alone: free, once, and into its grid."""

import pytest

from accounts.models import Plan, Usage, Visitor
from generation import services
from generation.audit import CHECKS
from generation.errors import Failure, LimitReached, NothingToRedraw
from generation.models import ATTEMPTS, Image, Job, Rendition
from generation.queue import deletion, redraws
from tests.generation.queue.cast import (
    a_user,
    a_visitor,
    allow,
    ask,
    claimed,
    finish,
    lane_sums,
    now_of,
    pictures_of,
    row_sums,
)
from tests.generation.queue.racing import race

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

HELD_BACK = 4


@pytest.fixture
def alice(db: None) -> Visitor:
    return a_visitor()


@pytest.fixture
def grid(alice: Visitor) -> Job:
    ask(alice, "a red fox", negative_prompt="snow", seed=7)
    job = claimed()
    assert finish(job, blocked=[HELD_BACK])
    Rendition.objects.create(
        job=job, kind="card", format="webp", watermarked=False, width=1, height=1, bytes=1,
        sha256="0", name="card",
    )  # fmt: skip
    return now_of(job)


def drawn(job: Job, *, blocked: bool = False) -> Job:
    """Draws a redraw as its worker would."""
    held = claimed()
    assert held.pk == job.pk
    images, renditions = pictures_of(held, blocked=[0] if blocked else [])
    for one in (*images, *renditions):
        one.job = job.redraws
    for image in images:
        image.position = HELD_BACK
    assert services.finish(held, images, renditions, seconds=1.0)
    return now_of(job)


def audit() -> list[str]:
    return [breach for check in CHECKS for breach in check.breaches()]


def test_its_picture_takes_its_place_in_the_grid(grid: Job) -> None:
    job = redraws.redraw(grid, HELD_BACK)
    assert (job.prompt, job.negative_prompt, job.count) == ("a red fox", "snow", 1)
    assert job.seed != grid.seed
    assert drawn(job).status == "succeeded"
    assert grid.images.filter(verdict="unchecked").count() == 9
    assert grid.images.get(position=HELD_BACK).seed == job.seed
    assert not job.images.exists()
    assert audit() == []


def test_the_card_with_the_empty_frame_is_made_anew(grid: Job) -> None:
    drawn(redraws.redraw(grid, HELD_BACK))
    assert not Rendition.objects.filter(kind="card").exists()
    assert grid.renditions.filter(kind="full").count() == 9


def test_it_is_free_whatever_else_is_used_up(grid: Job, alice: Visitor) -> None:
    allow(Plan.VISITOR, per_day=2, per_minute=2, in_flight=1)
    job = redraws.redraw(grid, HELD_BACK)
    ask(alice, "another grid, beside it")
    with pytest.raises(LimitReached):
        ask(alice, "one too many")
    drawn(job)
    assert Usage.objects.filter(job_id=job.pk).count() == 0
    assert Usage.objects.get(job_id=grid.pk).images == 9


def test_asking_again_while_it_waits_joins_it(grid: Job) -> None:
    assert redraws.redraw(grid, HELD_BACK) == redraws.redraw(grid, HELD_BACK)
    assert grid.redrawn.count() == 1


def test_a_second_verdict_is_the_last(grid: Job) -> None:
    assert drawn(redraws.redraw(grid, HELD_BACK), blocked=True).error_code == Failure.BLOCKED
    assert grid.images.filter(verdict="blocked").count() == 1
    with pytest.raises(NothingToRedraw):
        redraws.redraw(grid, HELD_BACK)
    assert audit() == []


def test_a_mishap_is_not_a_turn(grid: Job) -> None:
    job = redraws.redraw(grid, HELD_BACK)
    for _ in range(ATTEMPTS):
        services.fail(claimed(), Failure.HUNG)
    again = redraws.redraw(grid, HELD_BACK)
    assert again != job
    services.cancel(again)
    assert drawn(redraws.redraw(grid, HELD_BACK)).status == "succeeded"


@pytest.mark.parametrize("position", [0, 9, 10**6])
def test_where_nothing_was_held_back_there_is_nothing_to_draw(grid: Job, position: int) -> None:
    with pytest.raises(NothingToRedraw):
        redraws.redraw(grid, position)


def test_a_grid_that_is_not_done_or_was_deleted_has_nothing_to_draw(grid: Job) -> None:
    waiting = ask(a_user("bob"))
    with pytest.raises(NothingToRedraw):
        redraws.redraw(waiting, 0)
    deletion.delete(grid)
    with pytest.raises(NothingToRedraw):
        redraws.redraw(grid, HELD_BACK)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.usefixtures("a_connection_each")
def test_clicks_that_race_draw_once(grid: Job) -> None:
    race(8, lambda _: redraws.redraw(now_of(grid), HELD_BACK))
    assert grid.redrawn.count() == 1
    assert lane_sums() == row_sums()


def test_erasing_the_grid_ends_it_and_leaves_nothing_of_it(grid: Job) -> None:
    job = redraws.redraw(grid, HELD_BACK)
    held = claimed()
    services.erase(grid)
    assert now_of(job).status == "cancelled"
    assert now_of(job).prompt == ""
    images, renditions = pictures_of(held)
    assert not services.finish(held, images, renditions, seconds=1.0)
    assert not Image.objects.exists()
    assert audit() == []
