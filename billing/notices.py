"""Mails that somebody is owed: noted with what they tell of, sent later, each once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts.models import Plan, User
from billing.amounts import money
from billing.models import Interval, Kind, Notice, Subscription

log = structlog.get_logger(__name__)

TRIES = 12
"""Each after a pause twice as long as the one before: the last one a day and a half later."""

TOLD_BEFORE = timedelta(days=3)
TOLD_OF_A_YEARS_END = timedelta(days=14)
"""Before a first payment, one for what is paused, or one that is a year after the last, so that
nobody is surprised."""


def owe(kind: Notice.Kind, key: str, user: User, **about: Any) -> None:
    """Notes a mail, once for each key."""
    Notice.objects.get_or_create(
        key=key[:120], defaults={"kind": kind, "user": user, "about": about}
    )


def tell_of(user: User, before: Mapping[str, Subscription], now: Iterable[Subscription]) -> None:
    """Notes what somebody must be told of their subscriptions.

    Args:
        user: who pays.
        before: the subscriptions as they were until this reading, by their ids.
        now: all of them after it.
    """
    moment = timezone.now()
    for one in now:
        if one.status == Subscription.Status.PAST_DUE and one.entitled:
            since = one.unpaid_since or one.period_start
            _owe_of(Notice.Kind.PAYMENT_FAILED, one, user, one.kept_until, since)
        if (less := _less(before.get(one.pk), one)) and _is_felt(one, user):
            _owe_of(less, one, user, one.period_end, one.period_start)
        if coming := _coming_payment(one, moment):
            _owe_of(coming, one, user, one.period_end, one.period_end)


def _less(was: Subscription | None, one: Subscription) -> Notice.Kind | None:
    """Which mail somebody is owed of rights that are gone, or of the end of what was paused."""
    if was is None or was.status in (*Subscription.ENDED, Subscription.Status.INCOMPLETE):
        return None
    if one.status in Subscription.ENDED:
        return Notice.Kind.ENDED
    if was.entitled and not one.entitled:
        return Notice.Kind.FROZEN if one.frozen else Notice.Kind.UNPAID
    return None


def _is_felt(one: Subscription, user: User) -> bool:
    """Whether somebody has less now: a gift, or another subscription, may go on."""
    if one.kind != Kind.PREMIUM:
        return True
    return User.objects.filter(pk=user.pk, plan=Plan.FREE).exists()


def tell_of_a_gifts_end(user: User, plan: str, day: datetime) -> None:
    """Notes that what somebody was given has ended."""
    of = {"of": plan} if plan in Kind.values else {"what": plan}
    owe(Notice.Kind.ENDED, f"gift {user.pk} {day.date()}", user, **of)


def _owe_of(
    kind: Notice.Kind, one: Subscription, user: User, day: datetime, since: datetime
) -> None:
    """One mail of a kind for each subscription and day `since`."""
    about = {"of": one.kind, "day": day.date().isoformat(), "ends": one.ends}
    about |= {"frozen": bool(one.frozen), "retried": one.status == Subscription.Status.PAST_DUE}
    price = {"amount": str(one.amount), "currency": one.currency, "interval": one.interval}
    owe(kind, f"{kind} {one.pk} {since.date()}", user, **about, **price)


def _coming_payment(one: Subscription, now: datetime) -> Notice.Kind | None:
    """Which mail somebody is owed of a payment that is near, and that they might not expect."""
    if one.ends or one.kind != Kind.PREMIUM:
        return None
    left, yearly = one.period_end - now, one.interval == Interval.YEAR
    if one.status == Subscription.Status.TRIALING and left < TOLD_BEFORE:
        return Notice.Kind.TRIAL_ENDS
    if one.status != Subscription.Status.ACTIVE or not (yearly or one.frozen):
        return None
    return Notice.Kind.RENEWS if left < (TOLD_OF_A_YEARS_END if yearly else TOLD_BEFORE) else None


def send_owed(most: int = 100) -> int:
    """Sends what is owed; returns how many. What cannot be sent is tried again.

    A try is counted before it is made: a process killed in between sends at most one mail twice.
    """
    sent, now = 0, timezone.now()
    unsent = Notice.objects.filter(sent=None, tries__lt=TRIES).select_related("user")
    for notice in [notice for notice in unsent if now >= _again_at(notice)][:most]:
        mine = Notice.objects.filter(pk=notice.pk, sent=None, tries=notice.tries)
        if not mine.update(tries=F("tries") + 1):
            continue
        if not notice.user.email or _sent(notice):
            Notice.objects.filter(pk=notice.pk).update(sent=timezone.now())
            sent += 1
    return sent


def _again_at(notice: Notice) -> datetime:
    return notice.created + timedelta(minutes=2**notice.tries - 1)


def _sent(notice: Notice) -> bool:
    with translation.override(getattr(notice.user, "language", "") or settings.LANGUAGE_CODE):
        context = {
            **notice.about,
            **_said(notice.about),
            "site": settings.SITE_NAME,
            "address": f"{settings.SITE_URL}/plans",
        }
        text = render_to_string(f"billing/mail/{notice.kind}.txt", context)
    subject, _, body = text.strip().partition("\n")
    try:
        send_mail(subject.strip(), body.strip() + "\n", None, [notice.user.email])
    except OSError as error:  # smtplib's errors are among these
        log.warning("notice.not_sent", key=notice.key, error=str(error))
        return False
    return True


def _said(about: Mapping[str, Any]) -> dict[str, Any]:
    """What a mail tells of, as the language that is on writes it."""
    said: dict[str, Any] = {}
    if "of" in about:
        said["what"] = Kind(about["of"]).label
    if "day" in about:
        said["day"] = date_format(date.fromisoformat(about["day"]), "DATE_FORMAT")
    if "amount" in about:
        price = money(Decimal(about["amount"]), about["currency"])
        said["price"] = f"{price} {Interval(about['interval']).label}"
    return said
