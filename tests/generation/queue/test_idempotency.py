"""The same key and the same request are one job."""

import pytest

from accounts.models import Plan
from generation import services
from generation.errors import KeyReused, RequestRefused
from generation.models import Job
from tests.generation.queue.cast import a_user, a_visitor, allow, ask, claimed, finish

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def test_a_second_click_joins_the_waiting_job() -> None:
    alice = a_visitor()
    first = ask(alice, key="click")
    assert ask(alice, key="click").pk == first.pk
    assert Job.objects.count() == 1


def test_it_is_the_same_job_in_every_state_and_with_the_allowance_used_up() -> None:
    alice = a_visitor()
    first = ask(alice, key="click")
    claimed()
    assert ask(alice, key="click").status == Job.Status.RUNNING
    services.cancel(first)
    assert ask(alice, key="click").status == Job.Status.CANCELLED
    allow(Plan.VISITOR, in_flight=0, per_minute=0, per_day=0)
    assert ask(alice, key="click").pk == first.pk


def test_it_answers_with_the_finished_job() -> None:
    alice = a_visitor()
    ask(alice, key="click")
    finish(claimed())
    assert ask(alice, key="click").status == Job.Status.SUCCEEDED


@pytest.mark.parametrize("other", [{"prompt": "a blue fox"}, {"count": 3}, {"seed": 1}], ids=str)
def test_the_key_of_another_request_is_refused(other: dict[str, object]) -> None:
    alice = a_visitor()
    ask(alice, key="click")
    with pytest.raises(KeyReused) as refusal:
        ask(alice, key="click", **other)
    assert refusal.value.status == 409
    assert Job.objects.count() == 1


def test_a_key_is_its_owners_alone() -> None:
    jobs = {ask(owner, key="click").pk for owner in (a_visitor(), a_visitor(), a_user("alice"))}
    assert len(jobs) == 3


def test_without_a_key_every_request_is_a_job() -> None:
    allow(Plan.VISITOR, in_flight=2)
    alice = a_visitor()
    assert ask(alice).pk != ask(alice).pk


@pytest.mark.parametrize("key", ["k" * 256, "a\0key"], ids=["too long", "NUL"])
def test_a_key_that_cannot_be_kept_is_refused(key: str) -> None:
    with pytest.raises(RequestRefused):
        ask(a_visitor(), key=key)
    assert not Job.objects.exists()


def test_a_key_may_have_255_characters() -> None:
    alice, key = a_visitor(), "ключ" * 63 + "key"
    assert ask(alice, key=key).pk == ask(alice, key=key).pk
