"""A visitor's grids become another owner's: whole, counted, and once."""

import pytest

from accounts import claims
from accounts.models import Owner, Plan, User, Visitor
from craiyon_site import lifecycle
from generation import services
from generation.errors import LimitReached, OwnerMoved
from generation.models import Job
from tests.generation.queue.cast import (
    a_network,
    a_user,
    a_visitor,
    allow,
    allow_everything,
    ask,
    claimed,
    finish,
    lane_sums,
    now_of,
    row_sums,
)
from tests.generation.queue.racing import race

racing = [
    pytest.mark.both_databases,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.usefixtures("a_connection_each"),
]


def owned_by(owner: Owner) -> int:
    return Job.objects.filter(**{"user" if isinstance(owner, User) else "visitor": owner}).count()


@pytest.mark.django_db
class TestAClaim:
    def test_moves_what_is_done_what_waits_and_what_is_only_counted(self) -> None:
        allow_everything()
        alice, carol = a_visitor(), a_user("carol")
        done = ask(alice, "a sloth")
        finish(claimed())
        services.erase(ask(alice, "a secret"))
        waiting = ask(alice, "a whale")
        assert lifecycle.claim(alice, carol) == 2
        assert owned_by(carol) == 3
        assert owned_by(alice) == 0
        assert now_of(done).status == Job.Status.SUCCEEDED
        assert lane_sums() == row_sums()
        finish(claimed())
        assert now_of(waiting).status == Job.Status.SUCCEEDED

    def test_takes_the_counts_along(self) -> None:
        allow(Plan.VISITOR, per_day=2, in_flight=9)
        allow(Plan.FREE, per_day=3, in_flight=9)
        alice, carol = a_visitor(), a_user("carol")
        ask(alice)
        ask(alice, "a whale")
        lifecycle.claim(alice, carol)
        ask(carol)
        with pytest.raises(LimitReached):
            ask(carol, "a whale")

    def test_leaves_no_fresh_allowance_behind(self) -> None:
        alice = a_visitor()
        lifecycle.claim(alice, a_user("carol"))
        with pytest.raises(OwnerMoved):
            ask(alice)

    def test_keeps_both_grids_of_one_form_that_two_devices_sent(self) -> None:
        alice, bob = a_visitor(), a_visitor()
        first, second = ask(alice, key="click"), ask(bob, key="click")
        lifecycle.claim(alice, bob)
        assert ask(bob, key="click").pk == second.pk
        assert now_of(first).visitor == bob

    def test_of_oneself_changes_nothing(self) -> None:
        allow_everything()
        alice = a_visitor()
        ask(alice)
        assert lifecycle.claim(alice, alice) == 0
        ask(alice, "a whale")
        assert owned_by(alice) == 2


@pytest.mark.django_db
class TestACode:
    def test_makes_the_other_device_the_same_visitor_with_the_grids_of_both(self) -> None:
        alice, bob = a_visitor(), a_visitor()
        ask(alice)
        ask(bob)
        taken = lifecycle.take_over(claims.new_code(alice), owner=bob, network=a_network())
        assert (taken.owner, taken.grids) == (alice, 2)
        assert owned_by(alice) == 2

    def test_brings_the_grids_to_an_account(self) -> None:
        alice, carol = a_visitor(), a_user("carol")
        ask(alice)
        taken = lifecycle.take_over(claims.new_code(alice), owner=carol, network=a_network())
        assert (taken.owner, taken.grids) == (carol, 1)

    def test_makes_a_newcomer_its_visitor(self) -> None:
        alice = a_visitor()
        code = claims.new_code(alice)
        assert lifecycle.take_over(code, owner=None, network=a_network()).owner == alice


class TestRaces:
    pytestmark = racing

    def test_a_code_is_good_for_one_of_many(self) -> None:
        alice = a_visitor()
        ask(alice)
        users = [a_user(f"user {number}") for number in range(12)]
        networks = [a_network() for _ in users]
        code = claims.new_code(alice)
        outcomes = race(
            len(users),
            lambda n: lifecycle.take_over(code, owner=users[n], network=networks[n]),
        )
        assert sum(isinstance(outcome, lifecycle.TakenOver) for outcome in outcomes) == 1
        refused = {type(one) for one in outcomes if isinstance(one, Exception)}
        assert refused == {claims.UnknownCode}

    def test_submits_during_a_claim_sell_nothing_twice(self) -> None:
        """Whoever draws meanwhile is counted where the grids are, or is told to press again."""
        allow_everything()
        allow(Plan.VISITOR, per_day=6)
        alice, carol = a_visitor(), a_user("carol")
        for number in range(4):
            ask(alice, f"a fox {number}")

        def act(number: int) -> object:
            if number == 5:
                return lifecycle.claim(Visitor.objects.get(pk=alice.pk), carol)
            return ask(alice, f"a whale {number}")

        outcomes = race(12, act)
        drawn = sum(isinstance(outcome, Job) for outcome in outcomes)
        assert drawn <= 2
        assert owned_by(carol) == 4 + drawn
        assert owned_by(alice) == 0
        refused = {type(one) for one in outcomes if isinstance(one, Exception)}
        assert refused <= {OwnerMoved, LimitReached}
        assert lane_sums() == row_sums()

    def test_two_visitors_who_take_over_each_other_end_as_one(self) -> None:
        alice, bob = a_visitor(), a_visitor()
        ask(alice)
        ask(bob)
        pairs = [(alice, bob), (bob, alice)]
        outcomes = race(2, lambda number: lifecycle.claim(*pairs[number]))
        assert not [one for one in outcomes if isinstance(one, RuntimeError)]
        assert sorted((owned_by(alice), owned_by(bob))) == [0, 2]

    def test_a_burst_of_guesses_gets_no_more_than_the_limit(self) -> None:
        network = a_network()
        outcomes = race(
            30, lambda n: lifecycle.take_over(f"2222-22{n:02}", owner=None, network=network)
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds.count(claims.UnknownCode) == claims.MOST_WRONG
        assert kinds.count(claims.TooMany) == 30 - claims.MOST_WRONG
