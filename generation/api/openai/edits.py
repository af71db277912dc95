"""`/v1/images/edits`: a form with a picture, perhaps a mask, and the fields of a generation."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.entitlements import Entitlements
from generation import catalogue
from generation.api.openai.errors import Refusal
from generation.api.openai.requests import ImageRequest, Wanted, checkpoint_for, size_for
from generation.checkpoints import Checkpoint
from generation.images import uploads
from generation.images.uploads import UploadRefused, Why

NUMBERS = ("n", "output_compression", "partial_images", "seed")
YES_OR_NO = {"true": True, "false": False, "True": True, "False": False}

REASONS = {
    Why.UNREADABLE: gettext_lazy("That is no PNG, JPEG or WebP that can be read."),
    Why.TOO_LARGE: gettext_lazy("A picture has at most 16 MiB and 40 million pixels."),
    Why.OTHER_SIZE: gettext_lazy("The mask must be as wide and as high as the picture."),
    Why.NOTHING_TRANSPARENT: gettext_lazy(
        "Nothing of the mask is transparent: what is transparent is drawn anew."
    ),
}


@dataclass(frozen=True)
class Form:
    """What a client sent: its fields as JSON would have them, and its files."""

    said: Mapping[str, Any]
    picture: bytes
    mask: bytes | None

    @property
    def body(self) -> Mapping[str, Any]:
        """The same for the same request; a form's own text is another one each time."""
        files = {"image": _hash(self.picture), "mask": _hash(self.mask or b"")}
        return {**self.said, **files}

    def wanted(self, rights: Entitlements) -> Wanted:
        """Returns what the form asks of us.

        Raises:
            ValidationError: a field is not what it should be.
            Refusal: no such model, or it changes no pictures, or the picture cannot be used.
        """
        request = ImageRequest(data=self.said)
        request.is_valid(raise_exception=True)
        wanted = request.wanted(rights)
        checkpoint = checkpoint_for(request.validated_data["model"] or "")
        if not checkpoint.edits:
            raise _unsupported(checkpoint)
        try:
            sides = uploads.sides_of(self.picture)
            size = wanted.grid.size or size_for(f"{sides[0]}x{sides[1]}", checkpoint, rights)
            size = size or checkpoint.default_size
            source = uploads.to_change(self.picture, self.mask, size)
        except UploadRefused as refused:
            reason = str(REASONS[refused.why])
            raise Refusal(400, "invalid_image", reason, param=refused.field) from refused
        return replace(wanted, grid=replace(wanted.grid, size=size, source=source))


def form_of(data: QueryDict, files: MultiValueDict[str, Any]) -> Form:
    """Returns what a client sent.

    Raises:
        Refusal: not one picture, or more masks than one.
    """
    pictures = _read(files, "image", "image[]")
    masks = _read(files, "mask")
    if not pictures:
        raise Refusal(400, "invalid_request", _("Send the picture as “image”."), param="image")
    if len(pictures) > 1 or len(masks) > 1:
        message = _("One picture, and one mask, at a time.")
        raise Refusal(400, "too_many_images", message, param="image")
    texts = {name: data.getlist(name) for name in data if name not in files}
    # What is said twice is a list, which no field is.
    said = {n: _as_json(n, all_[0]) if len(all_) == 1 else all_ for n, all_ in texts.items()}
    return Form(said, pictures[0], masks[0] if masks else None)


def _read(files: MultiValueDict[str, Any], *names: str) -> Sequence[bytes]:
    """No more of a file than shows that it is too large comes into memory."""
    most = uploads.LARGEST_FILE + 1
    return [file.read(most) for name in names for file in files.getlist(name)]


def _as_json(name: str, said: Any) -> Any:
    """A form has only texts; what is no number in one stays a text, and is refused as such."""
    if name in NUMBERS and re.fullmatch(r"-?[0-9]{1,18}", said):
        return int(said)
    return YES_OR_NO.get(said, said) if name == "stream" else said


def _unsupported(checkpoint: Checkpoint) -> Refusal:
    others = [name for name, one in catalogue.offered().items() if one.edits]
    message = _("The model “%s” draws new pictures only.") % checkpoint.name
    if others:
        message += " " + _("These change a picture: %s.") % ", ".join(others)
    else:
        message += " " + _("No model here can change a picture.")
    return Refusal(400, "edits_unsupported", message, param="model")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
