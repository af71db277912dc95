"""Callbacks by the API: added, tested, rotated, removed, and their deliveries."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from generation.access import Refused
from generation.api import callback_docs as docs
from generation.api.callback_docs import CallbackChange, CallbackRequest
from generation.api.endpoint import Endpoint, key_of
from generation.models import Callback, Delivery
from generation.programs import callbacks

MANAGE = ApiKey.Scope.CALLBACKS
SHOWN = 50
"""Deliveries in an answer, the newest."""


class Callbacks(Endpoint):
    """All callbacks of the account."""

    scopes = {"GET": MANAGE, "POST": MANAGE}

    @docs.LIST
    def get(self, request: Request) -> Response:
        """List the account's callbacks."""
        mine = key_of(request).user.callbacks.all()
        return Response({"object": "list", "data": [_shown(callback) for callback in mine]})

    @docs.ADD
    def post(self, request: Request) -> Response:
        """Add a callback. Its secret is in this answer and in no other."""
        body = CallbackRequest(data=request.data)
        body.is_valid(raise_exception=True)
        added = callbacks.add(key_of(request).user, **body.validated_data)
        return Response(_with_secret(added), status=HTTPStatus.CREATED)


class OneCallback(Endpoint):
    """One callback."""

    scopes = {"GET": MANAGE, "PATCH": MANAGE, "DELETE": MANAGE}

    @docs.GET
    def get(self, request: Request, callback_id: UUID) -> Response:
        """Look at a callback."""
        return Response(_shown(_owned(request, callback_id)))

    @docs.CHANGE
    def patch(self, request: Request, callback_id: UUID) -> Response:
        """Pause a callback, or go on with it."""
        callback = _owned(request, callback_id)
        body = CallbackChange(data=request.data)
        body.is_valid(raise_exception=True)
        callbacks.pause(callback, paused=body.validated_data["state"] == Callback.State.PAUSED)
        callback.refresh_from_db()
        return Response(_shown(callback))

    @docs.REMOVE
    def delete(self, request: Request, callback_id: UUID) -> Response:
        """Remove a callback with all its deliveries."""
        callbacks.remove(_owned(request, callback_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class Rotation(Endpoint):
    """A new secret for a callback."""

    scopes = {"POST": MANAGE}

    @docs.ROTATE
    def post(self, request: Request, callback_id: UUID) -> Response:
        """Get a new secret. The former one signs as well for 24 hours."""
        return Response(_with_secret(callbacks.rotate(_owned(request, callback_id))))


class Test(Endpoint):
    """A delivery that says nothing but that deliveries arrive."""

    scopes = {"POST": MANAGE}

    @docs.TEST
    def post(self, request: Request, callback_id: UUID) -> Response:
        """Have a test delivered."""
        delivery = callbacks.test(_owned(request, callback_id))
        return Response(_delivery(delivery), status=HTTPStatus.ACCEPTED)


class Deliveries(Endpoint):
    """What a callback was told."""

    scopes = {"GET": MANAGE}

    @docs.DELIVERIES
    def get(self, request: Request, callback_id: UUID) -> Response:
        """List a callback's latest deliveries with every try."""
        found = _owned(request, callback_id).deliveries.prefetch_related("tries")[:SHOWN]
        return Response({"object": "list", "data": [_delivery(one) for one in found]})


class Redelivery(Endpoint):
    """A delivery made once more."""

    scopes = {"POST": MANAGE}

    @docs.REDELIVER
    def post(self, request: Request, callback_id: UUID, delivery_id: UUID) -> Response:
        """Have something delivered once more, under the same id."""
        mine = _owned(request, callback_id).deliveries.filter(pk=delivery_id).first()
        if mine is None:
            raise Refused.missing()
        return Response(_delivery(callbacks.redeliver(mine)), status=HTTPStatus.ACCEPTED)


def _owned(request: Request, callback_id: UUID) -> Callback:
    callback = key_of(request).user.callbacks.filter(pk=callback_id).first()
    if callback is None:
        raise Refused.missing()
    return callback


def _shown(callback: Callback) -> dict[str, Any]:
    return {
        "object": "callback",
        "id": callback.pk,
        "url": callback.url,
        "events": callback.events,
        "state": callback.state,
        "created": callback.created,
    }


def _with_secret(callback: Callback) -> dict[str, Any]:
    callback.refresh_from_db()
    return {**_shown(callback), "secret": callback.secret}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "object": "delivery",
        "id": delivery.pk,
        "event": delivery.event,
        "generation": delivery.generation,
        "state": delivery.state,
        "next": delivery.due if delivery.state == Delivery.State.DUE else None,
        "tries": [
            {"at": one.at, "status": one.status, "error": one.error, "ms": one.ms}
            for one in delivery.tries.all()
        ],
    }
