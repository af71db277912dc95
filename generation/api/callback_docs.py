"""What the reference says of callbacks."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers

from generation.api.docs import problems
from generation.api.schemas import Text
from generation.models import Callback, Delivery
from generation.programs import callbacks

_TAG = "Callbacks"
_EVENTS = (*callbacks.ALL_EVENTS, callbacks.TEST)


class CallbackRequest(serializers.Serializer[Any]):
    """Where to call, and of what to tell."""

    url = Text(min_length=10, max_length=1000, help_text="An https address that anybody can reach.")
    events = serializers.ListField(
        child=serializers.ChoiceField(callbacks.ALL_EVENTS),
        default=list(callbacks.ALL_EVENTS),
        min_length=1,
        max_length=10,
    )


class CallbackChange(serializers.Serializer[Any]):
    """Whether it is told anything."""

    state = serializers.ChoiceField(
        Callback.State.choices,
        help_text="Of what happens while it is paused nothing is told later.",
    )


class CallbackInfo(serializers.Serializer[Any]):
    """An address that is told what became of generations."""

    object = serializers.ChoiceField(("callback",))
    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(Callback.State.choices)
    created = serializers.DateTimeField()


class CallbackWithSecret(CallbackInfo):
    """The same with its secret, which signs what is sent (Standard Webhooks)."""

    secret = serializers.CharField()


class CallbackList(serializers.Serializer[Any]):
    """All callbacks."""

    object = serializers.ChoiceField(("list",))
    data = CallbackInfo(many=True)  # type: ignore[assignment]


class AttemptInfo(serializers.Serializer[Any]):
    """One try, and what came of it."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True, help_text="HTTP's; null: nobody answered.")
    error = serializers.CharField(allow_blank=True)
    ms = serializers.IntegerField()


class DeliveryInfo(serializers.Serializer[Any]):
    """Something to tell, and every try to tell it."""

    object = serializers.ChoiceField(("delivery",))
    id = serializers.UUIDField(help_text="The `webhook-id`, the same for every try.")
    event = serializers.ChoiceField(_EVENTS)
    generation = serializers.UUIDField(allow_null=True)
    state = serializers.ChoiceField(Delivery.State.choices)
    next = serializers.DateTimeField(allow_null=True, help_text="When it is tried next.")
    tries = AttemptInfo(many=True)


class DeliveryList(serializers.Serializer[Any]):
    """The latest deliveries, the newest first."""

    object = serializers.ChoiceField(("list",))
    data = DeliveryInfo(many=True)  # type: ignore[assignment]


LIST = extend_schema(
    operation_id="list_callbacks",
    tags=[_TAG],
    responses={200: CallbackList, **problems(401, 403)},
)
ADD = extend_schema(
    operation_id="add_callback",
    tags=[_TAG],
    request=CallbackRequest,
    responses={201: CallbackWithSecret, **problems(400, 401, 403, 415, 422)},
)
GET = extend_schema(
    operation_id="get_callback",
    tags=[_TAG],
    responses={200: CallbackInfo, **problems(401, 403, 404)},
)
CHANGE = extend_schema(
    operation_id="change_callback",
    tags=[_TAG],
    request=CallbackChange,
    responses={200: CallbackInfo, **problems(400, 401, 403, 404, 415)},
)
REMOVE = extend_schema(
    operation_id="remove_callback",
    tags=[_TAG],
    responses={204: None, **problems(401, 403, 404)},
)
ROTATE = extend_schema(
    operation_id="rotate_callback_secret",
    tags=[_TAG],
    request=None,
    responses={200: CallbackWithSecret, **problems(401, 403, 404)},
)
TEST = extend_schema(
    operation_id="test_callback",
    tags=[_TAG],
    request=None,
    responses={202: OpenApiResponse(DeliveryInfo, "It is on its way."), **problems(401, 403, 404)},
)
DELIVERIES = extend_schema(
    operation_id="list_deliveries",
    tags=[_TAG],
    responses={200: DeliveryList, **problems(401, 403, 404)},
)
REDELIVER = extend_schema(
    operation_id="redeliver",
    tags=[_TAG],
    request=None,
    responses={202: OpenApiResponse(DeliveryInfo, "It is on its way."), **problems(401, 403, 404)},
)
