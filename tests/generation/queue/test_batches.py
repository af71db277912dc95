"""Which jobs share one call of the pipeline."""

from dataclasses import replace

import pytest

from accounts.models import Plan
from generation import services
from generation.checkpoints import Checkpoint
from generation.errors import Failure
from generation.models import ATTEMPTS, Job, Lane
from generation.services import Batch
from tests.generation.queue.cast import (
    a_user,
    a_visitor,
    allow_everything,
    ask,
    finish,
    lane_sums,
    now_of,
    row_sums,
)

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def no_limits() -> None:
    allow_everything()


def batch_of(room: int, draw: float = 0.5) -> Batch:
    batch = services.claim("easel", {"ink": room}, draw=lambda: draw)
    assert batch is not None
    assert lane_sums() == row_sums()
    return batch


def names(*jobs: Job) -> list[object]:
    return [job.pk for job in jobs]


def test_jobs_of_one_key_share_a_call_in_the_order_of_their_lane() -> None:
    jobs = [ask(a_visitor(), count=3) for _ in range(4)]
    batch = batch_of(room=9)
    assert names(*batch.jobs) == names(*jobs[:3])
    assert batch.images == 9
    for job in batch.jobs:
        row = now_of(job)
        assert (row.status, row.worker, row.attempts) == (Job.Status.RUNNING, "easel", 1)
        assert (job.status, job.worker, job.attempts) == (Job.Status.RUNNING, "easel", 1)


def test_what_the_pipeline_takes_as_a_scalar_must_be_the_same(
    checkpoints: dict[str, Checkpoint],
) -> None:
    head = ask(a_visitor(), count=1)
    ask(a_visitor(), count=1, size=(128, 128))
    ask(a_visitor(), count=1, checkpoint="oil")
    for change in ({"steps": 5}, {"guidance": 2.5}):
        checkpoints["ink"] = replace(checkpoints["ink"], **{"steps": 4, "guidance": 3.0, **change})
        ask(a_visitor(), count=1)
    assert names(*batch_of(room=9).jobs) == names(head)


def test_prompts_seeds_and_styles_may_differ() -> None:
    ask(a_visitor(), "a fox", count=1, seed=1)
    ask(a_visitor(), "a house", count=1, style="pencil", negative_prompt="text", format="png")
    assert len(batch_of(room=9).jobs) == 2


@pytest.mark.parametrize("tier", [1, 2])
def test_the_heads_own_lane_comes_first_then_the_other(tier: int) -> None:
    alice = a_user("alice", Plan.PREMIUM)
    free = [ask(a_visitor(), count=2) for _ in range(3)]
    paid = [ask(alice, count=2) for _ in range(3)]
    own, other = (paid, free) if tier == 1 else (free, paid)
    Lane.objects.filter(tier=3 - tier).update(turn_finish=10**12)
    assert names(*batch_of(room=9).jobs) == names(*own, other[0])


def test_the_room_is_never_exceeded_and_what_does_not_fit_is_not_passed_over() -> None:
    head, large, small = (ask(a_visitor(), count=count) for count in (5, 6, 3))
    assert names(*batch_of(room=9).jobs) == names(head)
    assert names(*batch_of(room=9).jobs) == names(large, small)


@pytest.mark.parametrize("room", range(1, 13))
def test_no_batch_holds_more_than_the_room_unless_one_job_does(room: int) -> None:
    alice = a_user("alice", Plan.PREMIUM)
    for count in (3, 1, 9, 2, 5, 4, 1):
        ask(a_visitor(), count=count)
        ask(alice, count=count)
    drawn = 0
    while drawn < 14:
        batch = batch_of(room)
        drawn += len(batch.jobs)
        assert batch.images <= room or len(batch.jobs) == 1


def test_a_fill_moves_the_other_lanes_time_by_the_work_alone() -> None:
    alice = a_user("alice", Plan.PREMIUM)
    ask(alice, count=8)
    free = [ask(a_visitor(), count=1) for _ in range(4)]
    batch_of(room=9, draw=0.0)
    lane = Lane.objects.get(checkpoint="ink", tier=2)
    assert lane.virtual_time == free[0].cost // 4


def test_as_many_jobs_share_a_call_as_there_is_room_for() -> None:
    jobs = [ask(a_visitor(), count=1) for _ in range(24)]
    assert names(*batch_of(room=24).jobs) == names(*jobs)


@pytest.mark.parametrize("bad", [0, 1])
def test_what_broke_a_call_is_drawn_alone_from_then_on_and_fails_alone(bad: int) -> None:
    jobs = [ask(a_visitor(), count=1) for _ in range(3)]
    poison = jobs[bad]
    for job in batch_of(room=9).jobs:
        assert services.fail(job, Failure.DRAWING_FAILED)
    newcomer = ask(a_visitor(), count=1)
    for _ in range(2 * ATTEMPTS):
        batch = services.claim("easel", {"ink": 9})
        if batch is None:
            break
        if poison in batch.jobs:
            assert names(*batch.jobs) == names(poison)
            services.fail(batch.jobs[0], Failure.DRAWING_FAILED)
        else:
            assert all(finish(job) for job in batch.jobs)
    assert {job.pk: now_of(job).status for job in (*jobs, newcomer)} == {
        job.pk: "failed" if job is poison else "succeeded" for job in (*jobs, newcomer)
    }


def test_what_a_stopping_worker_gave_back_shares_a_call_as_before() -> None:
    jobs = [ask(a_visitor(), count=1) for _ in range(3)]
    for job in batch_of(room=9).jobs:
        assert services.release(job)
    assert names(*batch_of(room=9).jobs) == names(*jobs)
