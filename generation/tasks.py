"""Thin Celery tasks."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from celery import shared_task

from generation import broker, services
from generation.audit import stored_files
from generation.programs import practice, sending
from generation.queue import deletion
from generation.safety import reports

log = structlog.get_logger(__name__)

BELL_RESTS = 5.0
"""Seconds without a ring after the broker did not answer: submits must not wait for it."""


@dataclass
class Doorbell:
    """Announces work, and lets a drawing worker say what it does when it hears it."""

    answer: Callable[[], None] | None = None
    silent_until: float = 0.0


doorbell = Doorbell()


def ring(checkpoint: str) -> None:
    """Rings for a checkpoint's workers. Nothing depends on it: their ticker looks as well."""
    if time.monotonic() < doorbell.silent_until:
        return
    try:
        drain.apply_async(queue=f"draw.{checkpoint}", expires=30, retry=False, ignore_result=True)
    except broker.AWAY as error:
        doorbell.silent_until = time.monotonic() + BELL_RESTS
        log.warning("doorbell.silent", error=str(error))


@shared_task(name="generation.drain")
def drain() -> None:
    """There may be work. Only drawing workers are on the queues that carry this."""
    if doorbell.answer is not None:
        doorbell.answer()


@shared_task(name="generation.send_callbacks")
def send_callbacks() -> None:
    """Tells programs what became of their generations, as far as it is due."""
    sending.send_due()


@shared_task(name="generation.sweep")
def sweep() -> None:
    """Sends jobs back to the queue whose worker is gone, even when every worker is gone."""
    services.sweep()


@shared_task(name="generation.erase_tests")
def erase_tests() -> None:
    """Takes away what test keys drew yesterday and before."""
    practice.erase_old()


@shared_task(name="generation.purge")
def purge() -> None:
    """Takes the rows of erased grids away that count no more."""
    services.purge()


@shared_task(name="generation.erase_deleted")
def erase_deleted() -> None:
    """Erases the grids whose deletion can be undone no more."""
    deletion.erase_due()


@shared_task(name="generation.delete_orphans")
def delete_orphans() -> None:
    """Takes files away that deliveries killed halfway, or deletions refused, left behind."""
    log.info("files.orphans_deleted", files=stored_files.delete_orphans())


@shared_task(
    name="generation.mail_reports", autoretry_for=(OSError,), retry_backoff=30, max_retries=5
)
def mail_reports() -> None:
    """Mails the admins what was reported; the clock calls it as well, whatever became of a ring."""
    log.info("reports.mailed", reports=reports.mail())


def ring_for_reports() -> None:
    """Rings for the chores; nothing depends on it, since the clock calls them as well."""
    try:
        mail_reports.apply_async(expires=300, retry=False)
    except broker.AWAY as error:
        log.warning("doorbell.silent", error=str(error))
