"""What must hold, each with a verdict."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from benchmarks.simulation.crowd import (
    API,
    LARGE,
    PREMIUM,
    TWO_AT_ONCE,
    VISITOR,
    day,
    insatiable,
    keep_asking,
    request_of,
    stream,
)
from benchmarks.simulation.rules import Rules
from benchmarks.simulation.site import (
    FREE,
    PAID,
    WAIT_LIMIT,
    Job,
    Owner,
    Refusal,
    Site,
    Workshop,
)

CALM_LOAD = 0.08
"""Of a day, so that the peak hour asks for less than three quarters of what can be drawn."""


@dataclass(frozen=True)
class Verdict:
    """Whether something holds, and the figures that say so."""

    letter: str
    holds: bool
    says: str

    def __str__(self) -> str:
        return f"({self.letter}) {'holds' if self.holds else 'FAILS'}: {self.says}"


@dataclass(frozen=True)
class Scale:
    """How much is simulated."""

    seed: int = 1
    users: int = 20_000
    hours: int = 24
    load: float = 0.3
    workshop: Workshop = field(default_factory=Workshop)
    minutes: int = 60
    """Of the scenarios beside the day."""
    trials: int = 200

    def site(self, rules: Rules, workshop: Workshop | None = None, seed: int = 0) -> Site:
        """Returns an empty site."""
        return Site(rules, workshop or self.workshop, random.Random(self.seed + seed))

    def day(self, rules: Rules, load: float | None = None) -> Site:
        """Returns a site after a heavy-tailed day, everything drawn."""
        site = self.site(rules)
        day(site, users=self.users, hours=self.hours, load=self.load if load is None else load)
        site.run()
        return site


# Nobody starves


def nobody_starves(rules: Rules, scale: Scale) -> Verdict:
    """An owner's second job waits while first-time visitors come without end, faster than drawn."""
    site, end = scale.site(rules), scale.minutes * 60
    stream(site, VISITOR, load=1.5, since=0, until=end)
    owner = Owner(TWO_AT_ONCE)
    jobs: list[Job | Refusal] = []
    for _ in range(2):
        site.at(5, lambda: jobs.append(site.submit(owner, request_of(owner, site.rng))))
    site.run(end)
    second = jobs[1]
    assert isinstance(second, Job)
    started = "never started" if second.started is None else f"started after {second.waited:.0f} s"
    visitors = sum(job.started is not None for job in site.jobs) - len(jobs)
    return Verdict(
        "a",
        second.waited <= WAIT_LIMIT,
        f"an owner's second job {started} while grids of {visitors} first-time visitors did: "
        f"for {scale.minutes} min half as many again came as could be drawn",
    )


def everybody_started(site: Site) -> Verdict:
    """In the heavy-tailed day."""
    never = sum(job.started is None for job in site.jobs)
    waits = [job.waited for job in _free(site)]
    return Verdict(
        "a",
        not never and max(waits) <= WAIT_LIMIT,
        f"of {len(site.jobs)} jobs of the day {never} never started; "
        f"the longest wait of a free one was {max(waits):.0f} s",
    )


# Shares


def free_keeps_its_share(rules: Rules, scale: Scale) -> Verdict:
    """Paid work alone asks for 90 % of what can be drawn; free work always waits."""
    site, end = scale.site(rules), scale.minutes * 60
    stream(site, PREMIUM, load=0.9, since=0, until=end)
    keep_asking(site, insatiable(VISITOR, 20 * scale.workshop.workers), since=0, until=end)
    site.run(end)
    jobs = [job for batch in site.batches if batch.both_waited for job in batch.jobs]
    free = sum(job.request.cost for job in jobs if job.tier == FREE)
    paid = sum(job.request.cost for job in jobs if job.tier == PAID)
    share = free / max(1, free + paid)
    return Verdict(
        "b",
        share >= 0.195,
        f"free work was {share:.1%} of what was drawn while both lanes waited, beside paid work "
        f"for 90 % of the capacity, of which {LARGE:.0%} are large grids",
    )


# Quotes


def quotes_kept(name: str, sites: Sequence[Site]) -> Verdict:
    """Every free job starts within what it was quoted."""
    jobs = [job for site in sites for job in _free(site)]
    late = [job.late for job in jobs if job.late > 0]
    used = [job.waited / job.quote.high for job in jobs if job.waited > 10]
    by = f" by up to {max(late):.0f} s" if late else ""
    tight = f"; those that waited over 10 s used {median(used):.0%} of it (median)" if used else ""
    return Verdict(
        "c",
        not late,
        f"{name}: {len(late)} of {len(jobs)} free jobs started after what they were quoted"
        + by
        + tight,
    )


def calm_quotes_are_tight(site: Site, workshop: Workshop) -> Verdict:
    """On a day on which nobody has to wait long, quotes say so."""
    jobs = _free(site)
    a_call = workshop.seconds_for(workshop.room)
    ratios = [job.quote.high / job.waited for job in jobs if job.waited >= a_call]
    spare, ratio = median(-job.late for job in jobs), median(ratios)
    at_once = sum(job.waited == 0 for job in jobs) / len(jobs)
    return Verdict(
        "c",
        ratio <= 5,
        f"a calm day: {at_once:.0%} of {len(jobs)} free jobs started at once; the end of the quote "
        f"was {spare:.1f} s later than needed (median); for the {len(ratios)} that waited for a "
        f"call or longer ({a_call:.1f} s) it was {ratio:.1f} times the wait",
    )


def rush(
    rules: Rules,
    scale: Scale,
    *,
    free: float,
    premium: int = 0,
    visitors: int = 0,
    workshop: Workshop | None = None,
    seed: int = 0,
) -> Site:
    """Returns a site after a rush: for ten minutes owners ask for as much as they may.

    Args:
        rules: the site's.
        scale: of the simulation.
        free: load of free work before, meanwhile and after.
        premium: premium owners in the rush, for each worker.
        visitors: free ones, for each worker.
        workshop: its machines.
        seed: added to that of the scale.
    """
    site, end = scale.site(rules, workshop, seed), scale.minutes * 60
    stream(site, VISITOR, load=free, since=0, until=end)
    stream(site, PREMIUM, load=0.15, since=0, until=end)
    since, workers = end / 3, site.workshop.workers
    for plan, owners in ((PREMIUM, premium), (VISITOR, visitors)):
        crowd = insatiable(plan, owners * workers)
        keep_asking(site, crowd, since=since, until=since + 600)
    site.run()
    return site


def rushes(rules: Rules, scale: Scale, seeds: int) -> list[Verdict]:
    """Every free job starts within its quote, whatever comes after it was given."""
    one = replace(scale.workshop, workers=1)
    cases = {
        "a premium rush into a calm hour": {"free": 0.4, "premium": 25},
        "a premium rush into a full queue": {"free": 1.2, "premium": 25},
        "a rush of visitors": {"free": 0.4, "visitors": 125},
        "both at once": {"free": 0.8, "premium": 25, "visitors": 75},
        "a premium rush on one worker": {"free": 0.6, "premium": 50, "workshop": one},
    }
    return [
        quotes_kept(name, [rush(rules, scale, seed=seed, **case) for seed in range(seeds)])  # type: ignore[arg-type]
        for name, case in cases.items()
    ]


# One owner beside another


def eight_jobs_delay_by_one(rules: Rules, scale: Scale) -> Verdict:
    """An owner with eight jobs, and another who comes at any moment after with a first one."""
    worst = max(_passed(rules, scale, trial) for trial in range(scale.trials))
    return Verdict(
        "d",
        worst <= 1,
        f"{scale.trials} times an owner with eight jobs was there before another's first: of his "
        f"calls at most {worst} started while that one waited",
    )


def _passed(rules: Rules, scale: Scale, trial: int) -> int:
    """Calls with jobs of Alice's that started while Bob's first one waited."""
    workshop = replace(scale.workshop, workers=1 + trial % 4)
    site = scale.site(rules, workshop, seed=trial)
    alice, bob = Owner(API), Owner(PREMIUM)
    for _ in range(API.allowance.in_flight):
        site.submit(alice, request_of(alice, site.rng))
    site.run(site.rng.uniform(0, 20))
    arrived = len(site.batches)
    first = site.submit(bob, request_of(bob, site.rng))
    site.run()
    later = site.batches[arrived:]
    return next(n for n, batch in enumerate(later) if first in batch.jobs)


def _free(site: Site) -> list[Job]:
    return [job for job in site.jobs if job.owner.plan.tier == FREE]
