"""Who asks, what for, and what a worker makes of it: rows for the tests of the queue."""

import itertools
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import Count, F, Sum

from accounts.models import Network, Owner, Plan, User, Visitor
from generation import services
from generation.checkpoints import Checkpoint, Folder
from generation.models import Image, Job, Lane, Rendition
from generation.seeds import seed_at
from generation.submission import GridRequest, submit

_numbers = itertools.count(1)


def a_checkpoint(name: str, **changes: Any) -> Checkpoint:
    settings = {
        "name": name,
        "title": name.title(),
        "source": Folder(Path("nowhere")),
        "pipeline": "StableDiffusionPipeline",
        "licence": "Apache-2.0",
        "commercial_ok": True,
        "sizes": ((64, 64), (128, 128), (512, 512)),
        "steps": 4,
        "guidance": 3.0,
        "dtype": "float32",
        "batch_size": 9,
        "memory_gib": 1.0,
        "longest_prompt": 77,
        "needs_check": False,
        "samples": ("a fox",),
        "styles": {"pencil": "{prompt}, a pencil drawing"},
    }
    return Checkpoint(**settings | changes)


def a_visitor() -> Visitor:
    return Visitor.objects.create()


def a_user(name: str, plan: str = Plan.FREE) -> User:
    return User.objects.create(username=name, plan=Plan.objects.get(name=plan))


def a_network() -> Network:
    return Network.objects.create(prefix=f"192.0.2.{next(_numbers)}")


def allow(plan: str, **limits: int) -> None:
    """Changes a plan as an admin would."""
    Plan.objects.filter(name=plan).update(**limits)


def allow_everything() -> None:
    """Sets limits that no test reaches, where limits are not the subject."""
    Plan.objects.update(in_flight=10_000, per_minute=10_000, per_day=10_000)


def ask(
    owner: Owner | None, prompt: str = "a red fox", *, network: Network | None = None,
    key: str = "", **request: Any,
) -> Job:  # fmt: skip
    """Submits, as the page and the API do."""
    asked = GridRequest(prompt=prompt, **request)
    return submit(asked, owner=owner, network=network, idempotency_key=key)


def claimed(worker: str = "easel", room: int = 9, **rooms: int) -> Job:
    """Returns the head of the next batch, which must be there."""
    batch = services.claim(worker, rooms or {"ink": room})
    assert batch is not None, "nothing waits"
    return batch.jobs[0]


def pictures_of(job: Job, blocked: Collection[int] = ()) -> tuple[list[Image], list[Rendition]]:
    """Returns what a worker delivers for a job, not yet saved."""
    images = [
        Image(job=job, position=position, seed=seed_at(job.seed, position), verdict="blocked")
        if position in blocked
        else Image(
            job=job,
            position=position,
            seed=seed_at(job.seed, position),
            verdict="unchecked",
            master=f"{job.pk}/{job.attempts}/{position}.png",
            master_sha256=f"{position:064x}",
        )
        for position in range(job.count)
    ]
    renditions = [
        Rendition(
            job=job,
            image=image,
            kind="full",
            format="webp",
            watermarked=True,
            width=job.width,
            height=job.height,
            bytes=1000,
            sha256=image.master_sha256,
            name=f"{job.pk}/{job.attempts}/{image.position}.webp",
        )
        for image in images
        if image.master
    ]
    return images, renditions


def finish(job: Job, blocked: Collection[int] = ()) -> bool:
    """Delivers a job as its worker would."""
    images, renditions = pictures_of(job, blocked)
    return services.finish(job, images, renditions, seconds=2.0)


def now_of(job: Job) -> Job:
    """Returns the row as it is now."""
    return Job.objects.get(pk=job.pk)


def lane_sums() -> dict[tuple[str, int], tuple[int, int, int]]:
    """Returns (waiting, waiting_cost, tolls) by lane, as the lanes say; empty lanes left out."""
    sums = {
        (lane.checkpoint, lane.tier): (lane.waiting, lane.waiting_cost, lane.tolls)
        for lane in Lane.objects.all()
    }
    return {lane: each for lane, each in sums.items() if any(each)}


def row_sums() -> dict[tuple[str, int], tuple[int, int, int]]:
    """Returns the same as the rows themselves say."""
    waiting = Job.objects.filter(status=Job.Status.QUEUED).order_by()
    sums = waiting.values_list("checkpoint", "tier")
    return {
        (checkpoint, tier): (jobs, cost, tolls)
        for checkpoint, tier, jobs, cost, tolls in sums.annotate(
            Count("pk"), Sum("cost"), Sum("toll")
        )
    }


def time_passes(seconds: float) -> None:
    """Makes every job older, and every lease shorter, by so many seconds."""
    gone = timedelta(seconds=seconds)
    Job.objects.update(created=F("created") - gone, lease_until=F("lease_until") - gone)
