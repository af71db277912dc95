"""python -m benchmarks.simulation: a day of the queue, four verdicts, and three controls."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.simulation import scenarios, tables
from benchmarks.simulation.rules import DrawnTurns, FirstComeFirstServed, Rules, TimeOfTheHead
from benchmarks.simulation.scenarios import Scale, Verdict
from benchmarks.simulation.site import FREE, PAID, Workshop

QUICK = Scale(users=2_000, hours=12, workshop=Workshop(workers=2), minutes=20, trials=40)


def verdicts(scale: Scale, seeds: int = 1) -> Iterator[Verdict]:
    """Yields whether the site's rules hold what they must, the day's table on the way."""
    rules = Rules()
    day = scale.day(rules)
    print(f"{scale.hours} h, {scale.users} users, {scale.workshop.workers} workers")
    print(tables.waits(day), tables.refusals(day), sep="\n\n", end="\n\n")
    print(tables.quotes(day, FREE), tables.quotes(day, PAID), sep="\n\n", end="\n\n")
    yield scenarios.everybody_started(day)
    yield scenarios.nobody_starves(rules, scale)
    yield scenarios.free_keeps_its_share(rules, scale)
    yield scenarios.quotes_kept("the day above", [day])
    yield from scenarios.rushes(rules, scale, seeds)
    calm = scale.day(rules, scenarios.CALM_LOAD)
    yield scenarios.quotes_kept("a calm day", [calm])
    yield scenarios.calm_quotes_are_tight(calm, scale.workshop)
    yield scenarios.eight_jobs_delay_by_one(rules, scale)


def controls(scale: Scale) -> Iterator[tuple[Rules, Verdict]]:
    """Yields verdicts that must fail: of rules each of which lacks one idea."""
    fifo, of_the_head, drawn = FirstComeFirstServed(), TimeOfTheHead(), DrawnTurns()
    yield fifo, scenarios.eight_jobs_delay_by_one(fifo, scale)
    yield of_the_head, scenarios.nobody_starves(of_the_head, scale)
    yield drawn, scenarios.free_keeps_its_share(drawn, scale)
    yield drawn, scenarios.rushes(drawn, scale, 1)[0]


def main(arguments: Iterable[str] | None = None) -> int:
    """Returns 1 when a verdict fails, or a control does not."""
    scale, seeds = _scale(arguments)
    wrong = 0
    for verdict in verdicts(scale, seeds):
        print(verdict, flush=True)
        wrong += not verdict.holds
    print("\nControls, which must fail:")
    for rules, verdict in controls(scale):
        print(f"{rules.name} {verdict}", flush=True)
        wrong += verdict.holds
    print("\nWaits of the same day, first come, first served:")
    print(tables.waits(scale.day(FirstComeFirstServed())))
    print(f"\n{wrong} of the above is not as it should be." if wrong else "\nAll as it should be.")
    return 1 if wrong else 0


def _scale(arguments: Iterable[str] | None) -> tuple[Scale, int]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it, for a test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=2, help="runs of each rush")
    parser.add_argument("--users", type=int)
    parser.add_argument("--hours", type=int, help="of the day; its peak hour is nine mean ones")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--load", type=float, help="asked for in the day, in what can be drawn")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    scale, seeds = (QUICK, 1) if chosen.quick else (Scale(), chosen.seeds)
    names = ("seed", "users", "hours", "load")
    given = {name: value for name in names if (value := getattr(chosen, name)) is not None}
    if chosen.workers:
        given["workshop"] = replace(scale.workshop, workers=chosen.workers)
    return replace(scale, **given), seeds


if __name__ == "__main__":
    sys.exit(main())
