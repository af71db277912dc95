"""What the first page shows: the form with what it offers, what is left, what was drawn."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.entitlements import Entitlements, with_larger_plans
from accounts.models import Owner, Plan
from generation import catalogue, clock
from generation.checkpoints import Checkpoint
from generation.models import Job
from generation.queue import admission, workers
from generation.queue.busyness import busyness
from generation.site.forms import DrawForm, offer_of
from generation.site.known_words import unknown_words
from generation.site.pages import wait_said

HISTORY = 4
"""Grids shown."""

FIELDS_UNDER_MORE = ("checkpoint", "count", "size", "seed", "negative_prompt", "visibility")


@dataclass(frozen=True)
class Drawn:
    """A grid as the first page shows it."""

    pk: UUID
    prompt: str
    status: str
    created: datetime
    positions: list[tuple[int, bool]] = field(default_factory=list)
    """Each with whether there is a picture at it."""

    def get_status_display(self) -> str:
        return str(Job.Status(self.status).label)


@dataclass(frozen=True)
class Left:
    """What is left of a day's allowance."""

    grids: int
    of: int


def context_of(owner: Owner | None, form: DrawForm) -> dict[str, Any]:
    """Returns what the first page's template needs, in few queries whatever the history."""
    now = clock.now()
    rights, larger = with_larger_plans(owner)
    checkpoints = list(catalogue.offered().values())
    chosen = _chosen(form, checkpoints)
    history = history_of(owner)
    busy = busyness(chosen.name, rights.tier)
    return {
        "form": form,
        "offer": offer_of(checkpoints, rights, larger),
        "checkpoint": chosen,
        "left": left_of(owner, rights, now),
        "paid": rights.tier == Plan.Tier.PAID,
        "history": history,
        "last_prompt": history[0].prompt if history else "",
        "chosen_count": str(form["count"].value() or 9),
        "more_open": any(form[name].value() for name in FIELDS_UNDER_MORE),
        "busy": busy if busy.worth_saying else None,
        "busy_for": wait_said(busy.wait),
        "crew": workers.recent_crew_of(chosen.name).name,
        "unknown": unknown_words(chosen, form["prompt"].value() or ""),
        "ads": rights.ads,
    }


def left_of(owner: Owner | None, rights: Entitlements, now: datetime) -> Left:
    """Returns what is left of the owner's day; a newcomer has all of it."""
    most = rights.allowance.per_day
    if owner is None:
        return Left(most, most)
    grids = admission.jobs_of(owner).filter(redraws__isnull=True)
    return Left(max(0, most - admission.counted_today(grids, now).count()), most)


def history_of(owner: Owner | None) -> list[Drawn]:
    """Returns the owner's latest grids, finished or on their way, with their pictures."""
    if owner is None:
        return []
    kept = Job.LISTED & Q(status__in=(Job.Status.SUCCEEDED, *Job.OPEN))
    newest = admission.jobs_of(owner).filter(kept).order_by("-created", "-pk")
    rows = (
        Job.objects.filter(pk__in=newest.values("pk")[:HISTORY])
        .order_by("-created", "-pk", "images__position")
        .values_list("pk", "prompt", "status", "created", "images__position", "images__master")
    )
    found: dict[UUID, Drawn] = {}
    for pk, prompt, status, created, position, master in rows:
        drawn = found.setdefault(pk, Drawn(pk, prompt, status, created))
        if position is not None:
            drawn.positions.append((position, bool(master)))
    return list(found.values())


def _chosen(form: DrawForm, checkpoints: Iterable[Checkpoint]) -> Checkpoint:
    """The checkpoint that the form names, else the default."""
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints}
    default = next(iter(by_name.values()))
    return by_name.get(form["checkpoint"].value() or "", default)
