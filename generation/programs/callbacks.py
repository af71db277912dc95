"""Callbacks: who wants to be told what, and what is due to be told."""

import base64
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from celery import current_app
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from generation import broker, clock
from generation.errors import RequestRefused
from generation.models import Callback, Delivery, Job
from generation.programs import outside

log = structlog.get_logger(__name__)

EVENTS = {
    Job.Status.SUCCEEDED: "generation.succeeded",
    Job.Status.FAILED: "generation.failed",
    Job.Status.CANCELLED: "generation.cancelled",
}
ALL_EVENTS = tuple(EVENTS.values())
TEST = "callback.test"

MOST_CALLBACKS = 10
"""Addresses of one account."""

OVERLAP = timedelta(hours=24)
"""For so long a rotated secret signs beside its successor."""

MOST_FORMER = 5

BELL_RESTS = 5.0
"""Seconds without a ring after the broker did not answer."""


@dataclass
class _Bell:
    silent_until: float = 0.0


_bell = _Bell()


def add(user: User, url: str, events: Sequence[str] = ALL_EVENTS) -> Callback:
    """Returns a new callback, whose secret is to be shown once.

    Raises:
        RequestRefused: the address cannot be called from here, or there are too many.
    """
    try:
        outside.refuse_obviously(url)
    except outside.Unreachable as error:
        raise RequestRefused(_("This address cannot be called: %s.") % error) from None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if user.callbacks.count() >= MOST_CALLBACKS:
            raise RequestRefused(_("You have %d callbacks; remove one first.") % MOST_CALLBACKS)
        chosen = [event for event in ALL_EVENTS if event in events]
        return Callback.objects.create(user=user, url=url, events=chosen, secret=_new_secret())


def rotate(callback: Callback) -> Callback:
    """Gives a callback a new secret. The former one signs as well for a day.

    So do those before it that still sign: an answer that was lost, and asked for again, must not
    leave the receiver with a secret that signs no more.
    """
    with transaction.atomic():
        callback.refresh_from_db(from_queryset=Callback.objects.select_for_update())
        signing = callback.former_secrets if callback.former_signs else []
        callback.former_secrets = [callback.secret, *signing][:MOST_FORMER]
        callback.secret = _new_secret()
        callback.former_until = clock.now() + OVERLAP
        callback.save(update_fields=("secret", "former_secrets", "former_until"))
    return callback


def remove(callback: Callback) -> None:
    """Forgets a callback with its deliveries. A job that ends just now tells it before, or not."""
    with transaction.atomic():
        Callback.objects.select_for_update().filter(pk=callback.pk).first()
        callback.delete()


def pause(callback: Callback, *, paused: bool) -> None:
    """Stops telling an address, or goes on with it.

    What happens meanwhile is not told later, and what was still to be told is given up.
    """
    state = Callback.State.PAUSED if paused else Callback.State.ACTIVE
    with transaction.atomic():
        Callback.objects.filter(pk=callback.pk).update(state=state)
        if paused:
            due = Delivery.objects.filter(callback=callback, state=Delivery.State.DUE)
            due.update(state=Delivery.State.FAILED)


def test(callback: Callback) -> Delivery:
    """Returns a delivery that says nothing but that deliveries arrive."""
    return _due(callback, TEST, None)


def redeliver(delivery: Delivery) -> Delivery:
    """Makes a delivery due again, under the same id, whatever became of it before."""
    now = clock.now()
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.DUE, due=now, since=now, attempts=0
    )
    transaction.on_commit(ring)
    delivery.refresh_from_db()
    return delivery


def note(job: Job, status: str) -> None:
    """Makes the end of a program's job due to be told, in the transaction that ends it."""
    if job.api_key_id is None or job.user_id is None or status not in EVENTS:
        return
    event = EVENTS[Job.Status(status)]
    listening = Callback.objects.filter(user_id=job.user_id, state=Callback.State.ACTIVE)
    # Locked, so that none is removed before the delivery that names it is there.
    for callback in listening.select_for_update(no_key=True).order_by("pk"):
        if event in callback.events:
            _due(callback, event, job.pk)


def ring() -> None:
    """Tells the chores that something is due. Nothing depends on it: their clock looks as well."""
    if time.monotonic() < _bell.silent_until:
        return
    try:
        current_app.send_task("generation.send_callbacks", expires=30, retry=False)
    except broker.AWAY as error:
        _bell.silent_until = time.monotonic() + BELL_RESTS
        log.warning("callbacks.bell_silent", error=str(error))


def _due(callback: Callback, event: str, generation: UUID | None) -> Delivery:
    now = clock.now()
    delivery = Delivery.objects.create(
        callback=callback, event=event, generation=generation, due=now, since=now
    )
    transaction.on_commit(ring)
    return delivery


def _new_secret() -> str:
    """In the form of Standard Webhooks, 192 bits."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
