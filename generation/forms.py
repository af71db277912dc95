"""The form on the first page."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.entitlements import Entitlements
from generation.admission import LARGEST_COUNT
from generation.checkpoints import Checkpoint
from generation.moderation import LONGEST_PROMPT
from generation.seeds import LARGEST_SEED
from generation.submission import GridRequest

_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_NOT_A_NUMBER = {"invalid": gettext_lazy("The number of pictures is a whole number.")}
_NOT_A_SEED = {"invalid": gettext_lazy("A seed is a whole number.")}


class DrawForm(forms.Form):
    """Reads what to draw. What of it may be drawn, `submit` decides."""

    prompt = forms.CharField(required=False, strip=False, max_length=100_000)
    negative_prompt = forms.CharField(required=False, strip=False, max_length=100_000)
    count = forms.IntegerField(required=False, error_messages=_NOT_A_NUMBER)
    size = forms.CharField(required=False)
    seed = forms.IntegerField(required=False, error_messages=_NOT_A_SEED)

    def clean_size(self) -> tuple[int, int] | None:
        said: str = self.cleaned_data["size"]
        if not said:
            return None
        if not (sides := _SIZE.fullmatch(said)):
            raise ValidationError(_("A size looks like 256x256."))
        return int(sides[1]), int(sides[2])

    def request(self) -> GridRequest:
        """Returns what a valid form asks for."""
        said = self.cleaned_data
        return GridRequest(
            prompt=said["prompt"],
            negative_prompt=said["negative_prompt"],
            size=said["size"],
            count=9 if said["count"] is None else said["count"],
            seed=said["seed"],
        )

    @property
    def complaint(self) -> str:
        """The first thing that cannot be read, as a sentence."""
        return next(str(message) for messages in self.errors.values() for message in messages)


def choices(checkpoint: Checkpoint, rights: Entitlements) -> dict[str, Any]:
    """Returns what the form offers to somebody of these rights."""
    largest_count = min(LARGEST_COUNT, rights.images_per_grid)
    return {
        "counts": range(1, largest_count + 1),
        "sizes": [
            (f"{width}x{height}", f"{width} × {height}")
            for width, height in checkpoint.sizes
            if (width, height) == checkpoint.default_size
            or max(width, height) <= rights.largest_side
        ],
        "largest_seed": LARGEST_SEED,
        "longest_prompt": LONGEST_PROMPT,
        "negative_prompt": checkpoint.negative_prompt,
        "samples": checkpoint.samples,
    }
