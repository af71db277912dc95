"""The form on the first page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.entitlements import Entitlements
from accounts.models import Plan
from generation.checkpoints import Checkpoint
from generation.models import Job
from generation.prompts import LONGEST_PROMPT
from generation.queue.admission import LARGEST_COUNT
from generation.site import vocabulary
from generation.submission import GridRequest

_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_NOT_A_NUMBER = {"invalid": gettext_lazy("The number of pictures is a whole number.")}
STYLES = {
    "drawing": gettext_lazy("Drawing"),
    "art": gettext_lazy("Art"),
    "photo": gettext_lazy("Photo"),
    "flat": gettext_lazy("Flat"),
    "3d": gettext_lazy("3D"),
    "cartoon": gettext_lazy("Cartoon"),
    "sticker": gettext_lazy("Sticker"),
}
"""What people call the styles that manifests usually map, in the order of the form."""

_NOT_A_SEED = {"invalid": gettext_lazy("A seed is a whole number.")}


class DrawForm(forms.Form):
    """Reads what to draw. What of it may be drawn, `submit` decides."""

    prompt = forms.CharField(required=False, strip=False, max_length=100_000)
    negative_prompt = forms.CharField(required=False, strip=False, max_length=100_000)
    style = forms.CharField(required=False, max_length=64)
    checkpoint = forms.CharField(required=False, max_length=64)
    visibility = forms.ChoiceField(required=False, choices=Job.Visibility)
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
            style=said["style"],
            checkpoint=said["checkpoint"],
            visibility=Job.Visibility(said["visibility"] or Job.Visibility.UNLISTED),
            size=said["size"],
            count=9 if said["count"] is None else said["count"],
            seed=said["seed"],
        )

    @property
    def complaint(self) -> str:
        """The first thing that cannot be read, as a sentence."""
        return next(str(message) for messages in self.errors.values() for message in messages)


@dataclass(frozen=True)
class Size:
    """A size on the form. A locked one is shown, and says which plan unlocks it."""

    value: str
    said: str
    checkpoints: str
    """The names of those that draw in it."""
    locked: bool
    unlocked_by: str


@dataclass(frozen=True)
class Style:
    """A style on the form."""

    value: str
    said: str
    checkpoints: str


@dataclass(frozen=True)
class Offer:
    """What the form offers to somebody: all that the checkpoints can do, and what is locked."""

    checkpoints: list[Checkpoint]
    styles: list[Style]
    sizes: list[Size]
    counts: range
    negative_prompt: bool
    private: bool
    private_by: str
    """The plan that may keep grids private, where this one may not."""
    samples: tuple[str, ...]
    longest_prompt: int = LONGEST_PROMPT


def offer_of(
    checkpoints: Sequence[Checkpoint], rights: Entitlements, larger: Sequence[Entitlements]
) -> Offer:
    """Returns what the form offers to somebody of these rights.

    Args:
        checkpoints: on offer, the default first.
        rights: of who looks.
        larger: the plans that they could go on to, in order.
    """
    sizes = dict.fromkeys(size for checkpoint in checkpoints for size in checkpoint.sizes)
    styles = dict.fromkeys(style for checkpoint in checkpoints for style in checkpoint.styles)
    return Offer(
        checkpoints=list(checkpoints),
        styles=[_style(style, checkpoints) for style in sorted(styles, key=_style_order)],
        sizes=[_size(size, checkpoints, rights, larger) for size in sizes],
        counts=range(1, min(LARGEST_COUNT, rights.images_per_grid) + 1),
        negative_prompt=any(checkpoint.negative_prompt for checkpoint in checkpoints),
        private=rights.private,
        private_by=_first(larger, lambda plan: plan.private),
        samples=vocabulary.samples_of(checkpoints[0]),
    )


def plan_title(plan: str) -> str:
    """Returns what people call a plan that they could go on to."""
    return {Plan.FREE: _("a free account"), Plan.PREMIUM: _("Premium")}.get(plan, plan)


def style_title(style: str) -> str:
    """Returns what people call a style of a manifest; a name of its own stays as it is."""
    return str(STYLES.get(style, style.capitalize()))


def _style_order(style: str) -> tuple[int, str]:
    known = list(STYLES)
    return (known.index(style) if style in known else len(known), style)


def _style(style: str, checkpoints: Sequence[Checkpoint]) -> Style:
    having = [checkpoint.name for checkpoint in checkpoints if style in checkpoint.styles]
    return Style(style, style_title(style), " ".join(having))


def _size(
    size: tuple[int, int],
    checkpoints: Sequence[Checkpoint],
    rights: Entitlements,
    larger: Sequence[Entitlements],
) -> Size:
    having = [checkpoint for checkpoint in checkpoints if size in checkpoint.sizes]
    usual = any(size == checkpoint.default_size for checkpoint in having)
    locked = not usual and max(size) > rights.largest_side
    return Size(
        value=f"{size[0]}x{size[1]}",
        said=f"{size[0]} × {size[1]}",
        checkpoints=" ".join(checkpoint.name for checkpoint in having),
        locked=locked,
        unlocked_by=_first(larger, lambda plan: max(size) <= plan.largest_side) if locked else "",
    )


def _first(plans: Sequence[Entitlements], fits: Callable[[Entitlements], bool]) -> str:
    """What people call the smallest plan that fits; the empty text where none does."""
    return next((plan_title(plan.plan) for plan in plans if fits(plan)), "")
