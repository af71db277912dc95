"""The site's look in pixels: warm paper, ink, five crayons, the name with its stripe."""

from functools import lru_cache
from math import ceil

from PIL import Image, ImageDraw

from generation.images.fonts import DISPLAY, Lettering, draw_line, showable, width

PAPER = "#fbf6ec"
SHEET = "#ffffff"
SUNK = "#f3ebdb"
INK = "#1f1a14"
SOFT = "#6a5f52"
LINE = "#e5dac6"
CRAYONS = ("#d93a2b", "#ffc23d", "#1d7f4e", "#2b62d9", "#7a3fd1")

WORDMARK_BASELINE = 0.78
"""From the top of the wordmark to the foot of its letters, in ems."""

# Pillow draws edges without smoothing: shapes are drawn this much larger and reduced.
_FINER = 4


@lru_cache(maxsize=64)
def rounded(size: tuple[int, int], radius: int) -> Image.Image:
    """Returns the mask of a rectangle with round corners, smooth at the edges."""
    large = Image.new("L", (size[0] * _FINER, size[1] * _FINER))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _FINER, fill=255
    )
    return large.reduce(_FINER)


def tile(size: tuple[int, int], radius: int, colour: str) -> Image.Image:
    """Returns a rectangle with round corners in one colour, RGBA."""
    picture = Image.new("RGBA", size, colour)
    picture.putalpha(rounded(size, radius))
    return picture


@lru_cache(maxsize=64)
def wordmark(name: str, size: int) -> Image.Image:
    """Returns the name with the five crayons under it on nothing, RGBA, size pixels to the em."""
    # Set larger and reduced: at ten pixels whole-pixel advances would show as gaps.
    letters = Lettering(DISPLAY, size * _FINER, INK)
    text = showable(name, DISPLAY)
    thickness = max(2, round(size * 0.2))
    across = max(ceil(width(text, letters) / _FINER), thickness)
    height = round(size * 1.07) + thickness
    large = Image.new("RGBA", (across * _FINER, height * _FINER), f"{INK}00")
    draw_line(ImageDraw.Draw(large), (0, round(size * WORDMARK_BASELINE) * _FINER), text, letters)
    picture = large.reduce(_FINER)
    picture.alpha_composite(_stripe((across, thickness)), (0, height - thickness))
    return picture


def _stripe(size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGBA", size)
    edges = [round(size[0] * index / len(CRAYONS)) for index in range(len(CRAYONS) + 1)]
    for colour, left, right in zip(CRAYONS, edges, edges[1:], strict=False):
        picture.paste(colour, (left, 0, right, size[1]))
    picture.putalpha(rounded(size, size[1] // 2))
    return picture
