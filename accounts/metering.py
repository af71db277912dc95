"""Grids drawn by programs: how many a month includes, who pays for the rest, and up to where.

A month is a month of the calendar, in UTC. What a program drew is written in the transaction that
delivers it, and then it is settled as well whether it is paid for: nothing is counted again later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import models

from accounts.entitlements import Entitlements, entitlements_of, rights_of_plan
from accounts.models import Metering, Plan, Usage, User

BY_PROGRAMS = models.Q(api_key__isnull=False) | ~models.Q(bill=Usage.Bill.NONE)
"""Of usage: what programs drew. The key may be gone by now."""


class Beyond(StrEnum):
    """Which limit of the month is reached."""

    INCLUDED = "included"
    CAP = "cap"


@dataclass(frozen=True)
class Month:
    """What somebody's programs drew this month, and may draw."""

    used: int
    included: int
    paid: int
    cap: int | None
    """Paid grids at most; None for who does not pay by use."""

    def beyond(self, underway: int = 0) -> Beyond | None:
        """Returns the limit that one more grid would break, or None.

        Args:
            underway: grids that wait or are being drawn, which will count when they are delivered.
        """
        if self.used + underway < self.included:
            return None
        if self.cap is None:
            return Beyond.INCLUDED
        free_yet = max(0, self.included - self.used)
        return Beyond.CAP if self.paid + max(0, underway - free_yet) >= self.cap else None


def month_start(now: datetime) -> datetime:
    """Returns the beginning of the month."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_end(now: datetime) -> datetime:
    """Returns the beginning of the next month, when all that it includes is there again."""
    return month_start(month_start(now) + timedelta(days=31))


def month_of(user: User, rights: Entitlements, now: datetime) -> Month | None:
    """Returns somebody's month; None where billing is off, and the month limits nothing."""
    if not settings.STRIPE_SECRET_KEY:
        return None
    drawn = _drawn(user.pk, now)
    metering = Metering.objects.filter(user=user, on=True).first()
    return Month(
        used=drawn.count(),
        included=rights.monthly_grids,
        paid=drawn.exclude(bill=Usage.Bill.NONE).count(),
        cap=metering.cap if metering else None,
    )


def pays_by_use(user: User) -> bool:
    """Returns whether somebody's programs are metered now."""
    return Metering.objects.filter(user=user, on=True).exists()


def switch(user: User, *, on: bool) -> None:
    """Turns paying by use on or off; the cap somebody chose stays."""
    changed = Metering.objects.filter(user=user).update(on=on)
    if on and not changed:
        Metering.objects.create(user=user, on=True)


def set_cap(user: User, cap: int) -> bool:
    """Sets the most paid grids of a month; False for who does not pay by use."""
    return bool(Metering.objects.filter(user=user, on=True).update(cap=cap))


def take_turn(user_id: int | None) -> None:
    """Makes deliveries to one account's programs take turns, so that each is counted after another.

    The caller is in a transaction and has locked nothing yet: owners come before jobs.
    """
    if user_id is not None and settings.STRIPE_SECRET_KEY:
        User.objects.select_for_update().filter(pk=user_id).first()


def record(
    *,
    job_id: UUID,
    user_id: int | None,
    visitor: bool,
    api_key_id: int | None,
    images: int,
    pixel_steps: int,
    seconds: float,
    now: datetime,
) -> None:
    """Writes what was delivered, and whether it is paid for, in the caller's transaction."""
    user = User.objects.select_related("plan").filter(pk=user_id).first() if user_id else None
    Usage.objects.create(
        job_id=job_id,
        user=user,
        api_key_id=api_key_id,
        plan=Plan.VISITOR if visitor else user.plan.name if user else "",
        bill=_bill(user, now) if user and api_key_id else Usage.Bill.NONE,
        images=images,
        pixel_steps=pixel_steps,
        seconds=seconds,
    )


def _bill(user: User, now: datetime) -> str:
    if not pays_by_use(user):
        return Usage.Bill.NONE
    included = max(entitlements_of(user).monthly_grids, rights_of_plan(Plan.API).monthly_grids)
    return Usage.Bill.DUE if _drawn(user.pk, now).count() >= included else Usage.Bill.NONE


def _drawn(user_id: int, now: datetime) -> models.QuerySet[Usage]:
    return Usage.objects.filter(BY_PROGRAMS, user=user_id, created__gte=month_start(now))
