"""What an owner may do. The only place that reads the columns of a plan."""

from dataclasses import dataclass, replace

from accounts.limits import Allowance
from accounts.models import ApiKey, Owner, Plan, User


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


def entitlements_of(owner: Owner | None) -> Entitlements:
    """Returns the rights of an owner; None, somebody not yet known, has those of a visitor."""
    if isinstance(owner, User):
        return _of(owner.plan)
    return _of(Plan.objects.get(name=Plan.VISITOR))


def narrowed(rights: Entitlements, key: ApiKey | None) -> Entitlements:
    """Returns the rights that are left to a program with this key: never more than its owner's."""
    if key is None or key.largest_side is None:
        return rights
    return replace(rights, largest_side=min(rights.largest_side, key.largest_side))


def rights_of_plan(plan: str) -> Entitlements:
    """Returns what a plan gives, for the pages that say so."""
    return _of(Plan.objects.get(name=plan))


def network_allowance() -> Allowance:
    """Returns what all owners behind one address may ask for together."""
    return _of(Plan.objects.get(name=Plan.NETWORK)).allowance


def _of(plan: Plan) -> Entitlements:
    return Entitlements(
        plan=plan.name,
        allowance=Allowance(plan.in_flight, plan.per_minute, plan.per_day),
        largest_side=plan.largest_side,
        images_per_grid=plan.images_per_grid,
        tier=plan.tier,
        weight=plan.weight,
        watermark=plan.watermark,
        ads=plan.ads,
        private=plan.private,
    )
