"""The letters on cards and watermarks: which font shows which character, and lines set in them.

What the bundled fonts lack comes from the system's Noto or DejaVu where one is installed; what
nothing can show becomes an ellipsis, never a row of boxes.
"""

from generation.images.fonts.faces import DISPLAY, TEXT
from generation.images.fonts.typesetting import (
    Lettering,
    Paragraph,
    draw_line,
    set_paragraph,
    showable,
    width,
)

__all__ = [
    "DISPLAY",
    "TEXT",
    "Lettering",
    "Paragraph",
    "draw_line",
    "set_paragraph",
    "showable",
    "width",
]
