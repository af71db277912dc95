"""What a pipeline is asked for: pictures, and the scalars of the call that draws them."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL.Image import Image


@dataclass(frozen=True)
class Drawing:
    """One picture to draw."""

    prompt: str
    negative_prompt: str
    seed: int
    looks: int = 0
    """How often it is to be shown before it is done."""
    source: Image | None = None
    """The picture to change, RGBA, of the size of the call; what is transparent is drawn anew."""


@dataclass(frozen=True)
class Call:
    """What all pictures of a pipeline call share."""

    width: int
    height: int
    steps: int
    guidance: float

    def shape(self, images: int) -> tuple[int, int, int, bool, bool]:
        """What the sizes of tensors depend on; guidance above 0 or above 1 doubles their rows."""
        return images, self.width, self.height, self.guidance > 0, self.guidance > 1


def share(
    on_step: Callable[[float], None], before: int, images: int, total: int
) -> Callable[[float], None]:
    """Turns the progress of some of the images into that of all."""
    return lambda part: on_step((before + images * part) / total)
