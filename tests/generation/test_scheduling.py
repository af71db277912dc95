"""Whose job is next, and when: the pure rules, then a crowd that lives by them."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulation import __main__ as simulation
from benchmarks.simulation.rules import Rules
from benchmarks.simulation.scenarios import Verdict
from generation import scheduling
from generation.scheduling import EMPTY_LANE, LaneLoad, Pace, Tags, Wait

PAID, FREE = 1, 2

numbers = st.integers(0, 10**12)
costs = st.integers(1, 10**9)
larger_costs = st.integers(64 * 64, 10**9)
"""From the smallest picture on. Less is lost where a quote of years is rounded."""
capacities = st.floats(1.0, 1e9)
tiers = st.sampled_from((PAID, FREE))
turns = st.builds(lambda start, toll: Tags(start, start + toll), numbers, numbers)


@st.composite
def loads(draw: st.DrawFn) -> LaneLoad:
    """A lane in which every job's toll is between its work and four times that."""
    waiting = draw(st.integers(0, 10**4))
    cost = waiting * draw(costs)
    return LaneLoad(
        virtual_time=draw(numbers),
        waiting=waiting,
        waiting_cost=cost,
        arrivals=draw(st.floats(0, 1e9)),
        tolls=draw(st.integers(cost, 4 * cost)),
        drawing=draw(numbers),
        turn=draw(turns),
    )


both_lanes = st.fixed_dictionaries({PAID: loads(), FREE: loads()})


def wait(
    start: int,
    tier: int,
    lanes: Mapping[int, LaneLoad],
    capacity: float = 100.0,
    batch: float = 1.0,
) -> Wait:
    tags = Tags(start, start + 1)
    return scheduling.wait_of(tags, tier=tier, lanes=lanes, capacity=capacity, batch_seconds=batch)


# Inside a lane


@given(numbers, costs, st.integers(1, 10**4), st.none() | numbers)
def test_virtual_time_never_goes_back(
    time: int, served: int, waiting: int, head: int | None
) -> None:
    after = scheduling.advanced(time, served=served, waiting=waiting, head_start=head)
    assert after >= max(time, head or 0)


@given(st.integers(1, 10**6), st.integers(1, 1000))
def test_virtual_time_moves_on_with_the_work_even_when_every_head_starts_at_it(
    served: int, waiting: int
) -> None:
    time = 0
    for _ in range(waiting):
        time = scheduling.advanced(time, served=served, waiting=waiting, head_start=time)
    assert time == waiting * (served // waiting)


@given(st.lists(st.tuples(costs, numbers), min_size=1), st.integers(1, 100))
def test_an_owners_tags_only_grow(jobs: list[tuple[int, int]], weight: int) -> None:
    last = None
    time = 0
    for cost, passed in jobs:
        time += passed
        tags = scheduling.tags_of(time, last.finish if last else None, cost, weight)
        assert tags.finish > tags.start >= time
        if last:
            assert tags.start >= last.finish
        last = tags


def test_a_first_job_starts_at_the_virtual_time_and_the_next_where_it_ends() -> None:
    first = scheduling.tags_of(100, None, 50, 1)
    assert first == Tags(100, 150)
    assert scheduling.tags_of(100, first.finish, 50, 2) == Tags(150, 175)


# Between the lanes


def test_a_claim_starts_where_somebody_waits() -> None:
    assert scheduling.next_tier({}) is None
    assert scheduling.next_tier({FREE: Tags(0, 900)}) == FREE
    assert scheduling.next_tier({PAID: Tags(0, 900)}) == PAID


def test_of_two_lanes_that_may_both_go_the_paid_one_goes() -> None:
    assert scheduling.next_tier({FREE: Tags(0, 5), PAID: Tags(3, 5)}) == PAID


def shares(free_toll: int, claims: int = 1000) -> Counter[int]:
    """Claims of equal work by tier, both lanes always waiting."""
    turn = {PAID: Tags(0, 0), FREE: Tags(0, 0)}
    claimed: Counter[int] = Counter()
    for _ in range(claims):
        tier = scheduling.next_tier(turn)
        assert tier is not None
        toll = 100 if tier == PAID else free_toll
        turn[tier] = scheduling.moved(turn[tier], other=turn[3 - tier], toll=toll, head=True)
        claimed[tier] += 1
    return claimed


def test_free_work_gets_a_fifth_where_it_counted_on_no_more() -> None:
    assert shares(free_toll=400) == {PAID: 800, FREE: 200}


def test_free_work_gets_half_where_it_counted_on_half() -> None:
    assert shares(free_toll=100) == {PAID: 500, FREE: 500}


def test_a_lane_that_was_empty_has_saved_nothing_up() -> None:
    paid, free = Tags(10**6, 10**6 + 100), Tags(0, 400)
    back = scheduling.moved(free, other=paid, toll=400, head=True)
    assert back.start == paid.start


def test_a_mere_fill_pays_its_toll_and_leaves_the_other_lane_where_it_is() -> None:
    paid, free = Tags(900, 1000), Tags(600, 700)
    filled = scheduling.moved(paid, other=free, toll=50, head=False)
    assert filled == Tags(900, 1050)
    assert scheduling.moved(free, other=filled, toll=400, head=True).start == 900


@given(costs, both_lanes, capacities)
def test_a_free_job_counts_on_a_fifth_at_least_and_on_half_at_most(
    cost: int, lanes: Mapping[int, LaneLoad], capacity: float
) -> None:
    toll = scheduling.toll_of(cost, tier=FREE, lanes=lanes, capacity=capacity)
    assert cost <= toll <= 4 * cost
    assert scheduling.toll_of(cost, tier=PAID, lanes=lanes, capacity=capacity) == cost


def test_a_free_job_counts_on_what_paid_work_has_left_it_lately() -> None:
    paid = replace(EMPTY_LANE, arrivals=40.0)
    toll = scheduling.toll_of(100, tier=FREE, lanes={PAID: paid}, capacity=100.0)
    assert toll == 150  # 1 - 1.5 x 0.4 = 0.4 of the capacity: 150 of paid work beside 100
    waiting = replace(paid, waiting=1, waiting_cost=50)
    assert scheduling.toll_of(100, tier=FREE, lanes={PAID: waiting}, capacity=100.0) > toll


def test_a_worker_of_several_checkpoints_draws_the_paid_tier_four_times_in_five() -> None:
    uniform = random.Random(7).random
    drawn = Counter(scheduling.first_tier({PAID: 1, FREE: 9}, uniform()) for _ in range(20_000))
    assert drawn[PAID] / 20_000 == pytest.approx(scheduling.PAID_SHARE, abs=0.01)


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999])
def test_an_empty_tier_leaves_its_share_to_the_other(draw: float) -> None:
    assert scheduling.first_tier({PAID: 1}, draw) == PAID
    assert scheduling.first_tier({FREE: 1, PAID: 0}, draw) == FREE
    assert scheduling.first_tier({}, draw) is None


# How long it takes


def test_in_an_empty_queue_a_job_waits_for_what_is_being_drawn_at_most() -> None:
    drawing = {PAID: replace(EMPTY_LANE, drawing=95)}
    assert wait(0, FREE, {}, batch=0.0) == Wait(0, 0)
    assert wait(0, FREE, drawing, batch=0.0).high == pytest.approx(1.0)


def test_a_free_job_is_quoted_the_paid_work_that_the_turns_let_pass() -> None:
    free = replace(EMPTY_LANE, waiting=2, waiting_cost=95, tolls=190)
    alone = wait(0, FREE, {FREE: free}, batch=0.0)
    assert alone.low == pytest.approx(0.95)
    assert alone.high == pytest.approx(3.0)
    behind = replace(free, turn=Tags(0, 95))
    assert wait(0, FREE, {FREE: behind}, batch=0.0).high == pytest.approx(4.0)
    ahead = {FREE: free, PAID: replace(EMPTY_LANE, turn=Tags(0, 95))}
    assert wait(0, FREE, ahead, batch=0.0).high == pytest.approx(2.0)


def test_who_may_still_overtake_is_part_of_the_quote() -> None:
    lane = replace(EMPTY_LANE, virtual_time=100, waiting=3, waiting_cost=900, arrivals=1000.0)
    at_once, later = wait(100, PAID, {PAID: lane}), wait(150, PAID, {PAID: lane})
    assert later.high - at_once.high >= 50 * 4 / 100
    assert later.low == at_once.low


def test_nobody_overtakes_where_nobody_comes() -> None:
    lane = replace(EMPTY_LANE, waiting=3, waiting_cost=900)
    assert wait(900, FREE, {FREE: lane}) == wait(0, FREE, {FREE: lane})
    few = replace(lane, arrivals=1.0)
    waited = 900 / 100
    most = 1.5 * waited * 5 / 100 / scheduling.COUNTED_ON
    assert 0 < wait(900, FREE, {FREE: few}).high - wait(0, FREE, {FREE: few}).high <= most * 1.1


@given(numbers, tiers, both_lanes, capacities, st.floats(0, 1e4))
def test_a_quote_is_finite_and_its_ends_are_in_order(
    start: int, tier: int, lanes: Mapping[int, LaneLoad], capacity: float, batch: float
) -> None:
    quote = wait(start, tier, lanes, capacity, batch)
    assert 0 <= quote.low <= quote.high * (1 + 1e-9)
    assert isfinite(quote.high)


@given(numbers, tiers, both_lanes, larger_costs, st.floats(1, 4))
def test_a_longer_lane_never_means_a_shorter_wait(
    start: int, tier: int, lanes: Mapping[int, LaneLoad], cost: int, ratio: float
) -> None:
    own = lanes[tier]
    longer = replace(
        own,
        waiting=own.waiting + 1,
        waiting_cost=own.waiting_cost + cost,
        tolls=own.tolls + round(cost * ratio),
    )
    before, after = wait(start, tier, lanes), wait(start, tier, {**lanes, tier: longer})
    assert after.low >= before.low
    assert after.high > before.high


@given(numbers, tiers, both_lanes, larger_costs)
def test_more_being_drawn_never_means_a_shorter_wait(
    start: int, tier: int, lanes: Mapping[int, LaneLoad], cost: int
) -> None:
    busier = replace(lanes[PAID], drawing=lanes[PAID].drawing + cost)
    assert wait(start, tier, {**lanes, PAID: busier}).high > wait(start, tier, lanes).high


@given(tiers, both_lanes, st.floats(1, 1e6))
def test_twice_the_workers_halve_the_wait_of_a_first_job(
    tier: int, lanes: Mapping[int, LaneLoad], capacity: float
) -> None:
    one, two = (wait(0, tier, lanes, n * capacity, batch=0.0) for n in (1, 2))
    assert two.high == pytest.approx(one.high / 2)
    assert two.low == pytest.approx(one.low / 2)


@given(st.floats(0, 1e9), st.floats(0, 1e6), costs)
def test_a_remembered_rate_fades_and_each_arrival_raises_it(
    rate: float, seconds: float, cost: int
) -> None:
    faded = scheduling.arrival_rate(rate, seconds=seconds)
    assert 0 <= faded <= rate
    assert scheduling.arrival_rate(rate, seconds=seconds, cost=cost) > faded


def test_a_steady_rate_of_arrivals_is_remembered_as_what_it_is() -> None:
    rate = 0.0
    for _ in range(5000):
        rate = scheduling.arrival_rate(rate, seconds=2.0, cost=100)
    assert rate == pytest.approx(50, rel=0.01)


# How fast a worker is


def learned(a: float, b: float, images: list[int], noise: float = 0.0) -> Pace:
    rng = random.Random(3)
    pace = Pace()
    for count in images:
        pace = pace.observed(count, (a + b * count) * (1 + rng.gauss(0, noise)))
    return pace


@given(
    st.floats(0.1, 10),
    st.floats(0.01, 5),
    st.lists(st.integers(1, 18), min_size=2, max_size=30).filter(lambda n: len(set(n)) > 1),
)
def test_a_pace_learns_what_a_call_and_what_an_image_cost(
    a: float, b: float, images: list[int]
) -> None:
    assert learned(a, b, images).seconds_for(9) == pytest.approx(a + 9 * b, rel=1e-6)


def test_a_pace_is_not_thrown_off_by_noise_and_follows_a_change() -> None:
    mixed = [9, 4, 1, 9, 9] * 40
    assert learned(0.8, 0.2, mixed, noise=0.05).seconds_for(9) == pytest.approx(2.6, rel=0.03)
    pace = learned(0.8, 0.2, mixed)
    for count in mixed:
        pace = pace.observed(count, 2 * (0.8 + 0.2 * count))
    assert pace.seconds_for(9) == pytest.approx(5.2, rel=0.05)


def test_from_calls_of_one_size_a_pace_guesses_in_proportion() -> None:
    assert learned(0.9, 0.1, [9, 9, 9]).seconds_for(3) == pytest.approx(0.6)


def test_before_the_first_call_a_pace_says_nothing() -> None:
    assert Pace().seconds_for(9) is None
    assert Pace().images_a_second is None


def test_calls_that_were_not_full_count_as_slow_as_they_were() -> None:
    full, mixed = learned(0.8, 0.2, [9] * 9), learned(0.8, 0.2, [9, 1] * 200)
    assert full.images_a_second == pytest.approx(9 / 2.6)
    assert mixed.images_a_second == pytest.approx(10 / 3.6, rel=0.02)


# A crowd


def test_a_simulated_day_keeps_every_promise() -> None:
    verdicts = list(simulation.verdicts(simulation.QUICK))
    assert {verdict.letter for verdict in verdicts} == set("abcd")
    assert [str(verdict) for verdict in verdicts if not verdict.holds] == []


def test_rules_that_lack_one_idea_fail_the_same_scenarios() -> None:
    controls = list(simulation.controls(simulation.QUICK))
    assert {verdict.letter for _, verdict in controls} == set("abcd")
    assert [(rules.name, str(verdict)) for rules, verdict in controls if verdict.holds] == []


@pytest.mark.parametrize(("holds", "control", "code"), [(1, 0, 0), (0, 0, 1), (1, 1, 1)])
def test_a_verdict_that_fails_or_a_control_that_does_not_is_an_exit_code(
    holds: int, control: int, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = Verdict("a", bool(holds), "as it was said"), Verdict("a", bool(control), "a control")
    monkeypatch.setattr(simulation, "verdicts", lambda *_: [says[0]])
    monkeypatch.setattr(simulation, "controls", lambda *_: [(Rules(), says[1])])
    assert simulation.main(["--quick", "--users", "100", "--load", "0.001"]) == code
