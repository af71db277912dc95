"""What a key may still ask for, as numbers and as the headers that say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.entitlements import entitlements_of, narrowed
from accounts.limits import DAY, MINUTE
from accounts.models import ApiKey
from generation import clock
from generation.queue import admission


@dataclass(frozen=True)
class Window:
    """One limit: of so many grids in a span, so many are left."""

    name: str
    limit: int
    remaining: int
    frees_in: int
    """Seconds until one more unit comes back; 0 while all are there."""
    seconds: int


@dataclass(frozen=True)
class Rates:
    """All limits of a key, the tighter of its own and its plan's."""

    minute: Window
    day: Window | None
    """None for a test key, which no day counts."""
    in_flight: int
    in_flight_left: int


def rates_of(key: ApiKey, now: datetime | None = None) -> Rates:
    """Returns what is left to a key."""
    now = now or clock.now()
    allowance = narrowed(entitlements_of(key.user), key).allowance
    if not key.live:
        most = max(admission.TESTS_PER_MINUTE, allowance.per_minute)
        tests = admission.tests_of(key.user, most, now)
        return Rates(_window("minute", most, tests, MINUTE, now), None, most, most)
    spent = admission.spent_by(admission.jobs_of(key.user), allowance, now)
    day = _window("day", allowance.per_day, spent.day, DAY, now)
    if key.per_day is not None:
        own = _window("day", key.per_day, admission.today_of_key(key, now), DAY, now)
        day = min(day, own, key=lambda window: window.remaining)
    return Rates(
        minute=_window("minute", allowance.per_minute, spent.minute, MINUTE, now),
        day=day,
        in_flight=allowance.in_flight,
        in_flight_left=max(0, allowance.in_flight - spent.in_flight),
    )


def headers_of(rates: Rates) -> dict[str, str]:
    """Returns RateLimit and RateLimit-Policy, as the IETF's draft has them."""
    windows = [rates.minute, *([rates.day] if rates.day else [])]
    return {
        "RateLimit-Policy": ", ".join(f'"{w.name}";q={w.limit};w={w.seconds}' for w in windows),
        "RateLimit": ", ".join(f'"{w.name}";r={w.remaining};t={w.frees_in}' for w in windows),
    }


def openai_headers_of(rates: Rates) -> dict[str, str]:
    """Returns the headers that OpenAI's clients show: of the limit that is nearest."""
    windows = [rates.minute, *([rates.day] if rates.day else [])]
    nearest = min(windows, key=lambda window: window.remaining)
    return {
        "x-ratelimit-limit-requests": str(nearest.limit),
        "x-ratelimit-remaining-requests": str(nearest.remaining),
        "x-ratelimit-reset-requests": f"{nearest.frees_in}s",
    }


def _window(
    name: str, limit: int, moments: Sequence[datetime], span: timedelta, now: datetime
) -> Window:
    frees_in = 0
    if moments:
        frees_in = max(1, int((moments[0] + span - now).total_seconds()) + 1)
    remaining = max(0, limit - len(moments))
    return Window(name, limit, remaining, frees_in, int(span.total_seconds()))
