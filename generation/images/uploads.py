"""Pictures that people send to be changed: read, checked, cut to size, and nothing else kept.

What comes out is one picture with transparency: its colours are the picture, and what is
transparent is to be drawn anew. Where nothing is transparent the whole picture is.
"""

import io
from enum import StrEnum

from PIL import Image, ImageOps

from generation.images.provenance import DECODING_ERRORS

FORMATS = ("PNG", "JPEG", "WEBP")
LARGEST_FILE = 16 * 2**20
"""Bytes of one picture."""

MOST_PIXELS = 40_000_000
"""More than any camera here makes, and a second of decoding."""


class Why(StrEnum):
    """Why a picture cannot be used."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    OTHER_SIZE = "other_size"
    NOTHING_TRANSPARENT = "nothing_transparent"


class UploadRefused(Exception):
    """A picture, or its mask, cannot be used."""

    def __init__(self, field: str, why: Why) -> None:
        super().__init__(f"{field}: {why}")
        self.field, self.why = field, why


def sides_of(picture: bytes) -> tuple[int, int]:
    """Returns the width and height of a picture as it is seen, in pixels.

    Raises:
        UploadRefused: it is none.
    """
    return _opened("image", picture).size


def to_change(picture: bytes, mask: bytes | None, size: tuple[int, int]) -> bytes:
    """Returns the picture that a job changes, as PNG, cut to the size around its middle.

    Args:
        picture: PNG, JPEG or WebP. Without a mask its own transparency is the mask.
        mask: of the same size; what is transparent in it is drawn anew.
        size: width and height in pixels of what comes out.

    Raises:
        UploadRefused: one of them is no picture, too large, or they do not fit together.
    """
    image = _opened("image", picture)
    kept = image.getchannel("A")
    if mask is not None:
        over = _opened("mask", mask)
        if over.size != image.size:
            raise UploadRefused("mask", Why.OTHER_SIZE)
        kept = over.getchannel("A")
        if kept.getextrema() == (255, 255):
            raise UploadRefused("mask", Why.NOTHING_TRANSPARENT)
    # Apart: cut together, what is transparent would lend its colours to what is not.
    fitted = ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)
    fitted.putalpha(ImageOps.fit(kept, size, Image.Resampling.BOX).point(_all_or_nothing))
    file = io.BytesIO()
    fitted.save(file, "PNG")
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    """Returns what `to_change` made, with its transparency."""
    return Image.open(io.BytesIO(content), formats=("PNG",)).convert("RGBA")


def is_masked(picture: Image.Image) -> bool:
    """Whether a part of it is to be drawn anew, and the rest to be left alone."""
    lowest, highest = picture.getchannel("A").getextrema()
    return lowest == 0 and highest == 255


def _all_or_nothing(alpha: int) -> int:
    return 255 if alpha >= 128 else 0


def _opened(field: str, content: bytes) -> Image.Image:
    if len(content) > LARGEST_FILE:
        raise UploadRefused(field, Why.TOO_LARGE)
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise UploadRefused(field, Why.TOO_LARGE)
        return ImageOps.exif_transpose(image).convert("RGBA")
    except DECODING_ERRORS as error:
        raise UploadRefused(field, Why.UNREADABLE) from error
