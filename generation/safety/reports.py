"""What people report, from their word to a decision."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Network, User
from generation import clock
from generation.errors import GenerationError
from generation.models import Job, Report

HOUR = timedelta(hours=1)
AN_HOUR = 10
"""Reports from one network in an hour: a person, not a machine."""

STILL_NEWS = timedelta(days=7)
"""A report that could not be mailed for so long is in the table all the same."""


class TooManyReports(GenerationError):
    """Too many reports came from this network."""

    code = "too_many_reports"
    status = 429


@dataclass(frozen=True)
class Word:
    """What somebody says of a grid."""

    reason: Report.Reason
    text: str = ""
    email: str = ""


def report(job: Job, word: Word, network: Network) -> Report:
    """Returns the report as kept; the same word from the same network is kept once.

    Raises:
        TooManyReports: the network has reported enough for this hour.
    """
    with transaction.atomic():
        # Reports of one network take turns, or a burst would pass the limit together.
        Network.objects.select_for_update().get(pk=network.pk)
        now = clock.now()
        lately = Report.objects.filter(network=network, created__gt=now - HOUR)
        said = {"job_id": job.pk, "reason": word.reason, "text": word.text, "email": word.email}
        if earlier := lately.filter(**said).first():
            return earlier
        if lately.count() >= AN_HOUR:
            oldest = lately.order_by("created").values_list("created", flat=True)[0]
            wait = round((oldest + HOUR - now).total_seconds())
            raise TooManyReports(
                _("That is enough reports from your network for an hour. Thank you; we read all."),
                retry_after=max(1, wait),
            )
        return Report.objects.create(network=network, created=now, **said)


def decide(grids: Iterable[UUID], *, uphold: bool, by: User) -> int:
    """Upholds the reports of grids and hides these, or dismisses them and shows the grids again.

    Returns how many reports were decided; those that said so already are not decided anew.
    """
    now, grids = clock.now(), set(grids)
    state = Report.State.UPHELD if uphold else Report.State.DISMISSED
    with transaction.atomic():
        Job.objects.filter(pk__in=grids).update(hidden=now if uphold else None)
        rows = Report.objects.filter(job_id__in=grids).exclude(state=state)
        return rows.update(state=state, decided=now, decided_by=by)


def mail() -> int:
    """Mails the admins what was reported and not mailed yet; returns how many were.

    Raises:
        OSError: the mail could not be sent. What was not is mailed by the next call.
    """
    recipients = [address for _, address in settings.ADMINS]
    if not recipients:
        return 0
    waiting = Report.objects.filter(mailed__isnull=True, created__gt=clock.now() - STILL_NEWS)
    sent = 0
    for report in waiting.order_by("created"):
        _letter(report, recipients).send()
        # After the mail: one that was killed in between is mailed twice, not never.
        sent += Report.objects.filter(pk=report.pk).update(mailed=clock.now())
    return sent


def _letter(report: Report, recipients: list[str]) -> EmailMessage:
    grid = f"{settings.SITE_URL}{reverse('grid', args=[report.job_id])}"
    change = f"{settings.SITE_URL}{reverse('admin:generation_report_change', args=[report.pk])}"
    host = urlsplit(settings.SITE_URL).hostname
    lines = [
        f"Reason: {report.get_reason_display()}",
        f"Grid: {grid}",
        f"Decide: {change}",
        f"Answer to: {report.email or 'nobody, no address was given'}",
        "",
        report.text,
    ]
    return EmailMessage(
        subject=f"[{settings.SITE_NAME}] A grid was reported: {report.get_reason_display()}",
        body="\n".join(lines),
        to=recipients,
        # One id a report, so that a second copy is known as one.
        headers={"Message-ID": f"<report-{report.pk}@{host}>"},
    )
