"""An image check for a site whose checkpoints need one."""

from collections.abc import Sequence

from PIL.Image import Image


def squares_pass(pictures: Sequence[Image]) -> list[bool]:
    """Lets pass what is square: tests choose by the size that they ask for."""
    return [picture.width == picture.height for picture in pictures]
