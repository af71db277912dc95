"""The pixels of scenes, many at once on any device: their backgrounds, what falls, their figures.

Weather falls behind the figures and always in the same places, so that figures stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional

from doodle.places import SCALE, SHIFTS, SIDE, Background, backgrounds, painted
from doodle.scenes import CELL, NATURAL, STYLES, WEATHERS, Figure, Scene, outdoors
from doodle.sprites import Pixels
from doodle.subjects import COLOURS, sprite_row, subjects

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
LIGHT = (0.30, 0.59, 0.11)
"""How light red, green and blue are."""
MOST = 5
"""The figures of a scene."""
UNTINTED = -1
FIGURE = np.dtype(
    [(name, np.int16) for name in ("row", "artist", "size", "x", "y", "flipped", "tint")]
)
"""A figure in numbers; one of no size is none. `row` is its sprite's, `tint` its colour's."""


@dataclass(frozen=True)
class Layout:
    """Scenes in numbers: (N,) of `grounds`, (N, MOST) of `FIGURE`, and (N,) of styles from 1."""

    ground: NDArray[np.int16]
    figures: NDArray[np.void]
    style: NDArray[np.int16]


@cache
def grounds() -> tuple[tuple[Background, int, str], ...]:
    """Everything that can be behind figures: a background, how low its horizon is, its weather."""
    return tuple(
        (background, shift, weather)
        for background in backgrounds()
        for shift in (SHIFTS if background.place else (0,))
        for weather in (("", *WEATHERS) if outdoors(background) else ("",))
    )


@cache
def _ground_rows() -> dict[tuple[Background, int, str], int]:
    return {ground: row for row, ground in enumerate(grounds())}


def layout_of(scenes: Sequence[Scene]) -> Layout:
    """The scenes in numbers, as they go from who composes to who paints."""
    figures = np.zeros((len(scenes), MOST), FIGURE)
    for row, scene in enumerate(scenes):
        for number, figure in enumerate(scene.figures):
            figures[row, number] = _numbers(figure)
    ground = [_ground_rows()[one.background, one.shift, one.weather] for one in scenes]
    style = [1 + STYLES.index(one.style) if one.style else 0 for one in scenes]
    return Layout(np.array(ground, np.int16), figures, np.array(style, np.int16))


def _numbers(figure: Figure) -> tuple[int, ...]:
    own = NATURAL.get(subjects()[figure.subject].name, ())
    recoloured = figure.tint is not None and figure.tint not in own
    tint = list(COLOURS).index(figure.tint) if figure.tint and recoloured else UNTINTED
    row = sprite_row(figure.subject, figure.drawing)
    return (row, figure.artist, figure.size, figure.x, figure.y, int(figure.flipped), tint)


class Painter:
    """Paints scenes with the artists' sprites, so many times SIDE wide, on a device."""

    def __init__(self, sprites: Pixels, device: torch.device | None = None, times: int = 1) -> None:
        """`sprites` are (drawings, artists, side, side, 4) of 0 to 255."""
        self.device, self.times, self.side = device or torch.device("cpu"), times, SIDE * times
        self.sprites = torch.from_numpy(sprites).to(self.device)
        self.colours = torch.tensor(list(COLOURS.values()), device=self.device).float()
        self._grounds = torch.empty(
            len(grounds()), 3, self.side, self.side, dtype=torch.uint8, device=self.device
        )
        self._painted = np.zeros(len(grounds()), bool)

    def paint(self, scenes: Sequence[Scene]) -> Tensor:
        """The scenes as pictures: (N, 3, side, side) of -1 to 1."""
        return self.show(layout_of(scenes))

    @torch.no_grad()
    def show(self, layout: Layout) -> Tensor:
        """What `layout_of` has put in numbers, as pictures: (N, 3, side, side) of -1 to 1."""
        pictures = self._behind(layout.ground)
        for number in range(MOST):
            figures = layout.figures[:, number]
            for size in np.unique(figures["size"][figures["size"] > 0]):
                rows = np.flatnonzero(figures["size"] == size)
                self._paste(pictures, rows, figures[rows])
        for number, style in enumerate(STYLES, 1):
            rows = np.flatnonzero(layout.style == number)
            if len(rows):
                pictures[rows] = TREATMENTS[style](pictures[rows], self.times)
        shown = pictures.round_().clamp_(0, 255).div_(127.5).sub_(1)
        return shown.contiguous(memory_format=torch.channels_last)

    def _behind(self, chosen: NDArray[np.int16]) -> Tensor:
        """Grounds, each painted when it is first asked for: (N, 3, side, side) of 0 to 255."""
        for row in np.unique(chosen[~self._painted[chosen]]):
            self._grounds[row] = _ground(*grounds()[row], self.times)
            self._painted[row] = True
        return self._grounds[self._rows(chosen)].float()

    def _rows(self, numbers: NDArray[np.int16]) -> Tensor:
        return torch.from_numpy(numbers.astype(np.int64)).to(self.device)

    def _paste(
        self, pictures: Tensor, chosen: NDArray[np.int64], figures: NDArray[np.void]
    ) -> None:
        """Paste one figure each, all of the same size, into the chosen pictures."""
        side = int(figures["size"][0]) * CELL * self.times
        drawn = self.sprites[self._rows(figures["row"]), self._rows(figures["artist"])]
        sprite = resized(drawn, side)
        flipped = np.flatnonzero(figures["flipped"])
        if len(flipped):
            sprite[flipped] = sprite[flipped].flip(-1)
        coloured = np.flatnonzero(figures["tint"] != UNTINTED)
        if len(coloured):
            tints = self.colours[self._rows(figures["tint"][coloured])]
            sprite[coloured] = tinted(sprite[coloured], tints)
        cells = torch.arange(side, device=self.device)
        down, right = (
            CELL * self.times * self._rows(figures[name])[:, None] + cells for name in ("y", "x")
        )
        where = (
            torch.from_numpy(chosen).to(self.device)[:, None, None, None],
            torch.arange(3, device=self.device)[None, :, None, None],
            down[:, None, :, None],
            right[:, None, None, :],
        )
        under, opacity = pictures[where], sprite[:, 3:] / 255
        pictures[where] = under + (sprite[:, :3] - under) * opacity


def resized(sprites: Tensor, side: int) -> Tensor:
    """Sprites (N, H, W, 4) at `side` pixels: (N, 4, side, side) of 0 to 255.

    Colours are weighted by opacity, so that edges stay clean.
    """
    drawn = sprites.permute(0, 3, 1, 2).float()
    opacity = drawn[:, 3:]
    weighted = torch.cat([drawn[:, :3] * (opacity / 255), opacity], dim=1)
    small = functional.interpolate(
        weighted, (side, side), mode="bicubic", antialias=True, align_corners=False
    )
    opacity = small[:, 3:].clamp(0, 255)
    colours = (small[:, :3] * (255 / opacity.clamp(min=1))).clamp(0, 255)
    return torch.cat([colours, opacity], dim=1)


def tinted(sprites: Tensor, colours: Tensor) -> Tensor:
    """Sprites (N, 4, H, W) in shades of a colour each (N, 3); near black and near white stay."""
    rgb, opacity = sprites[:, :3], sprites[:, 3:]
    weights = torch.tensor(LIGHT, device=sprites.device)[None, :, None, None]
    light = (rgb * weights).sum(1, keepdim=True) / 255
    inside = torch.where(opacity > 128, light, torch.nan)
    middle = inside.flatten(1).nanmedian(1).values.nan_to_num(0.5)[:, None, None, None]
    shade = (0.5 + 1.1 * (light - middle)).clamp(0, 1)
    paint = colours[:, :, None, None]
    shadow, shine = paint * (0.4 + 1.2 * shade), paint + (255 - paint) * (1.5 * shade - 0.75)
    ramp = torch.where(shade < 0.5, shadow, shine).clamp(0, 255)
    spread = (rgb.amax(1, keepdim=True) - rgb.amin(1, keepdim=True)) / 255
    kept = (light < 0.22) | ((light > 0.9) & (spread < 0.12))
    return torch.cat([torch.where(kept, rgb, ramp), opacity], dim=1)


def _ground(background: Background, shift: int, weather: str, times: int) -> Tensor:
    """What is behind the figures: (3, side, side) of 0 to 255."""
    picture = painted(background, shift, times).astype(np.float32)
    if weather:
        picture += (np.array(MIST_COLOUR, np.float32) - picture) * MIST[weather]
        picture += (np.array(FALLING[weather], np.float32) - picture) * _falling(weather, times)
    return torch.from_numpy(picture.round().astype(np.uint8)).permute(2, 0, 1)


@cache
def _falling(weather: str, times: int) -> NDArray[np.float32]:
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


def _in_pixels(pictures: Tensor, times: int) -> Tensor:
    """Squares of one colour each."""
    squares = functional.avg_pool2d(pictures, PIXEL * times)
    return functional.interpolate(squares, scale_factor=PIXEL * times, mode="nearest")


def _in_pencil(pictures: Tensor, times: int) -> Tensor:
    """Pale colours on paper, with a line where they change."""
    near = functional.pad(pictures, (times,) * 4, mode="replicate")
    inner, far = slice(times, -times), 2 * times
    across = near[..., inner, far:] - near[..., inner, :-far]
    down = near[..., far:, inner] - near[..., :-far, inner]
    edge = torch.hypot(across, down).amax(1, keepdim=True)
    line = ((edge - FAINT) / (STRONG - FAINT)).clamp(0, 1)
    pale = PAPER - (PAPER - pictures) * PALE
    return pale + (INK - pale) * line


TREATMENTS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "drawing": _in_pencil,
    "pixel": _in_pixels,
}
"""The styles that are a way to treat the whole picture, and not an artist's."""
