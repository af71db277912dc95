"""How long pipeline calls take, learned from those that were made."""

from typing import Any

from django.db import transaction

from generation import scheduling
from generation.checkpoints import Checkpoint
from generation.models import Pace


def observe(
    worker_kind: str,
    checkpoint: str,
    *,
    width: int,
    height: int,
    steps: int,
    images: int,
    seconds: float,
) -> None:
    """Learns from one pipeline call."""
    key: dict[str, Any] = {
        "worker_kind": worker_kind,
        "checkpoint": checkpoint,
        "width": width,
        "height": height,
        "steps": steps,
    }
    with transaction.atomic():
        Pace.objects.get_or_create(**key)
        row = Pace.objects.select_for_update().get(**key)
        learned = of(row).observed(images, seconds)
        row.weight, row.images, row.seconds = learned.weight, learned.images, learned.seconds
        row.images_squared, row.images_seconds = learned.images_squared, learned.images_seconds
        row.save()


def expected_seconds(
    worker_kind: str, checkpoint: str, *, width: int, height: int, steps: int, images: int
) -> float | None:
    """Returns how long a call will take, or None when no such call was made yet."""
    row = Pace.objects.filter(
        worker_kind=worker_kind, checkpoint=checkpoint, width=width, height=height, steps=steps
    ).first()
    return of(row).seconds_for(images) if row else None


def speeds(checkpoint: Checkpoint) -> dict[str, float]:
    """Returns pixel-steps a second by kind of worker, at the size on offer that it is slowest at.

    A size that is not on offer any more, and the first call of a size, which takes longer than any
    after it, count only where nothing better is known of a kind of worker: a size that is asked for
    once must not slow every quote down.
    """
    poorly: dict[str, float] = {}
    well: dict[str, float] = {}
    for row in Pace.objects.filter(checkpoint=checkpoint.name):
        if images := of(row).images_a_second:
            speed = images * scheduling.cost_of(1, row.width, row.height, row.steps)
            size = (row.width, row.height)
            on_offer = size in checkpoint.sizes and row.steps == checkpoint.steps
            found = well if on_offer and row.weight > 1 else poorly
            found[row.worker_kind] = min(speed, found.get(row.worker_kind, speed))
    return poorly | well


def of(row: Pace) -> scheduling.Pace:
    """Returns the learned line that a row keeps."""
    return scheduling.Pace(
        row.weight, row.images, row.seconds, row.images_squared, row.images_seconds
    )
