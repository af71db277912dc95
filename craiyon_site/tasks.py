"""Thin Celery tasks of what touches several apps."""

import structlog
from celery import shared_task

from craiyon_site import exports, retention
from generation import broker

log = structlog.get_logger(__name__)


@shared_task(name="craiyon_site.forget")
def forget() -> None:
    """Forgets what is old: addresses, visitors' grids, sessions, exports."""
    log.info("retention", **retention.forget())


@shared_task(name="craiyon_site.pack_exports")
def pack_exports() -> None:
    """Packs what people asked for of their accounts."""
    exports.pack_waiting()


def ring_for_exports() -> None:
    """Rings for the chores; nothing depends on it, since they look every minute as well."""
    try:
        pack_exports.apply_async(expires=60, retry=False)
    except broker.AWAY as error:
        log.warning("doorbell.silent", error=str(error))
