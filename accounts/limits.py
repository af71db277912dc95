"""The rules of the allowances, as pure functions of counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


class Limit(StrEnum):
    """Which limit was reached."""

    IN_FLIGHT = "in_flight"
    PER_MINUTE = "per_minute"
    PER_DAY = "per_day"


@dataclass(frozen=True)
class Allowance:
    """How many grids an owner, or a network, may ask for."""

    in_flight: int
    per_minute: int
    per_day: int


@dataclass(frozen=True)
class Spent:
    """What counts against an allowance now.

    `minute` and `day` hold the moments at which each counted grid was asked for, oldest first,
    and at most as many as the allowance has units: enough to say when the next unit comes back.
    """

    in_flight: int
    minute: Sequence[datetime]
    day: Sequence[datetime]


@dataclass(frozen=True)
class Reached:
    """A limit that leaves no unit, and how long until one comes back.

    `seconds` is None where it depends on when a grid in flight is done.
    """

    limit: Limit
    allowed: int
    seconds: int | None


@dataclass(frozen=True)
class Room:
    """What a limit still allows, and in how many seconds it allows more."""

    limit: Limit
    left: int
    allowed: int
    more_in: int | None
    """None where nothing is spent, or where it depends on when a grid in flight is done."""


def room(allowance: Allowance, spent: Spent, now: datetime) -> list[Room]:
    """Returns what each limit still allows, so that nobody needs to run into one to learn it."""
    minute = _room(Limit.PER_MINUTE, allowance.per_minute, spent.minute, MINUTE, now)
    day = _room(Limit.PER_DAY, allowance.per_day, spent.day, DAY, now)
    left = max(0, allowance.in_flight - spent.in_flight)
    return [day, minute, Room(Limit.IN_FLIGHT, left, allowance.in_flight, None)]


def reached(allowance: Allowance, spent: Spent, now: datetime) -> Reached | None:
    """Returns the limit that forbids one more grid, the longest wait first, or None."""
    if len(spent.day) >= allowance.per_day:
        return _windowed(Limit.PER_DAY, allowance.per_day, spent.day, DAY, now)
    if len(spent.minute) >= allowance.per_minute:
        return _windowed(Limit.PER_MINUTE, allowance.per_minute, spent.minute, MINUTE, now)
    if spent.in_flight >= allowance.in_flight:
        return Reached(Limit.IN_FLIGHT, allowance.in_flight, None)
    return None


def key_reached(per_day: int, day: Sequence[datetime], now: datetime) -> Reached | None:
    """Returns a key's own daily cap where it leaves no unit; `day` is as in `Spent`."""
    if len(day) < per_day:
        return None
    return _windowed(Limit.PER_DAY, per_day, day, DAY, now)


def _room(
    limit: Limit, allowed: int, moments: Sequence[datetime], window: timedelta, now: datetime
) -> Room:
    more_in = None
    if moments and allowed:
        more_in = max(1, int((moments[0] + window - now).total_seconds()) + 1)
    return Room(limit, max(0, allowed - len(moments)), allowed, more_in)


def _windowed(
    limit: Limit, allowed: int, moments: Sequence[datetime], window: timedelta, now: datetime
) -> Reached:
    """The unit that frees the window is the `allowed`-th newest; older ones leave before it."""
    if allowed == 0:
        return Reached(limit, allowed, None)
    frees_at = moments[len(moments) - allowed] + window
    return Reached(limit, allowed, max(1, int((frees_at - now).total_seconds()) + 1))
