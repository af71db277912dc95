"""What the reference says of each address of the native API beyond what its code shows."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)

from generation.api import schemas
from generation.images.renditions import Format
from generation.models import Job

LONGEST_GIVEN_KEY = 200

PROBLEMS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "No key, or none that is good.",
    402: "The month's grids are used up, or the cap that their owner set is reached.",
    403: "The key lacks the scope.",
    404: "There is nothing of yours at this address.",
    409: "It does not go with the present state.",
    410: "It was deleted.",
    415: "The body is not JSON.",
    422: "It can be read and not be drawn.",
    429: "An allowance is used up; Retry-After says when to come back.",
    503: "Busy, or a part is away; Retry-After says when to come back.",
}


def problems(*statuses: int) -> dict[Any, Any]:
    """Returns the errors that an address may answer with."""
    return {
        (status, "application/problem+json"): OpenApiResponse(
            schemas.ProblemDocument, PROBLEMS[status]
        )
        for status in statuses
    }


class BearerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the reference shows a key."""

    target_class = "generation.api.keys.BearerKey"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "cry_live_… or cry_test_…"}


class BasicKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the reference shows a key used as a password."""

    target_class = "generation.api.keys.BasicKey"
    name = "password"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "basic", "description": "The key as the password."}


PREFER = OpenApiParameter(
    "Prefer",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="wait=N: answer once it is done, after N seconds at most.",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": LONGEST_GIVEN_KEY, "pattern": "^[ -~]*$"},
    OpenApiParameter.HEADER,
    description="One for each thing that you want done once: asked again, the same generation.",
)
_FORMAT = OpenApiParameter(
    "format",
    OpenApiTypes.STR,
    OpenApiParameter.QUERY,
    enum=[str(member) for member in Format],
    description="As it was asked for, if left out.",
)
_PLACE = OpenApiParameter(
    "position",
    {"type": "integer", "minimum": 0, "maximum": 9},
    OpenApiParameter.PATH,
    description="0 is the first.",
)
_GENERATIONS, _ACCOUNT = "Generations", "Models and account"

_MADE = PolymorphicProxySerializer(
    component_name="GenerationOrQuote",
    serializers=[schemas.Generation, schemas.Quote],
    resource_type_field_name=None,
)

CREATE = extend_schema(
    operation_id="create_generation",
    tags=[_GENERATIONS],
    request=schemas.GenerationRequest,
    parameters=[IDEMPOTENCY_KEY, PREFER],
    responses={
        200: OpenApiResponse(_MADE, "It is done already, or this is only its quote (dry_run)."),
        202: OpenApiResponse(schemas.Generation, "It is in the queue."),
        **problems(400, 401, 402, 403, 409, 410, 415, 422, 429, 503),
    },
)
LIST = extend_schema(
    operation_id="list_generations",
    tags=[_GENERATIONS],
    parameters=[
        OpenApiParameter("cursor", OpenApiTypes.UUID, description="`next` of the page before."),
        OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}),
        OpenApiParameter("status", OpenApiTypes.STR, enum=list(Job.Status.values)),
        OpenApiParameter("checkpoint", {"type": "string", "pattern": schemas.SLUG}),
    ],
    responses={200: schemas.GenerationList, **problems(400, 401, 403)},
)
GET = extend_schema(
    operation_id="get_generation",
    tags=[_GENERATIONS],
    parameters=[PREFER],
    responses={200: schemas.Generation, **problems(401, 403, 404, 410)},
)
DELETE = extend_schema(
    operation_id="delete_generation",
    tags=[_GENERATIONS],
    responses={204: None, **problems(401, 403, 404, 410)},
)
CANCEL = extend_schema(
    operation_id="cancel_generation",
    tags=[_GENERATIONS],
    request=None,
    responses={200: schemas.Generation, **problems(401, 403, 404, 409, 410)},
)
EVENTS = extend_schema(
    operation_id="follow_generation",
    tags=[_GENERATIONS],
    responses={
        (200, "text/event-stream"): schemas.StreamEvent,
        **problems(401, 403, 404, 410),
    },
)
PICTURE = extend_schema(
    operation_id="get_picture",
    tags=[_GENERATIONS],
    parameters=[_FORMAT, _PLACE],
    responses={
        **{(200, form.content_type): OpenApiTypes.BINARY for form in Format},
        304: OpenApiResponse(description="You have it already (If-None-Match)."),
        **problems(400, 401, 403, 404, 409, 410, 503),
    },
)
PICTURE_LINK = extend_schema(
    operation_id="get_picture_link",
    tags=[_GENERATIONS],
    parameters=[_FORMAT, _PLACE],
    responses={200: schemas.Link, **problems(400, 401, 403, 404, 409, 410)},
)
REDRAW = extend_schema(
    operation_id="redraw_picture",
    tags=[_GENERATIONS],
    parameters=[_PLACE],
    request=None,
    responses={
        202: OpenApiResponse(schemas.Redraw, "It is in the queue."),
        **problems(401, 403, 404, 409, 410, 422, 503),
    },
)
CHECKPOINTS = extend_schema(
    operation_id="list_checkpoints",
    tags=[_ACCOUNT],
    responses={200: schemas.CheckpointList, **problems(401, 403)},
)
ACCOUNT = extend_schema(
    operation_id="get_account",
    tags=[_ACCOUNT],
    responses={200: schemas.Account, **problems(401, 403)},
)
LEAKED_KEY = extend_schema(
    operation_id="report_leaked_key",
    tags=[_ACCOUNT],
    request=schemas.LeakedKey,
    responses={200: schemas.Reported, **problems(400, 415)},
    auth=[],
)
