"""The share card: a grid as the one picture that people post."""

from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps

from generation.images.fonts import (
    DISPLAY,
    TEXT,
    Lettering,
    Paragraph,
    draw_line,
    set_paragraph,
    width,
)
from generation.images.provenance import About
from generation.images.sketchbook import (
    INK,
    LINE,
    PAPER,
    SHEET,
    SOFT,
    SUNK,
    WORDMARK_BASELINE,
    rounded,
    wordmark,
)

CARD_SIZE = (1200, 1500)
"""Four to five, the tallest that feeds show whole."""

_MARGIN = 48
_SHEET = CARD_SIZE[0] - 2 * _MARGIN
_BORDER = 4
_SHADOW = (9, 11)
_PADDING = 21
_GAP = 12
_FRAME = (_SHEET - 2 * _PADDING - 2 * _GAP) // 3
_RADIUS = 16
_SHEET_RADIUS = 36
_MADE_BY_AI = "Made by AI"

_PROMPT_TOP = _MARGIN + _SHEET + 34
_PROMPT_ROOM = _SHEET, 182
# Pixels to the em and the lines that fit, loudest first: a short prompt is said loudly.
_PROMPT_SIZES = ((96, 1), (76, 1), (62, 2), (48, 3), (38, 4))
_LEADING = 1.14
_CAPITALS = 0.74
_SIGNATURE_SIZE = 42


def card(images: Sequence[Image.Image | None], about: About) -> Image.Image:
    """Returns the share card: nine pictures on a sheet, the prompt and the site's name, RGB.

    An image that is not square is cropped to its middle. Fewer images or missing ones leave empty
    frames; a tenth is left out.
    """
    whole = _empty_card().copy()
    for position, image in enumerate(images[:9]):
        if image is not None:
            fitted = ImageOps.fit(image.convert("RGB"), (_FRAME, _FRAME), Image.Resampling.LANCZOS)
            whole.paste(fitted, _place(position), rounded(fitted.size, _RADIUS))
    canvas = ImageDraw.Draw(whole)
    _draw_prompt(canvas, about.prompt)
    _draw_signature(whole, canvas, about.site)
    return whole


@lru_cache(maxsize=1)
def _empty_card() -> Image.Image:
    """The paper, the sheet with its hard shadow, and nine empty frames."""
    whole = Image.new("RGB", CARD_SIZE, PAPER)
    right, down = _SHADOW
    _paste_tile(whole, (_MARGIN + right, _MARGIN + down), _SHEET, _SHEET_RADIUS, INK)
    _paste_tile(whole, (_MARGIN, _MARGIN), _SHEET, _SHEET_RADIUS, INK)
    inner = _MARGIN + _BORDER
    _paste_tile(whole, (inner, inner), _SHEET - 2 * _BORDER, _SHEET_RADIUS - _BORDER, SHEET)
    for position in range(9):
        left, top = _place(position)
        _paste_tile(whole, (left, top), _FRAME, _RADIUS, LINE)
        _paste_tile(whole, (left + 2, top + 2), _FRAME - 4, _RADIUS - 2, SUNK)
    return whole


def _place(position: int) -> tuple[int, int]:
    row, column = divmod(position, 3)
    first = _MARGIN + _PADDING
    return first + column * (_FRAME + _GAP), first + row * (_FRAME + _GAP)


def _paste_tile(
    whole: Image.Image, at: tuple[int, int], side: int, radius: int, colour: str
) -> None:
    whole.paste(colour, (*at, at[0] + side, at[1] + side), rounded((side, side), radius))


def _draw_prompt(canvas: ImageDraw.ImageDraw, prompt: str) -> None:
    letters, paragraph = _fitted(prompt)
    room, height = _PROMPT_ROOM
    leading = letters.size * _LEADING
    used = leading * (len(paragraph.lines) - 1) + letters.size
    first = _PROMPT_TOP + (height - used) / 2 + letters.size * _CAPITALS
    for index, line in enumerate(paragraph.lines):
        left = room - width(line, letters) if paragraph.rtl else 0
        at = (round(_MARGIN + left), round(first + index * leading))
        draw_line(canvas, at, line, letters, rtl=paragraph.rtl)


def _fitted(prompt: str) -> tuple[Lettering, Paragraph]:
    """The prompt in the largest letters that hold all of it, else cut in the smallest."""
    for size, lines in _PROMPT_SIZES:
        letters = Lettering(DISPLAY, size, INK)
        paragraph = set_paragraph(prompt, letters, _PROMPT_ROOM[0], lines)
        if not paragraph.cut:
            break
    return letters, paragraph


def _draw_signature(whole: Image.Image, canvas: ImageDraw.ImageDraw, site: str) -> None:
    name = wordmark(site, _SIGNATURE_SIZE)
    top = CARD_SIZE[1] - _MARGIN - name.height
    whole.paste(name, (_MARGIN, top), name)
    letters = Lettering(TEXT, 26, SOFT)
    left = CARD_SIZE[0] - _MARGIN - width(_MADE_BY_AI, letters)
    baseline = top + round(_SIGNATURE_SIZE * WORDMARK_BASELINE)
    draw_line(canvas, (round(left), baseline), _MADE_BY_AI, letters)
