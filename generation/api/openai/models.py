"""`/v1/models`: our checkpoints, as OpenAI lists its models."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from generation import catalogue
from generation.api.openai import docs
from generation.api.openai.images import Dialect
from generation.api.openai.requests import checkpoint_for


class Models(Dialect):
    """All models."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.MODELS
    def get(self, request: Request) -> Response:
        """List the models that draw here, the default first."""
        return Response({"object": "list", "data": [_model(name) for name in catalogue.offered()]})


class Model(Dialect):
    """One model, by our name or by one of OpenAI's."""

    scopes = {"GET": ApiKey.Scope.READ}

    @docs.MODEL
    def get(self, request: Request, model: str) -> Response:
        """Look at one model."""
        checkpoint_for(model)
        return Response(_model(model))


def _model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        # As old as the list that offers it: a checkpoint's own age says nothing here.
        "created": int(catalogue.MANIFEST.stat().st_mtime),
        "owned_by": settings.SITE_NAME,
    }
