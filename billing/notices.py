"""Mails that somebody is owed: noted with what they tell of, sent later, each once."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import User
from billing.models import Notice, Subscription

log = structlog.get_logger(__name__)

TRIES = 10


def owe(kind: Notice.Kind, key: str, user: User, **about: Any) -> None:
    """Notes a mail, once for each key."""
    Notice.objects.get_or_create(
        key=key[:120], defaults={"kind": kind, "user": user, "about": about}
    )


def tell_of(user: User, before: set[str], now: Iterable[Subscription]) -> None:
    """Notes what somebody must be told of their subscriptions.

    Args:
        user: who pays.
        before: the subscriptions that gave rights until this reading.
        now: all of them after it.
    """
    for one in now:
        about = {"what": str(one), "day": one.period_end.date().isoformat()}
        if one.status == Subscription.Status.PAST_DUE:
            until = one.period_start + timedelta(days=settings.PAYMENT_GRACE_DAYS)
            key = f"payment_failed {one.pk} {one.period_start.date()}"
            about["day"] = until.date().isoformat()
            owe(Notice.Kind.PAYMENT_FAILED, key, user, **about)
        if one.pk in before and not one.entitled:
            kind = Notice.Kind.FROZEN if one.frozen else Notice.Kind.ENDED
            owe(kind, f"{kind} {one.pk} {one.period_start.date()}", user, **about)


def send_owed(most: int = 100) -> int:
    """Sends what is owed; returns how many. What cannot be sent is tried again.

    A try is counted before it is made: a process killed in between sends at most one mail twice.
    """
    sent = 0
    for notice in Notice.objects.filter(sent=None, tries__lt=TRIES).select_related("user")[:most]:
        mine = Notice.objects.filter(pk=notice.pk, sent=None, tries=notice.tries)
        if not mine.update(tries=F("tries") + 1):
            continue
        if not notice.user.email or _sent(notice):
            Notice.objects.filter(pk=notice.pk).update(sent=timezone.now())
            sent += 1
    return sent


def _sent(notice: Notice) -> bool:
    with translation.override(getattr(notice.user, "language", "") or settings.LANGUAGE_CODE):
        context = {
            **notice.about,
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
