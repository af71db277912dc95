"""The figures of a simulated day, for a person to read."""

from collections.abc import Iterable, Sequence
from statistics import median

from accounts.limits import Limit
from benchmarks.simulation.crowd import PLANS
from benchmarks.simulation.site import FREE, PAID, Job, Refusal, Site

REASONS = {
    None: "the site was busy",
    Limit.IN_FLIGHT: "one too many in flight",
    Limit.PER_MINUTE: "the minute's limit",
    Limit.PER_DAY: "the day's limit",
}

WAITS = ((0.0, "at once"), (3.0, "to 3 s"), (30.0, "to 30 s"), (120.0, "to 2 min"), (1e9, "longer"))


def waits(site: Site) -> str:
    """Returns how long each kind of user waited."""
    jobs = site.jobs
    kinds: list[tuple[str, list[Job]]] = [
        (plan.name, [job for job in jobs if job.owner.plan is plan]) for plan in PLANS
    ]
    kinds += [
        ("all free", [job for job in jobs if job.owner.plan.tier == FREE]),
        ("all paid", [job for job in jobs if job.owner.plan.tier == PAID]),
        ("busiest hundredth", [job for job in jobs if job.owner.heavy]),
    ]
    rows = [
        (name, len(of_kind), *(f"{_quantile(of_kind, q):.1f}" for q in (0.5, 0.95, 0.99, 1)))
        for name, of_kind in kinds
    ]
    return _table(("waited, s", "grids", "median", "p95", "p99", "max"), rows)


def refusals(site: Site) -> str:
    """Returns who was sent away, and whether it helped to come back when told."""
    rows = []
    for limit, reason in REASONS.items():
        refused = [each for each in site.refusals if each.limit is limit]
        after = [each.retry_after for each in refused if each.retry_after is not None]
        shown = (f"{median(after):.0f}", f"{max(after):.0f}") if after else ("-", "-")
        rows.append((reason, len(refused), *shown))
    table = _table(("refused because", "requests", "Retry-After, s", "max"), rows)
    busy = [each for each in site.refusals if each.limit is None]
    return f"{table}\n{_returns(site.jobs, busy)}"


def _returns(jobs: Sequence[Job], busy: Sequence[Refusal]) -> str:
    told = sum(each.visit == 0 for each in busy)
    accepted = sum(job.visit == 1 for job in jobs)
    later = sum(job.visit > 1 for job in jobs)
    return f"of {told} sent away, {accepted} were accepted when they came back, {later} later"


def quotes(site: Site, tier: int) -> str:
    """Returns what was quoted to those who waited so long, and when they started."""
    rows = []
    at_least = -1.0
    for at_most, name in WAITS:
        jobs = [
            job
            for job in site.jobs
            if job.owner.plan.tier == tier and at_least < job.waited <= at_most
        ]
        at_least = at_most
        if jobs:
            rows.append((name, len(jobs), *_quoted(jobs)))
    head = ("free" if tier == FREE else "paid", "grids", "quoted, s", "waited, s", "used", "late")
    return _table(head, rows)


def _quoted(jobs: Sequence[Job]) -> tuple[str, ...]:
    low, high = median(job.quote.low for job in jobs), median(job.quote.high for job in jobs)
    return (
        f"{low:.0f} to {high:.0f}",
        f"{median(job.waited for job in jobs):.0f}",
        f"{median(job.waited / job.quote.high for job in jobs):.0%}",
        str(sum(job.late > 0 for job in jobs)),
    )


def _quantile(jobs: Sequence[Job], share: float) -> float:
    waited = sorted(job.waited for job in jobs)
    return waited[min(len(waited) - 1, int(share * len(waited)))] if waited else 0.0


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
