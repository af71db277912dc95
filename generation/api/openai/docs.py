"""What the reference says of OpenAI's dialect beyond what its code shows."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from generation.api.docs import IDEMPOTENCY_KEY, PROBLEMS
from generation.api.openai.requests import FORMATS, ImageRequest
from generation.api.schemas import StreamEvent

_TAG = "OpenAI's dialect"


class EditForm(ImageRequest):
    """A form with a picture, and what to make of it."""

    image = serializers.FileField(help_text="PNG, JPEG or WebP, 16 MiB at most; one.")
    mask = serializers.FileField(
        required=False,
        help_text="As large as the picture; what is transparent in it is drawn anew. Without one "
        "the picture's own transparency counts, and where it has none all of it is changed.",
    )


class OpenAIError(serializers.Serializer[Any]):
    """What went wrong."""

    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True)
    code = serializers.CharField(allow_null=True)


class OpenAIErrorBody(serializers.Serializer[Any]):
    """An error in OpenAI's shape."""

    error = OpenAIError()


class OpenAIImage(serializers.Serializer[Any]):
    """One picture, as pixels or as an address."""

    b64_json = serializers.CharField(required=False)
    url = serializers.URLField(required=False)


class InputTokens(serializers.Serializer[Any]):
    """Always 0 here."""

    image_tokens = serializers.IntegerField()
    text_tokens = serializers.IntegerField()


class TokenUsage(serializers.Serializer[Any]):
    """Always 0 here: nothing is counted by tokens."""

    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    input_tokens_details = InputTokens()


class OpenAIImages(serializers.Serializer[Any]):
    """The pictures."""

    created = serializers.IntegerField()
    data = OpenAIImage(many=True)  # type: ignore[assignment]
    background = serializers.CharField()
    output_format = serializers.ChoiceField(FORMATS)
    quality = serializers.CharField()
    size = serializers.CharField()
    usage = TokenUsage()


class OpenAIModel(serializers.Serializer[Any]):
    """A model that draws."""

    id = serializers.CharField()
    object = serializers.ChoiceField(("model",))
    created = serializers.IntegerField()
    owned_by = serializers.CharField()


class OpenAIModels(serializers.Serializer[Any]):
    """All models."""

    object = serializers.ChoiceField(("list",))
    data = OpenAIModel(many=True)  # type: ignore[assignment]


def _errors(*statuses: int) -> dict[Any, Any]:
    says = {**PROBLEMS, 400: "Not readable, not drawable, or held back (moderation_blocked).",
            500: "Drawing failed.",
            503: "Still drawing: send the same again to wait on. Or busy."}  # fmt: skip
    return {status: OpenApiResponse(OpenAIErrorBody, says[status]) for status in statuses}


_CALL = [
    IDEMPOTENCY_KEY,
    OpenApiParameter(
        "x-stainless-retry-count",
        OpenApiTypes.STR,
        OpenApiParameter.HEADER,
        description="Above 0, the call joins the job that the same body already began.",
    ),
]
_DRAWN = {
    (200, "application/json"): OpenApiResponse(OpenAIImages, "The pictures."),
    (200, "text/event-stream"): StreamEvent,
    **_errors(400, 401, 402, 403, 404, 409, 410, 415, 429, 500, 503),
}

GENERATE = extend_schema(
    operation_id="openai_generate",
    tags=[_TAG],
    request=ImageRequest,
    parameters=_CALL,
    responses=_DRAWN,
)
EDIT = extend_schema(
    operation_id="openai_edit",
    tags=[_TAG],
    request={"multipart/form-data": EditForm},
    parameters=_CALL,
    responses=_DRAWN,
)
MODELS = extend_schema(
    operation_id="openai_models",
    tags=[_TAG],
    responses={200: OpenAIModels, **_errors(401, 403)},
)
MODEL = extend_schema(
    operation_id="openai_model",
    tags=[_TAG],
    responses={200: OpenAIModel, **_errors(401, 403, 404)},
)
