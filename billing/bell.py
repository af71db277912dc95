"""A doorbell for the chores: it saves a minute of waiting, and nothing depends on it."""

import time

import structlog
from amqp.exceptions import AMQPError
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

RESTS = 5.0
"""Seconds without a ring after the broker did not answer: Stripe and people must not wait."""

_silent_until = 0.0


def ring() -> None:
    """Has the chores look for customers to read, and mails to send."""
    global _silent_until  # noqa: PLW0603  (one bell a process)
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task("billing.look", expires=60, retry=False, ignore_result=True)
    except (OperationalError, AMQPError, OSError) as error:
        _silent_until = time.monotonic() + RESTS
        log.warning("doorbell.silent", error=str(error))
