"""Calls that wait, and retries that find the job they are about.

The client of OpenAI's gives up on a call after its own time limit, or takes our 503 for an answer,
and asks again with the same body. That must neither draw nor cost a second time. So a retry joins
the oldest job of the same key and body that was not delivered and for which nobody waits.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import ApiKey
from generation import clock, submission
from generation.api.generations import draw
from generation.models import Call, Job
from generation.submission import GridRequest

JOINED_FOR = timedelta(minutes=30)
"""A retry does not come later than that."""


def body_hash(body: Any) -> str:
    """Returns the same text for the same body, in whatever order its fields come."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()


def begin(key: ApiKey, body: str, wanted: GridRequest, idempotency_key: str) -> Call:
    """Returns a call whose job is in the queue, and for which the caller waits.

    Raises:
        GenerationError: the job was refused.
    """
    with transaction.atomic():
        job = draw(key, wanted, idempotency_key)
        call, _made = Call.objects.update_or_create(
            job=job,
            defaults={"waited_until": _until()},
            create_defaults={"api_key": key, "body_hash": body, "waited_until": _until()},
        )
    return call


def join(key: ApiKey, body: str) -> Call | None:
    """Returns the call that a retry is about, for which the caller waits from now on, or None."""
    with transaction.atomic():
        submission.lock(None, key.user)
        free = Q(waited_until__isnull=True) | Q(waited_until__lte=clock.now())
        for call in _undelivered(key, body).filter(free).select_related("job")[:1]:
            Call.objects.filter(pk=call.pk).update(waited_until=_until())
            return call
    return None


def others_wait(key: ApiKey, body: str) -> bool:
    """Whether somebody waits for the same: perhaps a connection whose end we have not noticed."""
    return _undelivered(key, body).exists()


def stay(call: Call) -> None:
    """Somebody waits on: no retry joins the call for another while."""
    Call.objects.filter(pk=call.pk).update(waited_until=_until())


def leave(call: Call) -> None:
    """Nobody waits for the call any more: a retry may join it."""
    Call.objects.filter(pk=call.pk).update(waited_until=None)


def delivered(call: Call) -> bool:
    """Notes that the pictures went out; False where another answer took them first."""
    mine = Call.objects.filter(pk=call.pk, delivered__isnull=True)
    return bool(mine.update(delivered=clock.now(), waited_until=None))


def _undelivered(key: ApiKey, body: str) -> QuerySet[Call]:
    """What was drawn for nobody, or is being drawn, or failed and was not said yet."""
    recent = clock.now() - JOINED_FOR
    return (
        Call.objects.filter(
            api_key=key,
            body_hash=body,
            delivered__isnull=True,
            created__gt=recent,
            job__deleted__isnull=True,
            job__erased__isnull=True,
            job__hidden__isnull=True,
        )
        .exclude(job__status=Job.Status.CANCELLED)
        .order_by("created", "pk")
    )


def _until() -> Any:
    return clock.now() + timedelta(seconds=settings.GATEWAY_LIMIT + 5)
