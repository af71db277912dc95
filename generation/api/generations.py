"""Generations: asked for, looked at, cancelled, deleted, and followed."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from generation import services, submission, tasks
from generation.access import Refused
from generation.api import docs, represent, schemas
from generation.api.endpoint import Endpoint, Later, in_thread, key_of
from generation.api.following import ended, events_of
from generation.api.problems import Conflict
from generation.images import files
from generation.models import Job
from generation.programs import practice
from generation.queue import admission
from generation.submission import GridRequest

POLL_AFTER = 2
"""Seconds, in Retry-After, until looking again makes sense."""

_WAIT = re.compile(r'(?:^|[\s,;])wait\s*=\s*"?([0-9]{1,5})', re.IGNORECASE)


class Generations(Endpoint):
    """All generations of the account."""

    scopes = {"POST": ApiKey.Scope.DRAW, "GET": ApiKey.Scope.READ}

    @docs.CREATE
    def post(self, request: Request) -> HttpResponseBase:
        """Ask for a grid."""
        body = schemas.GenerationRequest(data=request.data)
        body.is_valid(raise_exception=True)
        key = key_of(request)
        if body.validated_data["dry_run"]:
            return Response(represent.quote(_quoted(key, body.grid())))
        job = draw(key, body.grid(), request.headers.get("Idempotency-Key", ""))
        seconds = _seconds_to_wait(request)
        if not seconds or job.status not in Job.OPEN:
            return _accepted(self, request, job)

        return _later(self, request, job, seconds, _accepted)

    @docs.LIST
    def get(self, request: Request) -> Response:
        """List the account's generations, the newest first."""
        query = schemas.ListQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = dict(query.validated_data)
        limit, cursor = wanted.pop("limit"), wanted.pop("cursor", None)
        found = jobs_of(key_of(request)).filter(**wanted).order_by("-pk")
        if cursor is not None:
            found = found.filter(pk__lt=cursor)
        jobs = list(found[: limit + 1])
        shown = jobs[:limit]
        return Response(
            {
                "object": "list",
                "data": represent.generations(shown, request.build_absolute_uri),
                "next": str(shown[-1].pk) if len(jobs) > limit else None,
            }
        )


class OneGeneration(Endpoint):
    """One generation of the account."""

    scopes = {"GET": ApiKey.Scope.READ, "DELETE": ApiKey.Scope.DRAW}

    @docs.GET
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """Look at a generation."""
        job = owned(key_of(request), job_id)
        seconds = _seconds_to_wait(request)
        if not seconds or job.status not in Job.OPEN:
            return Response(represent.generation(job, request.build_absolute_uri))
        return _later(self, request, job, seconds, _shown)

    @docs.DELETE
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Delete a generation with its prompt and pictures, for good."""
        files.forget(owned(key_of(request), job_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class Cancellation(Endpoint):
    """The end of a generation that waits or is being drawn."""

    scopes = {"POST": ApiKey.Scope.DRAW}

    @docs.CANCEL
    def post(self, request: Request, job_id: UUID) -> Response:
        """Cancel a generation that has not ended."""
        job = owned(key_of(request), job_id)
        if not services.cancel(job):
            raise Conflict("already_ended", _("It has ended already."))
        return Response(represent.generation(again(job.pk), request.build_absolute_uri))


class Events(Endpoint):
    """What happens to a generation, as it happens."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.EVENTS
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """Follow a generation by server-sent events."""
        key = key_of(request)
        job = owned(key, job_id)
        headers = self.extra_headers(request)

        async def followed() -> HttpResponseBase:
            return events_of(job.pk, key.pk, request.build_absolute_uri, headers)

        return Later(followed)


def draw(key: ApiKey, wanted: GridRequest, given: str) -> Job:
    """Returns the job of what a program asks for: at once, if it asks with a test key.

    Two keys of an account may choose the same idempotency key for different things.

    Raises:
        GenerationError: it was refused.
    """
    once = f"{key.pk} {given}" if given else ""
    if not key.live:
        return practice.draw(wanted, api_key=key, idempotency_key=once)
    return submission.submit(
        wanted, owner=key.user, api_key=key, idempotency_key=once, ring=tasks.ring
    )


def _quoted(key: ApiKey, wanted: GridRequest) -> Job:
    if not key.live:
        return practice.quote(wanted, api_key=key)
    return submission.quote(wanted, owner=key.user, api_key=key)


def jobs_of(key: ApiKey) -> Any:
    """Returns what a key may look at: the account's grids, the tests and the rest apart."""
    kept = admission.jobs_of(key.user).filter(Job.KEPT, redraws__isnull=True, test=not key.live)
    return kept.select_related("user__plan")


def owned(key: ApiKey, job_id: UUID) -> Job:
    """Returns one of the account's jobs.

    Raises:
        Refused: there is none of its own, or it was deleted or taken down.
    """
    job: Job | None = jobs_of(key).filter(pk=job_id).first()
    if job is not None:
        return job
    deleted = admission.jobs_of(key.user).filter(pk=job_id, redraws__isnull=True).exclude(Job.KEPT)
    raise Refused(HTTPStatus.GONE) if deleted.exists() else Refused.missing()


def again(job_id: UUID) -> Job:
    """Returns a job as it is by now.

    Raises:
        Refused: it was deleted meanwhile.
    """
    job = Job.objects.select_related("user__plan").filter(Job.KEPT, pk=job_id).first()
    if job is None:
        raise Refused(HTTPStatus.GONE)
    return job


def _accepted(view: Endpoint, request: Request, job: Job) -> HttpResponseBase:
    """202 while it is on its way, with where to look; 200 once it has ended."""
    shown = represent.generation(job, request.build_absolute_uri)
    open_ = shown["status"] in Job.OPEN
    answer = view.answer(request, shown, HTTPStatus.ACCEPTED if open_ else HTTPStatus.OK)
    answer["Location"] = shown["links"]["self"]
    if open_:
        answer["Retry-After"] = str(POLL_AFTER)
    return answer


def _shown(view: Endpoint, request: Request, job: Job) -> HttpResponseBase:
    return view.answer(request, represent.generation(job, request.build_absolute_uri))


def _later(
    view: Endpoint,
    request: Request,
    job: Job,
    seconds: int,
    made: Callable[[Endpoint, Request, Job], HttpResponseBase],
) -> Later:
    """The answer once the job has ended, or after so many seconds; the key may end before."""

    async def waited() -> HttpResponseBase:
        try:
            await ended(job.pk, key_of(request).pk, seconds)
            answer = await in_thread(lambda: made(view, request, again(job.pk)))
        except (Refused, AuthenticationFailed) as error:
            failed = error  # the name in an except clause ends with it
            return await in_thread(lambda: view.failed(failed))
        answer["Preference-Applied"] = "wait"
        return answer

    return Later(waited)


def _seconds_to_wait(request: Request) -> int:
    """What ``Prefer: wait=N`` asks for, within what the gateways allow."""
    said = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(said[1]), settings.GATEWAY_LIMIT) if said else 0
