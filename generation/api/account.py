"""What a program may want to know beside its pictures: models, plan, what is left."""

from dataclasses import asdict
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys, metering
from accounts.entitlements import Entitlements, entitlements_of, narrowed
from accounts.models import ApiKey
from generation import clock
from generation.api import docs, represent, schemas
from generation.api.endpoint import Endpoint, key_of
from generation.api.rates import Window, rates_of


class Checkpoints(Endpoint):
    """The models that draw here."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.CHECKPOINTS
    def get(self, request: Request) -> Response:
        """List the models that draw here, the default first."""
        return Response({"object": "list", "data": represent.checkpoints()})


class Account(Endpoint):
    """The account of the key."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.ACCOUNT
    def get(self, request: Request) -> Response:
        """Look at the plan and at what is left of it."""
        key = key_of(request)
        rights = narrowed(entitlements_of(key.user), key)
        rates = rates_of(key)
        return Response(
            {
                "object": "account",
                "plan": rights.plan,
                "per_minute": _window(rates.minute),
                "per_day": _window(rates.day),
                "in_flight": {"limit": rates.in_flight, "remaining": rates.in_flight_left},
                "month": _month(key, rights),
                "largest_side": rights.largest_side,
                "images_per_grid": rights.images_per_grid,
                "private": rights.private,
                "watermark": rights.watermark,
                "key": {
                    name: getattr(key, name)
                    for name in ("name", "prefix", "live", "scopes", "expires")
                },
            }
        )


class LeakedKeys(Endpoint):
    """Keys that somebody found where they should not be."""

    authentication_classes = ()
    permission_classes = ()

    @docs.LEAKED_KEY
    def post(self, request: Request) -> Response:
        """Report a leaked key, which is revoked at once. Needs no key of one's own."""
        body = schemas.LeakedKey(data=request.data)
        body.is_valid(raise_exception=True)
        return Response({"revoked": keys.report(body.validated_data["key"].strip())})


def _month(key: ApiKey, rights: Entitlements) -> dict[str, Any] | None:
    month = metering.month_of(key.user, rights, clock.now()) if key.live else None
    return None if month is None else asdict(month)


def _window(window: Window | None) -> dict[str, Any] | None:
    if window is None:
        return None
    return {name: asdict(window)[name] for name in ("limit", "remaining", "frees_in")}
