"""The pictures of a generation: their bytes, or an address that works without the key."""

from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from generation import clock, tasks
from generation.access import Refused
from generation.api import docs, represent, schemas
from generation.api.endpoint import Endpoint, key_of
from generation.api.generations import owned
from generation.api.problems import Conflict
from generation.images.renditions import Kind
from generation.models import Job
from generation.queue import redraws
from generation.site import links, pictures


class Picture(Endpoint):
    """One picture of a generation."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.PICTURE
    def get(self, request: Request, job_id: UUID, position: int) -> HttpResponseBase:
        """Fetch a picture."""
        job, suffix = _drawn(request, job_id)
        return pictures.served(request, job, Kind.FULL, suffix, position)


class PictureLink(Endpoint):
    """An address of one picture."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.PICTURE_LINK
    def get(self, request: Request, job_id: UUID, position: int) -> Response:
        """Get an address of a picture that works without the key."""
        job, suffix = _drawn(request, job_id)
        if not job.images.filter(position=position).exclude(master="").exists():
            raise Refused(HTTPStatus.NOT_FOUND)
        token = links.token_for(job.pk, position, suffix)
        return Response(
            {
                "url": request.build_absolute_uri(represent.linked(token)),
                "expires": clock.now() + timedelta(seconds=links.LIFETIME),
            }
        )


class Redraw(Endpoint):
    """A position whose picture the check held back, drawn again."""

    scopes = {"POST": ApiKey.Scope.DRAW}

    @docs.REDRAW
    def post(self, request: Request, job_id: UUID, position: int) -> Response:
        """Draw a position again that was held back: free, and once."""
        grid = owned(key_of(request), job_id)
        attempt = redraws.redraw(grid, position, ring=tasks.ring)
        return Response(represent.redraw(grid, position, attempt), status=HTTPStatus.ACCEPTED)


def _drawn(request: Request, job_id: UUID) -> tuple[Job, str]:
    """The job and the wanted format; by default the one that the job asked for."""
    query = schemas.LinkQuery(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    job = owned(key_of(request), job_id)
    if job.status in Job.OPEN:
        raise Conflict("not_finished", _("It is not drawn yet."))
    return job, query.validated_data.get("format", job.format)
