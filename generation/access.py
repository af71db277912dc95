"""Who may see a grid, and who may change it."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest

from accounts.visitors import owner_of
from generation import clock
from generation.models import Job
from generation.queue import deletion


class Refused(Exception):
    """There is nothing to show to this request."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status.value
        """404, also where there is one that the request may not know of; 410 once deleted or taken
        down; 503 while the files are away."""
        self.template = f"{status.value}.html"

    @classmethod
    def missing(cls) -> "Refused":
        return cls(HTTPStatus.NOT_FOUND)

    @classmethod
    def taken_down(cls) -> "Refused":
        refused = cls(HTTPStatus.GONE)
        refused.template = "hidden.html"
        return refused


def shown(request: HttpRequest, job_id: UUID) -> Job:
    """Returns a job that the request may see: anybody's unless it is private.

    Raises:
        Refused: there is none, it is private to somebody else, or it was deleted or taken down.
    """
    job = _found(job_id)
    if job.visibility == Job.Visibility.PRIVATE and not owns(request, job):
        raise Refused.missing()
    if job.hidden is not None and not request.user.is_staff:
        raise Refused.taken_down()
    return job


def owned(request: HttpRequest, job_id: UUID) -> Job:
    """Returns a job that the request may change: its owner's own.

    Raises:
        Refused: there is none, it is somebody else's, or it was deleted.
    """
    job = _found(job_id)
    if not owns(request, job):
        raise Refused.missing()
    return job


def deleted(request: HttpRequest, job_id: UUID) -> Job:
    """Returns a job whose deletion the request may undo: its owner's own.

    Raises:
        Refused: there is none, it is somebody else's, or it is not deleted or gone for good.
    """
    since = clock.now() - deletion.GRACE
    jobs = Job.objects.select_related("user__plan", "user__override", "visitor")
    job = jobs.filter(pk=job_id, deleted__gt=since, erased__isnull=True).first()
    if job is None or not owns(request, job):
        raise Refused.missing()
    return job


def _found(job_id: UUID) -> Job:
    job = (
        Job.objects.select_related("user__plan", "user__override", "visitor")
        .filter(pk=job_id)
        .first()
    )
    if job is None:
        raise Refused.missing()
    if job.erased is not None or job.deleted is not None:
        raise Refused(HTTPStatus.GONE)
    return job


def owns(request: HttpRequest, job: Job) -> bool:
    """Whether the grid is the request's own. An operator's, which has no owner, is nobody's."""
    return job.owner is not None and owner_of(request) == job.owner
