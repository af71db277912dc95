"""Images as they are delivered: formats, sizes, the watermark, and what a finished grid gets."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from PIL import Image

from generation.images.card import card
from generation.images.provenance import DECODING_ERRORS, About, exif, png_texts, sha256, xmp
from generation.images.sketchbook import PAPER, tile, wordmark

__all__ = [
    "STANDARD",
    "THUMBNAIL_SIDE",
    "About",
    "Format",
    "Kind",
    "Made",
    "UnreadableImage",
    "card",
    "encode",
    "make",
    "master",
    "opened",
    "standard_set",
    "thumbnail",
    "watermarked",
]

THUMBNAIL_SIDE = 128
LARGEST_SIDE = 8192
"""Beyond what any checkpoint draws; a file that claims more is not decoded."""


class UnreadableImage(Exception):
    """A stored image is damaged, or is none."""

    code = "unreadable_image"


class Format(StrEnum):
    """How pixels become a file."""

    WEBP = "webp"
    PNG = "png"
    JPEG = "jpeg"
    AVIF = "avif"

    @property
    def content_type(self) -> str:
        """The media type for HTTP."""
        return f"image/{self.value}"

    @property
    def extension(self) -> str:
        """The end of a file's name, without the dot."""
        return "jpg" if self is Format.JPEG else self.value


class Kind(StrEnum):
    """What of a grid a rendition shows."""

    FULL = "full"
    THUMB = "thumb"
    CARD = "card"


STANDARD = ((Kind.FULL, Format.WEBP), (Kind.THUMB, Format.WEBP), (Kind.CARD, Format.WEBP))
"""What the worker makes of every finished grid; anything else is made when it is asked for."""

# Nine pictures of 256 px, their thumbnails and the card take 0.1 s of one core, of 1024 px 0.6 s:
# less than any pipeline draws in. WebP's method 4 takes twice that for files no smaller, PNG's
# level 6 three times level 4. One thread an image: several are encoded at once.
_SETTINGS: dict[Format, dict[str, Any]] = {
    Format.WEBP: {"quality": 90, "method": 2},
    Format.PNG: {"compress_level": 4},
    Format.JPEG: {"quality": 92, "subsampling": "4:4:4", "optimize": True, "progressive": True},
    Format.AVIF: {"quality": 80, "subsampling": "4:4:4", "speed": 8, "max_threads": 1},
}


@dataclass(frozen=True)
class Made:
    """A rendition, ready to be stored."""

    kind: Kind
    position: int | None
    """0…9; None for a card."""
    format: Format
    watermarked: bool
    width: int
    height: int
    content: bytes
    sha256: str


def opened(content: bytes) -> Image.Image:
    """Returns the decoded pixels of a stored master, RGB.

    Raises:
        UnreadableImage: the bytes are damaged, no picture, or larger than any checkpoint draws.
    """
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "WEBP", "JPEG", "AVIF"))
    except DECODING_ERRORS as error:
        raise UnreadableImage(f"The stored image cannot be read: {error}") from error
    if max(image.size) > LARGEST_SIDE:
        raise UnreadableImage(f"The image claims {image.width} × {image.height} pixels.")
    return _rgb(image)


def encode(
    image: Image.Image,
    format: Format,
    about: About,
    *,
    quality: int | None = None,
) -> bytes:
    """Returns the file: the same bytes for the same pixels, with where they come from inside.

    Quality goes from 1 to 100 on the scale of the format, which PNG lacks; None is a good one.
    """
    settings = _SETTINGS[format] if quality is None else _SETTINGS[format] | {"quality": quality}
    return _saved(image, format, about, settings)


def master(image: Image.Image, about: About) -> bytes:
    """Returns the image without loss and without a mark as PNG, compressed fast."""
    return _saved(image, Format.PNG, about, {"compress_level": 1})


def watermarked(image: Image.Image, site: str) -> Image.Image:
    """Returns a copy with the site's name on a scrap of paper in the lower right corner, RGB."""
    marked = _rgb(image).convert("RGBA")
    short = min(marked.size)
    label = _label(site, max(round(short * 0.047), 11)).copy()
    margin = round(short * 0.02)
    label.thumbnail((marked.width - 2 * margin, marked.height - 2 * margin))
    corner = (marked.width - margin - label.width, marked.height - margin - label.height)
    marked.alpha_composite(label, corner)
    return marked.convert("RGB")


def thumbnail(image: Image.Image, side: int = THUMBNAIL_SIDE) -> Image.Image:
    """Returns the image reduced to fit a square of that side, never enlarged, RGB."""
    small = _rgb(image)
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return small


def standard_set(
    images: Sequence[Image.Image | None], about: About, *, watermark: bool, card: bool = True
) -> list[Made]:
    """Returns what the worker makes at once of a finished grid: STANDARD, position by position.

    A position without an image gets nothing, except its empty frame on the card. A picture drawn
    again alone gets no card of its own.
    """
    return [
        make(kind, file_format, images, about, watermark=watermark, position=position)
        for kind, file_format in STANDARD
        if card or kind is not Kind.CARD
        for position in _positions(kind, images)
    ]


def make(
    kind: Kind,
    format: Format,
    images: Sequence[Image.Image | None],
    about: About,
    *,
    watermark: bool,
    position: int | None = None,
) -> Made:
    """Returns one rendition of a grid; position names the image, None for a card.

    Only full images carry the mark: a card has the site's name on it anyhow, and on a thumbnail
    nobody could read it.

    Raises:
        LookupError: there is no image at that position.
    """
    marked = watermark and kind is Kind.FULL
    if kind is Kind.CARD:
        position, picture = None, card(_loaded(images), about)
    else:
        picture = _image_at(position, images)
    if kind is Kind.THUMB:
        picture = thumbnail(picture)
    if marked:
        picture = watermarked(picture, about.site)
    content = encode(picture, format, replace(about, position=position))
    return Made(kind, position, format, marked, *picture.size, content, sha256(content))


def _positions(kind: Kind, images: Sequence[Image.Image | None]) -> list[int] | list[None]:
    if kind is Kind.CARD:
        return [None]
    return [position for position, image in enumerate(images) if image is not None]


def _image_at(position: int | None, images: Sequence[Image.Image | None]) -> Image.Image:
    image = images[position] if position is not None and position >= 0 else None
    if image is None:
        raise LookupError(f"no image at position {position}")
    return image


def _loaded(images: Sequence[Image.Image | None]) -> list[Image.Image | None]:
    return [None if image is None else _rgb(image) for image in images]


def _rgb(image: Image.Image) -> Image.Image:
    """The pixels and nothing else: what the file said that they come from must not be copied."""
    try:
        pixels = image.convert("RGB")
    # Decoders run when pixels are first asked for.
    except DECODING_ERRORS as error:
        raise UnreadableImage(f"The image cannot be decoded: {error}") from error
    pixels.info = {}
    return pixels


def _saved(image: Image.Image, format: Format, about: About, settings: dict[str, Any]) -> bytes:
    said = {"pnginfo": png_texts(about)} if format is Format.PNG else {"xmp": xmp(about)}
    file = io.BytesIO()
    _rgb(image).save(file, format.value, exif=exif(about), **said, **settings)
    return file.getvalue()


@lru_cache(maxsize=32)
def _label(site: str, size: int) -> Image.Image:
    """The watermark: the name on paper that lets a little of the picture through, RGBA."""
    name = wordmark(site, size)
    padding = round(size * 0.45)
    paper = tile((name.width + 2 * padding, name.height + 2 * padding), padding, PAPER)
    paper.putalpha(paper.getchannel("A").point(lambda alpha: alpha * 7 // 8))
    paper.alpha_composite(name, (padding, padding))
    return paper
