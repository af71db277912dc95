"""Tells callbacks what is due: signed, again and again for a day, and every try on record."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import close_old_connections, connection, transaction
from rest_framework.renderers import JSONRenderer
from standardwebhooks import Webhook

from generation import clock
from generation.api import represent
from generation.models import Attempt, Delivery, Job
from generation.programs import callbacks, outside

log = structlog.get_logger(__name__)

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 2 * 3600, 4 * 3600, 6 * 3600, 11 * 3600)
)
"""Between one try and the next: nine tries within a day."""

LEASE = timedelta(seconds=60)
"""After which a try whose sender was killed is made again."""

AT_ONCE = 8
GONE = 410
"""The receiver wants nothing any more (Standard Webhooks): the callback is paused."""


def send_due(*, most: int = 200) -> int:
    """Returns how many due deliveries were tried. Any number of processes may send at once."""
    due = Delivery.objects.filter(state=Delivery.State.DUE, due__lte=clock.now())
    waiting = list(due.order_by("due").values_list("pk", "due")[:most])
    if len(waiting) <= 1:
        return sum(_send(pk, moment) for pk, moment in waiting)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return sum(threads.map(lambda one: _in_thread(*one), waiting))


def message_of(delivery: Delivery) -> bytes:
    """Returns what is said, of the generation as it is by now."""
    content: bytes = JSONRenderer().render(
        {
            "type": delivery.event,
            "timestamp": delivery.created,
            "data": _data(delivery),
        }
    )
    return content


def headers_of(delivery: Delivery, content: bytes, now: datetime) -> dict[str, str]:
    """Returns the head of a delivery, signed by Standard Webhooks with each secret of now."""
    callback = delivery.callback
    secrets = [callback.secret]
    if callback.former_until and callback.former_until > now:
        secrets.extend(callback.former_secrets)
    signed = [Webhook(secret).sign(str(delivery.pk), now, content.decode()) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": f"{settings.SITE_NAME}-callbacks",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }


def _in_thread(pk: UUID, moment: datetime) -> int:
    close_old_connections()
    try:
        return _send(pk, moment)
    finally:
        connection.close()


def _send(pk: UUID, moment: datetime) -> int:
    """Tries once, unless another sender has taken it meanwhile."""
    mine = Delivery.objects.filter(pk=pk, state=Delivery.State.DUE, due=moment)
    lease = clock.now() + LEASE
    if not mine.update(due=lease):
        return 0
    delivery = Delivery.objects.select_related("callback").get(pk=pk)
    began = time.monotonic()
    status, error = _tried(delivery)
    _note(delivery, lease, status, error, round(1000 * (time.monotonic() - began)))
    return 1


def _tried(delivery: Delivery) -> tuple[int | None, str]:
    try:
        content = message_of(delivery)
        headers = headers_of(delivery, content, clock.now())
        return outside.post(delivery.callback.url, content, headers), ""
    except outside.Unreachable as error:
        return None, str(error)
    except Exception as error:
        # Else nothing would be on record, and the same would be tried every minute for ever.
        log.exception("callback.not_sent", delivery=str(delivery.pk))
        return None, type(error).__name__


def _note(delivery: Delivery, lease: datetime, status: int | None, error: str, ms: int) -> None:
    """Puts a try on record, and what it came to unless the delivery was made due anew meanwhile."""
    now = clock.now()
    arrived = status is not None and 200 <= status < 300
    tries = delivery.attempts + 1
    columns: dict[str, Any] = {"attempts": tries}
    if arrived:
        columns["state"] = Delivery.State.DELIVERED
    elif status == GONE or tries > len(WAITS):
        columns["state"] = Delivery.State.FAILED
    else:
        columns["due"] = now + WAITS[tries - 1]
    with transaction.atomic():
        row = Delivery.objects.filter(pk=delivery.pk)
        if row.select_for_update().first() is None:
            return  # removed with its callback, while the try was under way
        Attempt.objects.create(delivery=delivery, at=now, status=status, error=error[:200], ms=ms)
        row.filter(state=Delivery.State.DUE, due=lease).update(**columns)
    if status == GONE:
        callbacks.pause(delivery.callback, paused=True)
    log.info("callback.tried", delivery=str(delivery.pk), status=status, ms=ms, arrived=arrived)


def _data(delivery: Delivery) -> dict[str, Any]:
    if delivery.generation is None:
        return {"callback": str(delivery.callback_id)}
    kept = Job.objects.select_related("user__plan").filter(
        pk=delivery.generation, deleted__isnull=True, erased__isnull=True
    )
    job = kept.first()
    if job is None:
        return {"id": str(delivery.generation), "object": "generation", "status": "deleted"}
    return represent.generation(job, lambda path: f"{settings.SITE_URL}{path}")
