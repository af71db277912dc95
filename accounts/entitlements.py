"""What an owner may do. The only place that reads the columns of plans and overrides."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.limits import Allowance
from accounts.models import ApiKey, Metering, Override, Owner, Plan, User


@dataclass(frozen=True)
class Entitlements:
    """The rights of one owner, as of now."""

    plan: str
    allowance: Allowance
    largest_side: int
    images_per_grid: int
    tier: int
    weight: int
    watermark: bool
    ads: bool
    private: bool
    api: bool
    monthly_grids: int
    """Drawn by programs each month before they are metered."""
    until: datetime | None = None
    """When an exception made for this account ends; None where there is none, or no end."""


def entitlements_of(owner: Owner | None) -> Entitlements:
    """Returns the rights of an owner; None, somebody not yet known, has those of a visitor."""
    if isinstance(owner, User):
        return _of(owner.plan, _exception_for(owner))
    return _of(Plan.objects.get(name=Plan.VISITOR))


def narrowed(rights: Entitlements, key: ApiKey | None) -> Entitlements:
    """Returns the rights of a program with this key: its owner's, within the key's own limits.

    Where the owner pays by use, the program has those of the API's plan as well.
    """
    if key is None:
        return rights
    if key.live and Metering.objects.filter(user=key.user_id, on=True).exists():
        rights = _wider(rights, rights_of_plan(Plan.API))
    if key.largest_side is None:
        return rights
    return replace(rights, largest_side=min(rights.largest_side, key.largest_side))


def rights_of_plan(plan: str) -> Entitlements:
    """Returns what a plan gives, for the pages that say so."""
    return _of(Plan.objects.get(name=plan))


def with_larger_plans(owner: Owner | None) -> tuple[Entitlements, list[Entitlements]]:
    """Returns the owner's rights, and those of the plans that a person could go on to, in order."""
    ladder = (Plan.VISITOR, Plan.FREE, Plan.PREMIUM)
    own = (owner.plan_id if isinstance(owner, User) else None) or Plan.VISITOR
    plans = {plan.name: plan for plan in Plan.objects.filter(name__in={*ladder, own})}
    above = ladder[ladder.index(own) + 1 :] if own in ladder else ()
    override = _exception_for(owner) if isinstance(owner, User) else None
    return _of(plans[own], override), [_of(plans[name]) for name in above]


def network_allowance() -> Allowance:
    """Returns what all owners behind one address may ask for together."""
    return _of(Plan.objects.get(name=Plan.NETWORK)).allowance


def _wider(own: Entitlements, other: Entitlements) -> Entitlements:
    """The better of both, right by right."""
    mine, theirs = own.allowance, other.allowance
    return replace(
        own,
        allowance=Allowance(
            max(mine.in_flight, theirs.in_flight),
            max(mine.per_minute, theirs.per_minute),
            max(mine.per_day, theirs.per_day),
        ),
        largest_side=max(own.largest_side, other.largest_side),
        images_per_grid=max(own.images_per_grid, other.images_per_grid),
        tier=min(own.tier, other.tier),
        weight=max(own.weight, other.weight),
        watermark=own.watermark and other.watermark,
        private=own.private or other.private,
        monthly_grids=max(own.monthly_grids, other.monthly_grids),
    )


def _exception_for(user: User) -> Override | None:
    override: Override | None = getattr(user, "override", None)
    if override is None or (override.until is not None and override.until <= timezone.now()):
        return None
    return override


def _of(plan: Plan, override: Override | None = None) -> Entitlements:
    def column(name: str) -> Any:
        exception = getattr(override, name, None)
        return getattr(plan, name) if exception is None else exception

    return Entitlements(
        plan=plan.name,
        allowance=Allowance(column("in_flight"), column("per_minute"), column("per_day")),
        largest_side=column("largest_side"),
        images_per_grid=column("images_per_grid"),
        tier=column("tier"),
        weight=column("weight"),
        watermark=column("watermark"),
        ads=column("ads"),
        private=column("private"),
        api=column("api"),
        monthly_grids=column("monthly_grids"),
        until=override.until if override else None,
    )
