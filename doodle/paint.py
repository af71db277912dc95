"""The pixels of a scene: its background, what falls before it, its figures, and the hand it shows.

Weather falls behind the figures and always in the same places, so that figures stay as they are.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from doodle.places import SCALE, SIDE, painted
from doodle.scenes import CELL, NATURAL, Figure, Scene
from doodle.sprites import Pixels, resized, tinted
from doodle.subjects import sprite_row, subjects

Picture = NDArray[np.float32]

MIST = {"rain": 0.3, "snowfall": 0.15}
MIST_COLOUR = (132, 144, 164)
FALLING = {"rain": (206, 224, 244), "snowfall": (255, 255, 255)}
FALLEN = 36
"""Drops or flakes in a picture."""
SEED = 70
"""Of where they are."""
PIXEL = 8
"""The side of a square of the pixel style: two by two of them fill a cell of the denoiser."""
PAPER, INK = 255.0, 44.0
PALE = 0.85
"""How much of a colour the drawing style keeps."""
FAINT, STRONG = 36.0, 110.0
"""Edges below the first are not drawn, those above the second in full ink."""


def paint(scene: Scene, sprites: Pixels, times: int = 1) -> Pixels:
    """The scene as pixels, so many times SIDE wide: (SIDE, SIDE, 3)."""
    picture = painted(scene.background, scene.shift, times).astype(np.float32)
    if scene.weather:
        picture = _weathered(picture, scene.weather, times)
    for figure in scene.figures:
        _paste(picture, figure, sprites, CELL * times)
    if scene.style:
        picture = HANDS[scene.style](picture, times)
    return picture.round().astype(np.uint8)


def _paste(picture: Picture, figure: Figure, sprites: Pixels, cell: int) -> None:
    drawn = sprites[sprite_row(figure.subject, figure.drawing), figure.artist]
    sprite = resized(drawn, figure.size * cell)
    if figure.flipped:
        sprite = sprite[:, ::-1]
    name = subjects()[figure.subject].name
    if figure.tint is not None and figure.tint not in NATURAL.get(name, ()):
        sprite = tinted(sprite, figure.tint)
    top, left, side = figure.y * cell, figure.x * cell, figure.size * cell
    under = picture[top : top + side, left : left + side]
    opacity = sprite[..., 3:].astype(np.float32) / 255
    under += (sprite[..., :3] - under) * opacity


def _weathered(picture: Picture, weather: str, times: int) -> Picture:
    misty = picture + (np.array(MIST_COLOUR, np.float32) - picture) * MIST[weather]
    return misty + (np.array(FALLING[weather], np.float32) - misty) * _falling(weather, times)


@cache
def _falling(weather: str, times: int) -> Picture:
    """How much of every pixel is drop or flake, from 0 to 1: (side, side, 1)."""
    scale = SCALE * times
    veil = Image.new("L", (SIDE * scale,) * 2)
    draw = ImageDraw.Draw(veil)
    rng = np.random.default_rng(SEED)
    for x, y, size in zip(
        rng.uniform(0, SIDE, FALLEN),
        rng.uniform(0, SIDE, FALLEN),
        rng.uniform(2.5, 4.5, FALLEN),
        strict=True,
    ):
        if weather == "rain":
            line = [edge * scale for edge in (x, y, x - 5, y + 20)]
            draw.line(line, fill=210, width=3 * scale)
        else:
            draw.ellipse([edge * scale for edge in (x - size, y - size, x + size, y + size)], 255)
    shown = veil.resize((SIDE * times,) * 2, Image.Resampling.LANCZOS)
    return np.asarray(shown, np.float32)[..., None] / 255


def _in_pixels(picture: Picture, times: int) -> Picture:
    """Squares of one colour each."""
    side = PIXEL * times
    count = len(picture) // side
    squares = picture.reshape(count, side, count, side, 3).mean((1, 3))
    return squares.repeat(side, 0).repeat(side, 1)


def _in_pencil(picture: Picture, times: int) -> Picture:
    """Pale colours on paper, with a line where they change."""
    step = times
    near = np.pad(picture, ((step, step), (step, step), (0, 0)), mode="edge")
    across = near[step:-step, 2 * step :] - near[step:-step, : -2 * step]
    down = near[2 * step :, step:-step] - near[: -2 * step, step:-step]
    edge = np.hypot(across, down).max(-1, keepdims=True)
    line = ((edge - FAINT) / (STRONG - FAINT)).clip(0, 1)
    pale = PAPER - (PAPER - picture) * PALE
    drawn: Picture = pale + (INK - pale) * line
    return drawn


HANDS: dict[str, Callable[[Picture, int], Picture]] = {"drawing": _in_pencil, "pixel": _in_pixels}
"""The styles that are a way to treat the whole picture, and not an artist's."""
