"""Who comes: a heavy-tailed day, first-time visitors without end, and owners who keep asking."""

import random
from collections.abc import Callable
from itertools import accumulate

from accounts.limits import Allowance
from benchmarks.simulation.site import (
    FREE,
    LARGEST_SIDE,
    PAID,
    SIDE,
    Owner,
    Plan,
    Refusal,
    Request,
    Site,
)

VISITOR = Plan("visitor", FREE, Allowance(in_flight=1, per_minute=2, per_day=10))
ACCOUNT = Plan("free account", FREE, Allowance(in_flight=1, per_minute=4, per_day=25))
PREMIUM = Plan("premium", PAID, Allowance(in_flight=4, per_minute=20, per_day=500))
API = Plan("API", PAID, Allowance(in_flight=8, per_minute=60, per_day=500))
PLANS = (VISITOR, ACCOUNT, PREMIUM, API)
PLAN_WEIGHTS = (60, 30, 9, 1)
TWO_AT_ONCE = Plan("free, two at once", FREE, Allowance(in_flight=2, per_minute=9, per_day=99))

ZIPF = 0.77
"""At this exponent one user in a hundred asks for about a quarter of everything."""

PEAK = 9.0
"""The peak hour, in mean hours."""

COUNTS, COUNT_WEIGHTS = (9, 4, 1), (0.7, 0.2, 0.1)
LARGE = 0.25
"""Share of paid grids that are drawn large."""

RETURNS = 3
"""How often somebody comes back whom a busy site sent away."""


def request_of(owner: Owner, rng: random.Random) -> Request:
    """Returns what an owner asks for."""
    images = rng.choices(COUNTS, COUNT_WEIGHTS)[0]
    large = owner.plan.tier == PAID and rng.random() < LARGE
    return Request(images, LARGEST_SIDE if large else SIDE)


def mean_cost(plan: Plan) -> float:
    """Returns the expected pixel-steps of a request."""
    images = sum(n * weight for n, weight in zip(COUNTS, COUNT_WEIGHTS, strict=True))
    times = 1 + LARGE * ((LARGEST_SIDE / SIDE) ** 2 - 1) if plan.tier == PAID else 1
    return images * times * Request(1).cost


def crowd_of(users: int, rng: random.Random) -> list[Owner]:
    """Returns the users of a site, the busiest first."""
    heaviest = users // 100
    plans = rng.choices(PLANS, PLAN_WEIGHTS, k=users)
    return [Owner(plan, heavy=rank < heaviest) for rank, plan in enumerate(plans)]


def day(site: Site, *, users: int, hours: int, load: float) -> None:
    """Fills a day with the visits of a crowd.

    Args:
        site: where they go.
        users: how many there are.
        hours: how many, the peak hour in their middle.
        load: what is asked for, in what the workers can draw.
    """
    rng = site.rng
    owners = crowd_of(users, rng)
    weights = [(rank + 1) ** -ZIPF for rank in range(users)]
    cost = sum(w * mean_cost(owner.plan) for owner, w in zip(owners, weights, strict=True))
    an_hour = load * 3600 * site.workshop.capacity * sum(weights) / cost
    rest = (hours - PEAK) / (hours - 1)
    cumulative = list(accumulate(weights))
    for hour in range(hours):
        visits = an_hour * (PEAK if hour == hours // 2 else rest)
        for owner in rng.choices(owners, cum_weights=cumulative, k=round(visits)):
            _visit(site, owner, (hour + rng.random()) * 3600)


def stream(site: Site, plan: Plan, *, load: float, since: float, until: float) -> None:
    """Fills a time with owners who all come for the first time.

    Args:
        site: where they go.
        plan: theirs.
        load: what they ask for, in what the workers can draw.
        since: seconds.
        until: seconds.
    """
    moment = since
    while moment < until:
        _visit(site, Owner(plan), moment)
        moment += site.rng.expovariate(load * site.workshop.capacity / mean_cost(plan))


def keep_asking(site: Site, owners: list[Owner], *, since: float, until: float) -> None:
    """Lets owners ask for as much as they may, again as soon as a grid is done."""
    for owner in owners:
        for _ in range(owner.plan.allowance.in_flight):
            site.at(since + site.rng.random(), _asking(site, owner, until))


def insatiable(plan: Plan, owners: int) -> list[Owner]:
    """Returns owners of a plan with no limit but what they may have in flight."""
    allowance = Allowance(plan.allowance.in_flight, per_minute=10**6, per_day=10**9)
    unlimited = Plan(plan.name, plan.tier, allowance)
    return [Owner(unlimited) for _ in range(owners)]


def _asking(site: Site, owner: Owner, until: float) -> Callable[[], None]:
    def ask() -> None:
        if site.now >= until:
            return
        answer = site.submit(owner, request_of(owner, site.rng), then=ask)
        if isinstance(answer, Refusal):
            site.at(site.now + (answer.retry_after or 5.0), ask)

    return ask


def _visit(site: Site, owner: Owner, moment: float) -> None:
    """One visit; sent away because the site is busy, the owner comes back when told to."""
    request = request_of(owner, site.rng)

    def ask(visit: int = 0) -> None:
        answer = site.submit(owner, request, visit=visit)
        if isinstance(answer, Refusal) and answer.limit is None and visit < RETURNS:
            delay = (answer.retry_after or 0.0) * site.rng.uniform(1.0, 1.1)
            site.at(site.now + delay, lambda: ask(visit + 1))

    site.at(moment, ask)
