"""What a refusal leads to: the grid that is in the way, and the plans that give more."""

from dataclasses import dataclass
from typing import Any

from accounts.entitlements import Entitlements, with_larger_plans
from accounts.models import Owner, Plan
from generation.errors import GenerationError, LimitReached
from generation.models import Job
from generation.queue import admission
from generation.site.forms import plan_title
from generation.site.pages import duration


@dataclass(frozen=True)
class Larger:
    """A plan that gives more grids a day, for somebody whose own are used up."""

    plan: str
    said: str
    per_day: int


def context_of(owner: Owner | None, refusal: GenerationError) -> dict[str, Any]:
    """Returns what `generation/refusal.html` shows, on whatever page something was refused."""
    limit = refusal if isinstance(refusal, LimitReached) else None
    return {
        "refusal": refusal,
        "again_in": duration(refusal.retry_after) if refusal.retry_after else "",
        "open_job": _open_job(owner, limit) if limit else None,
        "larger": _larger(owner, limit) if limit else [],
    }


def _open_job(owner: Owner | None, limit: LimitReached) -> Job | None:
    """The grid that is in the way of another one, to lead its owner there."""
    if owner is None or limit.retry_after:
        return None
    waits = admission.jobs_of(owner).filter(Job.LISTED, status__in=Job.OPEN)
    return waits.order_by("-created", "-pk").first()


def _larger(owner: Owner | None, limit: LimitReached) -> list[Larger]:
    rights, plans = with_larger_plans(owner)
    return [
        Larger(plan.plan, plan_title(plan.plan), plan.allowance.per_day)
        for plan in plans
        if plan.allowance.per_day > rights.allowance.per_day and _helps(plan, limit)
    ]


def _helps(plan: Entitlements, limit: LimitReached) -> bool:
    """What a network shares, free accounts share too: paying alone leads out of it."""
    return not limit.shared or plan.tier == Plan.Tier.PAID
