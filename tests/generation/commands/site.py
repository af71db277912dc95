"""A site that has been running for a while: a job in every state, and their files."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from accounts.models import User, Visitor
from generation import services
from generation.errors import Failure
from generation.images import files
from generation.models import ATTEMPTS, Job, Worker
from tests.generation.queue.cast import (
    a_network,
    a_user,
    a_visitor,
    allow_everything,
    ask,
    claimed,
    pictures_of,
)


@dataclass(frozen=True)
class Site:
    """Who was there and what they asked for."""

    alice: User
    bob: Visitor
    done: Job
    """Bob's, of three images, the last one held back."""
    paid: Job
    """Alice's, who has Premium."""
    held_back: Job
    failed: Job
    cancelled: Job
    erased: Job
    waiting: Job
    waiting_too: Job
    running: Job
    worker: Worker


def a_site() -> Site:
    """Returns a site with a job in every state, each brought there by the services."""
    allow_everything()
    alice, bob, network = a_user("alice", "premium"), a_visitor(), a_network()
    done = _delivered(ask(bob, "a red fox", network=network, count=3, key="one"), blocked=[2])
    paid = _delivered(ask(alice, "a lighthouse", count=2))
    held_back = _delivered(ask(bob, "a crowd", count=2), blocked=[0, 1])
    erased = _delivered(ask(bob, "a secret", count=1, key="two"))
    files.forget(erased)
    failed = ask(bob, "a broken clock", count=1)
    for _ in range(ATTEMPTS):
        services.fail(claimed(), Failure.DRAWING_FAILED)
    cancelled = ask(bob, "a mistake", count=1)
    services.cancel(cancelled)
    running = ask(alice, "a bridge", count=4)
    claimed()
    return Site(
        alice=alice,
        bob=bob,
        done=done,
        paid=paid,
        held_back=held_back,
        failed=failed,
        cancelled=cancelled,
        erased=erased,
        waiting=ask(bob, "a paper boat", count=3),
        waiting_too=ask(bob, "a paper plane", count=2),
        running=running,
        worker=_a_worker(),
    )


def _delivered(job: Job, blocked: Collection[int] = ()) -> Job:
    """Takes a job through a worker's hands, with files that are small and no pictures."""
    job = claimed()
    images, renditions = pictures_of(job, blocked)
    for image in images:
        if image.master:
            image.master_sha256 = _stored("masters", image.master)
    for rendition in renditions:
        rendition.sha256 = _stored("default", rendition.name)
    assert services.finish(job, images, renditions, seconds=2.0)
    return job


def _stored(alias: str, name: str) -> str:
    content = f"the content of {name}".encode()
    assert storages[alias].save(name, ContentFile(content)) == name
    return hashlib.sha256(content).hexdigest()


def _a_worker() -> Worker:
    now = timezone.now()
    return Worker.objects.create(
        id="easel:1:abc", kind="paint", host="easel", pid=1, checkpoints=["ink"], state="ready",
        started=now - timedelta(hours=1), seen_at=now,
    )  # fmt: skip
