"""A process that sends paid grids is killed again and again, and each of them arrives once."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.fakes.stripe_server import stripe_running
from tests.fakes.stripe_server.server import KEY, SECRET
from tests.running_site import ROOT, running_site

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
FAULTS = ("429", "500", "drop", "drop-after", "")


def test_stripes_sum_is_that_of_the_grids_whoever_is_killed(tmp_path: Path, full: bool) -> None:
    grids, kills = (10_000, 50) if full else (120, 3)
    chance = random.Random(9)
    with stripe_running() as stripe:
        settings = {
            "STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET, "LOG_LEVEL": "error",
            "STRIPE_API_BASE": stripe.url, "SUPPORT_EMAIL": "help@example.org",
        }  # fmt: skip
        with running_site(tmp_path, **settings) as site:
            site.manage("billing_setup")
            customer = stripe.store.add("customer", email="alice@example.org", metadata={})
            site.run("-c", MAKING, customer["id"], str(grids))
            faults = chance.choices(FAULTS, (1, 1, 1, 1, 36), k=3 * grids)
            stripe.faults.extend(faults)
            arrived = stripe.store.meter_events
            for mark in sorted(chance.sample(range(1, grids - 20), kills)):
                process = subprocess.Popen(
                    [sys.executable, "-c", SENDING + LINGERING], cwd=ROOT, env=site.environment
                )
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
