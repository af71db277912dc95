"""From a request to a waiting row."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from django.db import transaction

from accounts.models import Plan, User
from generation import clock
from generation.checkpoints import Checkpoint
from generation.errors import LimitReached, OwnerMoved, RequestRefused
from generation.models import Job, Lane
from generation.queue import lanes
from generation.seeds import LARGEST_SEED
from generation.submission import GridRequest, submit
from tests.generation.queue.cast import a_network, a_user, a_visitor, allow, ask, now_of

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_what_was_not_said_is_filled_in_from_the_checkpoint_and_the_plan() -> None:
    alice, network = a_visitor(), a_network()
    job = now_of(ask(alice, "a red fox", network=network))
    assert (job.visitor, job.user, job.network) == (alice, None, network)
    assert (job.prompt, job.negative_prompt, job.style) == ("a red fox", "", "")
    assert (job.checkpoint, job.width, job.height) == ("ink", 64, 64)
    assert (job.count, job.steps, job.guidance, job.format) == (9, 4, 3.0, "webp")
    assert job.visibility == Job.Visibility.UNLISTED
    assert job.tier == Plan.Tier.FREE
    assert job.cost == 9 * 64 * 64 * 4
    assert 0 <= job.seed <= LARGEST_SEED
    assert (job.status, job.attempts, job.worker, job.progress) == ("queued", 0, "", 0)
    assert job.finish_tag > job.start_tag
    assert job.quoted_high >= job.quoted_low >= 0


def test_what_was_said_is_kept() -> None:
    job = now_of(
        ask(
            a_user("alice", Plan.PREMIUM),
            negative_prompt="text",
            style="pencil",
            checkpoint="oil",
            size=(128, 128),
            count=3,
            seed=7,
            format="png",
            visibility=Job.Visibility.PRIVATE,
        )
    )
    assert (job.negative_prompt, job.style, job.checkpoint) == ("text", "pencil", "oil")
    assert (job.width, job.height, job.count, job.seed) == (128, 128, 3, 7)
    assert (job.format, job.visibility, job.tier) == ("png", "private", Plan.Tier.PAID)


def test_a_waiting_job_stays_as_it_was_accepted_whatever_changes_later(
    checkpoints: dict[str, Checkpoint],
) -> None:
    alice = a_visitor()
    before = now_of(ask(alice))
    checkpoints["ink"] = replace(checkpoints["ink"], steps=20, guidance=9.0, sizes=((128, 128),))
    allow(Plan.VISITOR, tier=Plan.Tier.PAID, in_flight=2)
    after = now_of(before)
    assert (after.width, after.steps, after.guidance, after.tier) == (64, 4, 3.0, Plan.Tier.FREE)
    assert (after.batch_key, after.cost) == (before.batch_key, before.cost)
    changed = ask(alice)
    assert (changed.width, changed.steps, changed.tier) == (128, 20, Plan.Tier.PAID)
    assert changed.batch_key != before.batch_key


def test_two_grids_of_one_prompt_draw_with_other_seeds() -> None:
    allow(Plan.FREE, in_flight=2)
    alice = a_user("alice")
    assert ask(alice).seed != ask(alice).seed


@pytest.mark.parametrize(
    "request_",
    [
        {"size": (65, 64)},
        {"size": (0, 0)},
        {"style": "crayon"},
        {"checkpoint": "marble"},
        {"format": "bmp"},
        {"format": "a name longer than the column"},
        {"count": 0},
        {"count": -1},
        {"count": 10},
        {"seed": -1},
        {"seed": LARGEST_SEED + 1},
        {"visibility": Job.Visibility.PRIVATE},
    ],
    ids=str,
)
def test_what_cannot_be_drawn_is_refused_and_costs_nothing(request_: dict[str, object]) -> None:
    alice = a_visitor()
    with pytest.raises(RequestRefused) as refusal:
        ask(alice, **request_)
    assert str(refusal.value)
    assert refusal.value.status == 400
    assert not Job.objects.exists()
    ask(alice)


def test_a_larger_size_is_part_of_premium() -> None:
    with pytest.raises(RequestRefused):
        ask(a_visitor(), size=(512, 512))
    with pytest.raises(RequestRefused):
        ask(a_user("bob"), size=(512, 512))
    assert ask(a_user("alice", Plan.PREMIUM), size=(512, 512)).width == 512


def test_the_default_size_is_everybodys_however_large(checkpoints: dict[str, Checkpoint]) -> None:
    checkpoints["ink"] = replace(checkpoints["ink"], sizes=((1024, 1024),))
    assert ask(a_visitor()).width == 1024


def test_the_grid_of_ten_is_for_the_api() -> None:
    assert ask(a_user("alice", Plan.API), count=10).count == 10


def test_the_operator_has_no_limits() -> None:
    for plan in Plan.objects.all():
        allow(plan.name, in_flight=0, per_minute=0, per_day=0, images_per_grid=1, largest_side=64)
    with pytest.raises(LimitReached):
        ask(a_visitor(), count=1)
    jobs = [
        ask(None, size=(512, 512), count=10, visibility=Job.Visibility.PRIVATE) for _ in range(3)
    ]
    assert {(job.tier, job.count, job.owner) for job in jobs} == {(Plan.Tier.PAID, 10, None)}


def test_every_checkpoint_and_tier_has_a_lane_of_its_own() -> None:
    ask(a_visitor())
    ask(a_user("alice", Plan.PREMIUM))
    ask(a_visitor(), checkpoint="oil")
    waiting = {(lane.checkpoint, lane.tier): lane.waiting for lane in Lane.objects.all()}
    assert {lane: n for lane, n in waiting.items() if n} == {
        ("ink", 1): 1,
        ("ink", 2): 1,
        ("oil", 2): 1,
    }


Captured = Callable[..., AbstractContextManager[object]]


def test_the_bell_rings_once_the_job_is_safely_in_the_queue(
    django_capture_on_commit_callbacks: Captured,
) -> None:
    rung: list[str] = []
    with django_capture_on_commit_callbacks(execute=True):
        submit(GridRequest("a fox"), owner=a_visitor(), ring=rung.append)
        assert rung == []
    assert rung == ["ink"]


def test_no_bell_rings_for_a_job_that_was_rolled_back(
    django_capture_on_commit_callbacks: Captured,
) -> None:
    rung: list[str] = []
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        submit(GridRequest("a fox"), owner=a_visitor(), ring=rung.append)
        transaction.set_rollback(True)
    assert rung == []
    assert not Job.objects.exists()


def test_the_time_and_the_id_are_of_the_moment_in_which_the_lane_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of equal tags the lower id is first: who came while another waited must not overtake."""
    lock, others = lanes.locked, []

    def once_another_has_come(checkpoint: str) -> dict[int, Lane]:
        monkeypatch.setattr(lanes, "locked", lock)
        others.append(now_of(ask(a_visitor())))
        return lock(checkpoint)

    monkeypatch.setattr(lanes, "locked", once_another_has_come)
    job = now_of(ask(a_visitor()))
    [other] = others
    assert other.pk < job.pk
    assert other.created < job.created


def test_an_account_deleted_while_it_asks_gets_nothing_drawn() -> None:
    alice = a_user("alice")
    User.objects.update(deleted=clock.now())  # she is known already, and waits for her turn
    with pytest.raises(OwnerMoved):
        ask(alice)
    assert not Job.objects.exists()
