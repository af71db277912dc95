"""Whether the site is up, and whether a picture can be asked for."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from threading import Lock

import structlog
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from celery import current_app
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from craiyon_site.parts import BROKER_LIMIT
from generation.broker import AWAY
from generation.catalogue import offered
from generation.images import files
from generation.queue import workers

log = structlog.get_logger(__name__)

KEPT = 1.0
"""Seconds that a finding is kept, so that asking often costs nothing."""


FAILURES = (DatabaseError, *AWAY, BotoCoreError, ClientError, Boto3Error)
"""What the drivers of the parts raise."""


class NotReady(Exception):
    """What is missing, in words that anybody may read."""


@dataclass(frozen=True)
class Finding:
    """What one part said when it was tried."""

    ok: bool
    ms: int
    error: str = ""


def database() -> None:
    """Asks the database for a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def broker() -> None:
    """Connects to the broker. Without it drawing goes on, a second or two later."""
    with current_app.connection_for_write() as bell:
        bell.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_LIMIT)


def storage() -> None:
    """Stores a byte and takes it away again."""
    files.try_storages()


def worker() -> None:
    """Looks for a worker that was seen a moment ago and can draw what the site offers."""
    if reason := workers.why_nobody_draws(offered()):
        raise NotReady(reason)


NEEDED = {"database": database, "storage": storage, "worker": worker}
WANTED = {"broker": broker}


def tried(part: Callable[[], None]) -> Finding:
    """Tries a part. What it raises is logged, and only its kind is told to whoever asks."""
    began = time.monotonic()
    error = ""
    try:
        part()
    except NotReady as reason:
        error = str(reason)
    except FAILURES as reason:
        log.warning("health.failed", part=part.__name__, error=str(reason))
        error = type(reason).__name__
    return Finding(not error, round(1000 * (time.monotonic() - began)), error)


class Readiness:
    """The findings of all parts, tried again when the last ones are older than KEPT."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._findings: dict[str, Finding] = {}
        self._found = -KEPT

    def findings(self) -> dict[str, Finding]:
        """One finding for each part, the needed ones first."""
        with self._lock:
            if time.monotonic() - self._found >= KEPT:
                self._findings = self._try_all()
                self._found = time.monotonic()
            return self._findings

    def _try_all(self) -> dict[str, Finding]:
        return {name: tried(part) for name, part in (NEEDED | WANTED).items()}


readiness = Readiness()


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process is up. For whoever restarts it, or sends it traffic."""
    return JsonResponse({"status": "up"})


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether a picture can be asked for and will be drawn: 200, or 503.

    A broker that does not answer makes it ``degraded`` but not unready: submits and drawing go on.
    """
    findings = readiness.findings()
    ready = all(findings[name].ok for name in NEEDED)
    status = "ready" if all(finding.ok for finding in findings.values()) else "degraded"
    answer = {
        "status": status if ready else "not ready",
        "time": timezone.now().isoformat(timespec="seconds"),
        "parts": {name: asdict(finding) for name, finding in findings.items()},
    }
    return JsonResponse(answer, status=200 if ready else 503)
