"""The routes of Stable Diffusion web UIs (AUTOMATIC1111) that other programs draw by.

There, the chosen model is a setting of the one server; here it is kept by key.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.entitlements import entitlements_of, narrowed
from accounts.models import ApiKey
from generation import catalogue
from generation.api.endpoint import Endpoint, Later, in_thread, key_of
from generation.api.following import ended
from generation.api.generations import again, draw
from generation.api.keys import BasicKey
from generation.api.openai import answers
from generation.api.openai.errors import Refusal, refusal_of, still_drawing
from generation.api.openai.images import SAYABLE
from generation.api.openai.requests import Wanted, size_for
from generation.api.schemas import Text, Whole
from generation.checkpoints import Checkpoint
from generation.images.files import StorageRefused
from generation.images.renditions import Format, UnreadableImage
from generation.models import Job
from generation.prompts import LONGEST_PROMPT
from generation.queue.admission import LARGEST_COUNT
from generation.seeds import LARGEST_SEED
from generation.services import cancel
from generation.site.pictures import STORAGE_ERRORS
from generation.submission import GridRequest

REMEMBERED = 30 * 24 * 3600
"""Seconds for which a key's choice of a model is kept."""


def answer(error: Exception, context: Any) -> Response | None:
    """The exception handler of these routes."""
    refusal = error if isinstance(error, Refusal) else refusal_of(error)
    if refusal is None:
        return None
    return Response({"detail": refusal.message}, status=refusal.status, headers=refusal.headers)


class WebUI(Endpoint):
    """An address that speaks as a web UI's do: no authorization but Basic, errors as `detail`."""

    authentication_classes = (BasicKey,)

    def get_exception_handler(self) -> Callable[..., HttpResponseBase | None]:
        return answer


class TextToImage(serializers.Serializer[Any]):
    """The body of `txt2img`. What is not named here is ignored."""

    prompt = Text(min_length=1, max_length=LONGEST_PROMPT)
    negative_prompt = Text(max_length=LONGEST_PROMPT, default="", allow_blank=True, allow_null=True)
    batch_size = Whole(min_value=1, max_value=LARGEST_COUNT, default=1)
    n_iter = Whole(min_value=1, max_value=LARGEST_COUNT, default=1)
    width = Whole(min_value=1, max_value=8192, default=None, allow_null=True)
    height = Whole(min_value=1, max_value=8192, default=None, allow_null=True)
    seed = Whole(min_value=-1, max_value=LARGEST_SEED, default=-1, allow_null=True)


class Options(WebUI):
    """The settings of the server, of which there is one here: the model."""

    scopes = {"GET": ApiKey.Scope.READ, "POST": ApiKey.Scope.DRAW}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Which model draws for this key."""
        return Response({"sd_model_checkpoint": _chosen(key_of(request)).name})

    @extend_schema(exclude=True)
    def post(self, request: Request) -> Response:
        """Chooses a model; all other settings are ignored."""
        said = request.data
        wanted = said.get("sd_model_checkpoint") if isinstance(said, dict) else None
        if wanted:
            cache.set(_place(key_of(request)), _named(str(wanted)).name, REMEMBERED)
        return Response({})


class Models(WebUI):
    """The models that draw here."""

    scopes = {"GET": ApiKey.Scope.READ}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Lists them, the default first."""
        return Response(
            [
                {"title": one.name, "model_name": one.name, "filename": one.name, "hash": None,
                 "sha256": None, "config": None}
                for one in catalogue.offered().values()
            ]
        )  # fmt: skip


class Draw(WebUI):
    """Pictures for a prompt."""

    scopes = {"POST": ApiKey.Scope.DRAW}

    @extend_schema(exclude=True)
    def post(self, request: Request) -> HttpResponseBase:
        """Draws, waits, and answers with the pictures."""
        body = TextToImage(data=request.data)
        body.is_valid(raise_exception=True)
        key = key_of(request)
        wanted = _wanted(body.validated_data, key)
        job = draw(key, wanted.grid, "")

        async def waited() -> HttpResponseBase:
            try:
                waits = settings.GATEWAY_LIMIT
                if job.status in Job.OPEN and not await ended(job.pk, key.pk, waits):
                    raise still_drawing()
                content = await in_thread(lambda: _content(wanted, job, request))
            except SAYABLE as error:
                failed = error
                await in_thread(lambda: cancel(job))
                return await in_thread(lambda: self.failed(failed))
            except asyncio.CancelledError:
                # These clients never ask again: nobody would see what is drawn on.
                await in_thread(lambda: cancel(job))
                raise
            return await in_thread(lambda: self.answer(request, content))

        return Later(waited)


def _wanted(said: dict[str, Any], key: ApiKey) -> Wanted:
    checkpoint = _chosen(key)
    count = said["batch_size"] * said["n_iter"]
    if count > LARGEST_COUNT:
        message = _("At most %d pictures at once: batch_size times n_iter.") % LARGEST_COUNT
        raise Refusal(400, "invalid_request", message)
    rights = narrowed(entitlements_of(key.user), key)
    sides = (said["width"], said["height"])
    seed = said["seed"]
    return Wanted(
        grid=GridRequest(
            prompt=said["prompt"],
            negative_prompt=said["negative_prompt"] or "",
            checkpoint=checkpoint.name,
            size=size_for(f"{sides[0]}x{sides[1]}", checkpoint, rights) if all(sides) else None,
            count=count,
            seed=None if seed in (None, -1) else seed,
            format="png",
            visibility=Job.Visibility.PRIVATE if rights.private else Job.Visibility.UNLISTED,
        ),
        as_url=False,
        format=Format.PNG,
        quality=None,
        stream=False,
    )


def _content(wanted: Wanted, job: Job, request: Request) -> dict[str, Any]:
    try:
        done = again(job.pk)
        drawn = answers.images_of(done, wanted, request.build_absolute_uri)
        images = answers.shown_of(done)
    except (*STORAGE_ERRORS, UnreadableImage) as error:
        raise StorageRefused(str(error)) from error
    parameters = {
        "prompt": done.prompt,
        "negative_prompt": done.negative_prompt,
        "seed": done.seed,
        "width": done.width,
        "height": done.height,
        "steps": done.steps,
        "batch_size": len(images),
        "sd_model_name": done.checkpoint,
    }
    info = {**parameters, "all_seeds": [image.seed for image in images]}
    pictures = [one["b64_json"] for one in drawn["data"]]
    return {"images": pictures, "parameters": parameters, "info": json.dumps(info)}


def _chosen(key: ApiKey) -> Checkpoint:
    """The model that the key chose, where it is still on offer."""
    name = cache.get(_place(key), "")
    offered = catalogue.offered()
    return offered.get(name) or catalogue.checkpoint_named("")


def _named(name: str) -> Checkpoint:
    """A web UI may have added a hash to the title that it got."""
    offered = catalogue.offered()
    plain = name.partition(" [")[0].removesuffix(".safetensors")
    if plain not in offered:
        raise Refusal(404, "model_not_found", _("No model here is called “%s”.") % plain)
    return offered[plain]


def _place(key: ApiKey) -> str:
    return f"webui-model-{key.pk}"
