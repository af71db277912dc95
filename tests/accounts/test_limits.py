"""The rules of the allowances."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.limits import DAY, MINUTE, Allowance, Limit, Reached, Spent, reached

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALLOWANCE = Allowance(in_flight=1, per_minute=2, per_day=3)


def ago(*seconds: float) -> list[datetime]:
    """Moments so many seconds ago, oldest first."""
    return sorted(NOW - timedelta(seconds=second) for second in seconds)


def spent(in_flight=0, minute=(), day=()) -> Spent:
    return Spent(in_flight, ago(*minute), ago(*day))


def test_what_is_left_is_allowed():
    assert reached(ALLOWANCE, spent(), NOW) is None
    assert reached(ALLOWANCE, spent(minute=[5], day=[5, 4000]), NOW) is None


def test_a_grid_in_flight_leaves_no_unit_until_it_is_done():
    assert reached(ALLOWANCE, spent(in_flight=1), NOW) == Reached(Limit.IN_FLIGHT, 1, None)


def test_a_full_minute_says_when_its_oldest_grid_leaves_it():
    assert reached(ALLOWANCE, spent(minute=[10, 20]), NOW) == Reached(Limit.PER_MINUTE, 2, 41)


def test_a_full_day_says_when_its_oldest_grid_leaves_it():
    day = [60, 3600, 23 * 3600]
    assert reached(ALLOWANCE, spent(day=day), NOW) == Reached(Limit.PER_DAY, 3, 3601)


def test_the_longest_wait_is_told_first():
    everything = spent(in_flight=1, minute=[10, 20], day=[10, 20, 3600])
    told = reached(ALLOWANCE, everything, NOW)
    assert told is not None
    assert told.limit is Limit.PER_DAY


def test_a_limit_that_was_lowered_waits_until_the_grids_above_it_have_left():
    lowered = Allowance(in_flight=1, per_minute=1, per_day=10)
    assert reached(lowered, spent(minute=[50, 10]), NOW) == Reached(Limit.PER_MINUTE, 1, 51)


@pytest.mark.parametrize("limit", [Limit.PER_MINUTE, Limit.PER_DAY, Limit.IN_FLIGHT])
def test_nothing_is_allowed_where_a_limit_is_zero_and_no_wait_helps(limit):
    allowance = Allowance(**{name: 0 if name == limit else 5 for name in Limit})
    assert reached(allowance, spent(), NOW) == Reached(limit, 0, None)


@given(
    st.lists(st.floats(0, 59.9), max_size=8),
    st.integers(1, 5),
    st.sampled_from([(MINUTE, Limit.PER_MINUTE), (DAY, Limit.PER_DAY)]),
)
def test_after_the_told_wait_a_unit_is_back_and_not_long_before(shares, allowed, window_and_limit):
    window, limit = window_and_limit
    scale = window / MINUTE
    asked = ago(*(share * scale for share in shares))
    newest = asked[-allowed:]
    many = 100
    if limit is Limit.PER_MINUTE:
        told = reached(Allowance(many, allowed, many), Spent(0, newest, []), NOW)
    else:
        told = reached(Allowance(many, many, allowed), Spent(0, [], newest), NOW)
    assert (told is not None) == (len(asked) >= allowed)
    assume(told is not None)

    def counted(later: timedelta) -> int:
        return sum(moment > NOW + later - window for moment in asked)

    assert told.limit is limit
    assert counted(timedelta(seconds=told.seconds)) < allowed
    assert counted(timedelta(seconds=told.seconds - 1, microseconds=-1)) >= allowed or (
        told.seconds == 1
    )
