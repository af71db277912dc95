"""Processes that draw and send paid grids are killed again and again, and each arrives once."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.stripe_server import StripeServer, stripe_running
from tests.fakes.stripe_server.server import KEY, SECRET
from tests.running_site import ROOT, RunningSite, running_site

MAKING = """
import sys, uuid, django; django.setup()
from accounts.models import Usage, User
from billing.models import Customer
alice = User.objects.create_user("alice", "alice@example.org")
Customer.objects.create(user=alice, stripe_id=sys.argv[1])
Usage.objects.bulk_create([
    Usage(job_id=uuid.uuid4(), user=alice, images=9, pixel_steps=1, seconds=1.0, bill="due")
    for _ in range(int(sys.argv[2]))
])
"""
SENDING = """
import django; django.setup()
from accounts.models import Usage
from billing import gateway, usage
gateway.RETRIES = 0  # every fault reaches our own code
while Usage.objects.filter(bill="due").exists():
    usage.send_due(most=100)
"""
LINGERING = """
import time; time.sleep(600)  # whoever is to be killed does not end before
"""
COUNTING = """
import django; django.setup()
from accounts.models import Usage
print(Usage.objects.filter(bill="sent").count())
"""
ASKING = """
import sys, django; django.setup()
from accounts import metering
from accounts.models import ApiKey, Plan, User
from billing.models import Customer
from generation.submission import GridRequest, submit
Plan.objects.update(in_flight=10**6, per_minute=10**6, per_day=10**6, monthly_grids=0)
alice = User.objects.create_user("alice", "alice@example.org")
Customer.objects.create(user=alice, stripe_id=sys.argv[1])
metering.switch(alice, on=True)
metering.set_cap(alice, 10**6)
key = ApiKey.objects.create(user=alice, name="k", live=True, prefix="cry", sha256="0" * 64)
for _ in range(int(sys.argv[2])):
    submit(GridRequest(prompt="a fox", count=1), owner=alice, api_key=key)
"""
DRAWING = """
import time, django; django.setup()
from datetime import timedelta
from itertools import count
from generation import services
from generation.models import Job
from tests.generation.queue.cast import finish
services.LEASE = timedelta(seconds=1)
print("begins", flush=True)
turns = count(1)
while Job.objects.filter(status__in=Job.OPEN).exists():
    services.sweep()
    if batch := services.claim("easel", {"doodle": 3}):
        time.sleep(0.05 if next(turns) % 5 else 1.5)  # every fifth outlives its lease
        for job in (*batch.jobs, *batch.jobs):
            finish(job)
"""
SENDING_ON = """
import time, django; django.setup()
from accounts.models import Usage
from billing import gateway, usage
from generation.models import Job
gateway.RETRIES = 0
print("begins", flush=True)
while Job.objects.filter(status__in=Job.OPEN).exists() or Usage.objects.filter(bill="due").exists():
    usage.send_due(most=100)
    time.sleep(0.01)
"""
DELIVERED = """
import django; django.setup()
from generation.models import Job
print(Job.objects.filter(attempts__gt=1).count(),
      *Job.objects.filter(status=Job.Status.SUCCEEDED).values_list("pk", flat=True))
"""
FAULTS = ("429", "500", "drop", "drop-after", "")


@contextmanager
def selling(folder: Path, made: str, grids: int) -> Iterator[tuple[RunningSite, StripeServer]]:
    """A site whose Stripe knows Alice, and what a program makes there for so many grids."""
    with stripe_running() as stripe:
        settings = {
            "STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET, "LOG_LEVEL": "error",
            "STRIPE_API_BASE": stripe.url, "SUPPORT_EMAIL": "help@example.org",
        }  # fmt: skip
        with running_site(folder, **settings) as site:
            site.manage("billing_setup")
            customer = stripe.store.add("customer", email="alice@example.org", metadata={})
            site.run("-c", made, customer["id"], str(grids))
            yield site, stripe


def begun(site: RunningSite, program: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=site.environment, text=True, **options
    )


def test_stripes_sum_is_that_of_the_grids_whoever_is_killed(tmp_path: Path, full: bool) -> None:
    grids, kills = (10_000, 50) if full else (120, 3)
    chance = random.Random(9)
    with selling(tmp_path, MAKING, grids) as (site, stripe):
        faults = chance.choices(FAULTS, (1, 1, 1, 1, 36), k=3 * grids)
        stripe.faults.extend(faults)
        arrived = stripe.store.meter_events
        for mark in sorted(chance.sample(range(1, grids - 20), kills)):
            process = begun(site, SENDING + LINGERING)
            while len(arrived) < mark:
                assert process.poll() is None
                time.sleep(0.0005)
            process.kill()
            assert process.wait() == -9
        site.run("-c", SENDING)
        assert int(site.run("-c", COUNTING)) == grids
    of_each = Counter(event["identifier"] for event in arrived)
    assert set(of_each.values()) == {1}
    assert sum(event["value"] for event in arrived) == grids
    met = len(faults) - len(stripe.faults) - faults[: len(faults) - len(stripe.faults)].count("")
    print(  # noqa: T201
        f"{grids} grids, {kills} kills, {met} faults: Stripe's sum is {grids}, each of them once"
    )


def test_stripes_sum_is_that_of_what_was_delivered_whoever_drew_it_and_was_killed(
    tmp_path: Path, full: bool
) -> None:
    grids, kills = (2_000, 50) if full else (120, 3)
    chance = random.Random(11)
    programs = (DRAWING, DRAWING, SENDING_ON)
    with selling(tmp_path, ASKING, grids) as (site, stripe), ExitStack() as clearing_up:

        def at_work(program: str) -> subprocess.Popen[str]:
            process = clearing_up.enter_context(begun(site, program, stdout=subprocess.PIPE))
            clearing_up.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "begins\n"
            return process

        stripe.faults.extend(chance.choices(FAULTS, (1, 1, 1, 1, 36), k=3 * grids))
        arrived = stripe.store.meter_events
        running = [at_work(program) for program in programs]
        for mark in sorted(chance.sample(range(1, grids // 2), kills)):
            while len(arrived) < mark:
                assert None in [process.poll() for process in running], "all have ended"
                assert not any(process.poll() for process in running)
                time.sleep(0.0005)
            place = chance.randrange(len(programs))
            running[place].kill()
            assert running[place].wait() == -9
            running[place] = at_work(programs[place])
        for process in running:
            assert process.wait() == 0
        again, *delivered = site.run("-c", DELIVERED).split()
    assert int(again) > 0
    assert sorted(event["identifier"] for event in arrived) == sorted(delivered)
    assert {event["value"] for event in arrived} == {1}
    print(  # noqa: T201
        f"{grids} grids asked for, {kills} kills, {again} claimed more than once, "
        f"{len(delivered)} delivered: Stripe's sum is {len(arrived)}, each of them once"
    )
