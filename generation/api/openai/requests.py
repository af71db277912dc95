"""What a client of OpenAI's asks for, in our words."""

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.entitlements import Entitlements
from generation import catalogue
from generation.api.openai.errors import Refusal, model_not_found
from generation.api.schemas import Text, Whole, YesOrNo
from generation.checkpoints import Checkpoint
from generation.images.renditions import Format
from generation.models import Job
from generation.prompts import LONGEST_PROMPT
from generation.queue.admission import LARGEST_COUNT
from generation.seeds import LARGEST_SEED
from generation.submission import GridRequest

ALIASES = re.compile(r"(gpt-image-[0-9.]+(-mini)?|chatgpt-image-latest|dall-e-[23])")
"""OpenAI's own names: programs written for it send them, and get the default checkpoint."""

_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
FORMATS = ("png", "webp", "jpeg")


class ImageRequest(serializers.Serializer[Any]):
    """The body of `/v1/images/generations`. What is not named here is ignored."""

    prompt = Text(min_length=1, max_length=LONGEST_PROMPT)
    model = Text(default="", allow_blank=True, allow_null=True, max_length=100)
    n = Whole(min_value=1, max_value=LARGEST_COUNT, default=1, allow_null=True)
    size = serializers.RegexField(
        r"^(auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$", default="auto", allow_null=True
    )
    quality = Text(default="auto", allow_null=True, max_length=20)
    background = serializers.ChoiceField(
        ("auto", "opaque", "transparent"), default="auto", allow_null=True
    )
    output_format = serializers.ChoiceField(FORMATS, default="png", allow_null=True)
    output_compression = Whole(min_value=0, max_value=100, default=100, allow_null=True)
    response_format = serializers.ChoiceField(("url", "b64_json"), default=None, allow_null=True)
    stream = YesOrNo(default=False, allow_null=True)
    partial_images = Whole(min_value=0, max_value=3, default=0, allow_null=True)
    negative_prompt = Text(max_length=LONGEST_PROMPT, default="", allow_blank=True, allow_null=True)
    seed = Whole(min_value=0, max_value=LARGEST_SEED, default=None, allow_null=True)
    style = Text(  # type: ignore[assignment]
        default="", allow_blank=True, allow_null=True, max_length=50
    )

    def wanted(self, rights: Entitlements) -> "Wanted":
        """Returns what a valid body asks of us.

        Raises:
            Refusal: a model that there is not, or what no model here can.
        """
        said = self.validated_data
        if said["background"] == "transparent":
            message = _("No model here draws transparent pictures.")
            raise Refusal(400, "unsupported_background", message, param="background")
        checkpoint = checkpoint_for(said["model"] or "")
        as_url = (said["response_format"] or _default_answer(said["model"] or "")) == "url"
        private = rights.private and not as_url
        style = said["style"] or ""
        return Wanted(
            grid=GridRequest(
                prompt=said["prompt"],
                negative_prompt=said["negative_prompt"] or "",
                style=style if style in checkpoint.styles else "",
                checkpoint=checkpoint.name,
                size=size_for(said["size"] or "auto", checkpoint, rights),
                count=said["n"] or 1,
                seed=said["seed"],
                format=said["output_format"] or "png",
                visibility=Job.Visibility.PRIVATE if private else Job.Visibility.UNLISTED,
                previews=(said["partial_images"] or 0) if said["stream"] else 0,
            ),
            as_url=as_url,
            format=Format(said["output_format"] or "png"),
            quality=_quality(said["output_compression"]),
            stream=bool(said["stream"]),
        )


@dataclass(frozen=True)
class Wanted:
    """What to draw, and how to answer."""

    grid: GridRequest
    as_url: bool
    format: Format
    quality: int | None
    stream: bool

    @property
    def kind(self) -> str:
        """What the events of a stream begin with."""
        return "image_generation" if self.grid.source is None else "image_edit"


def checkpoint_for(model: str) -> Checkpoint:
    """Returns the checkpoint that draws under a name, one of ours or of OpenAI's.

    Raises:
        Refusal: nobody does.
    """
    offered = catalogue.offered()
    if model in offered:
        return offered[model]
    if model and not ALIASES.fullmatch(model):
        raise model_not_found(model)
    return catalogue.checkpoint_named("")


def size_for(said: str, checkpoint: Checkpoint, rights: Entitlements) -> tuple[int, int] | None:
    """Returns the nearest size that the plan allows: in shape first, then in area."""
    sides = _SIZE.fullmatch(said)
    if sides is None:
        return None
    width, height = int(sides[1]), int(sides[2])
    allowed = [
        size
        for size in checkpoint.sizes
        if size == checkpoint.default_size or max(size) <= rights.largest_side
    ]

    def far(size: tuple[int, int]) -> tuple[float, float]:
        shape = (size[0] * height) / (size[1] * width)
        area = (size[0] * size[1]) / (width * height)
        return max(shape, 1 / shape), max(area, 1 / area)

    return min(allowed, key=far)


def _default_answer(model: str) -> str:
    """DALL·E's clients expect addresses, all others pixels."""
    return "url" if model.startswith("dall-e") else "b64_json"


def _quality(compression: int | None) -> int | None:
    """100 is what we take for good anyway."""
    return None if compression in (None, 100) else max(1, compression or 0)
