"""Backgrounds: twelve plain colours and ten painted places, by day, at sunset and at night."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from doodle.subjects import COLOURS

SIDE = 256
SCALE = 2
PLACES = (
    "meadow",
    "beach",
    "sea",
    "underwater",
    "desert",
    "snow",
    "forest",
    "mountains",
    "city",
    "space",
)
TIMELESS = ("underwater", "space")
TIMES = ("day", "sunset", "night")
SHIFTS = (-16, 0, 16)

Colour = tuple[int, int, int]
Pixels = NDArray[np.uint8]

SKIES: dict[str, tuple[Colour, Colour]] = {
    "day": ((118, 190, 242), (206, 234, 250)),
    "sunset": ((240, 112, 92), (255, 208, 128)),
    "night": ((18, 22, 60), (46, 54, 112)),
}
STARS = (
    (22, 30),
    (60, 82),
    (96, 24),
    (132, 60),
    (172, 20),
    (208, 70),
    (238, 28),
    (30, 120),
    (224, 116),
)
CLOUDS = ((52, 44, 1.0), (196, 66, 0.8))


@dataclass(frozen=True)
class Background:
    """A plain colour, or a place at a time of day; one of the two names is empty."""

    colour: str = ""
    place: str = ""
    time: str = "day"


class Canvas:
    """A picture painted twice as large as it is shown; coordinates are in pixels of `SIDE`."""

    def __init__(self, time: str, times: int = 1) -> None:
        """Start with the sky of that time of day, to be shown so many times as large."""
        self.shown, self.scale = SIDE * times, SCALE * times
        side = SIDE * self.scale
        top, bottom = (np.array(colour, np.float32) for colour in SKIES[time])
        height = np.linspace(0, 1.4, side, dtype=np.float32).clip(max=1)[:, None, None]
        sky = np.broadcast_to(top + (bottom - top) * height, (side, side, 3))
        self.image = Image.fromarray(sky.round().astype(np.uint8))
        self.draw = ImageDraw.Draw(self.image)
        self.time = time

    def lit(self, colour: Colour) -> Colour:
        """The colour as it looks at the canvas's time of day."""
        red, green, blue = colour
        if self.time == "night":
            return (int(red * 0.30 + 8), int(green * 0.34 + 12), int(blue * 0.45 + 28))
        if self.time == "sunset":
            return (min(255, int(red * 0.88 + 26)), int(green * 0.74 + 12), int(blue * 0.66 + 20))
        return colour

    def ellipse(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """An ellipse around (x, y) with these half axes."""
        box = (x - width, y - height, x + width, y + height)
        self.draw.ellipse([edge * self.scale for edge in box], fill=colour)

    def band(self, top: float, colour: Colour) -> None:
        """Fill everything below `top`."""
        self.box(0, top, SIDE, SIDE, colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """A rectangle between these edges."""
        edges = (left, top, right, bottom)
        self.draw.rectangle([edge * self.scale for edge in edges], fill=colour)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=colour)

    def sky_things(self) -> None:
        """Clouds by day, a low sun at sunset, stars at night."""
        if self.time == "day":
            for x, y, size in CLOUDS:
                for dx, width, height in ((-16, 20, 10), (6, 24, 15), (24, 16, 9)):
                    self.ellipse(x + dx * size, y, width * size, height * size, (250, 252, 255))
        elif self.time == "sunset":
            self.ellipse(200, 128, 30, 30, (255, 236, 150))
        else:
            for x, y in STARS:
                self.ellipse(x, y, 2.2, 2.2, (255, 244, 190))

    def pixels(self) -> Pixels:
        """The finished picture: (shown, shown, 3)."""
        return np.asarray(self.image.resize((self.shown,) * 2, Image.Resampling.LANCZOS))


def _meadow(canvas: Canvas, horizon: float) -> None:
    canvas.ellipse(40, horizon + 52, 170, 80, canvas.lit((140, 206, 104)))
    canvas.ellipse(230, horizon + 62, 140, 80, canvas.lit((122, 194, 92)))
    canvas.band(horizon + 36, canvas.lit((104, 182, 80)))
    for x, y, colour in (
        (24, 62, (250, 220, 90)),
        (92, 84, (250, 150, 170)),
        (170, 70, (255, 255, 255)),
        (232, 88, (250, 220, 90)),
    ):
        canvas.ellipse(x, horizon + y, 4, 4, canvas.lit(colour))


def _beach(canvas: Canvas, horizon: float) -> None:
    canvas.band(horizon - 6, canvas.lit((52, 158, 214)))
    canvas.ellipse(128, horizon + 46, 190, 20, canvas.lit((236, 246, 248)))
    canvas.ellipse(128, horizon + 52, 200, 22, canvas.lit((246, 220, 160)))
    canvas.band(horizon + 50, canvas.lit((246, 220, 160)))


def _sea(canvas: Canvas, horizon: float) -> None:
    for row, colour in enumerate(((70, 160, 220), (48, 132, 200), (34, 104, 176))):
        top = horizon + 4 + 34 * row
        canvas.band(top + 6, canvas.lit(colour))
        for x in range(-16 + 16 * (row % 2), 290, 32):
            canvas.ellipse(x, top + 7, 17, 9, canvas.lit(colour))


def _desert(canvas: Canvas, horizon: float) -> None:
    canvas.ellipse(60, horizon + 62, 150, 70, canvas.lit((232, 176, 104)))
    canvas.ellipse(220, horizon + 70, 130, 70, canvas.lit((222, 160, 90)))
    canvas.band(horizon + 40, canvas.lit((240, 190, 116)))


def _snow(canvas: Canvas, horizon: float) -> None:
    for x in (28, 226):
        for step in range(3):
            top = horizon - 40 + 18 * step
            width = 12 + 6 * step
            canvas.polygon(
                [(x, top), (x - width, top + 30), (x + width, top + 30)], canvas.lit((58, 122, 96))
            )
    canvas.ellipse(60, horizon + 70, 170, 64, canvas.lit((226, 236, 248)))
    canvas.band(horizon + 40, canvas.lit((246, 250, 255)))
    for x, y in (
        (20, 40),
        (70, 90),
        (110, 30),
        (150, 96),
        (190, 44),
        (236, 100),
        (44, 140),
        (214, 150),
        (128, 70),
    ):
        canvas.ellipse(x, y, 3, 3, (255, 255, 255))


def _forest(canvas: Canvas, horizon: float) -> None:
    for x, lift in ((4, 0), (50, 12), (98, 2), (148, 14), (196, 0), (246, 10)):
        canvas.box(x - 6, horizon - 10, x + 6, horizon + 60, canvas.lit((112, 78, 54)))
        canvas.ellipse(
            x, horizon - 36 - lift, 32, 44, canvas.lit((52, 132, 72) if lift else (70, 152, 82))
        )
    canvas.band(horizon + 40, canvas.lit((92, 158, 72)))


def _mountains(canvas: Canvas, horizon: float) -> None:
    for x, top, width in ((60, 62, 92), (192, 44, 108)):
        canvas.polygon(
            [(x, horizon - 140 + top), (x - width, horizon + 48), (x + width, horizon + 48)],
            canvas.lit((122, 132, 158)),
        )
        cut = 0.3
        height = (188 - top) * cut
        canvas.polygon(
            [
                (x, horizon - 140 + top),
                (x - width * cut, horizon - 140 + top + height),
                (x + width * cut, horizon - 140 + top + height),
            ],
            canvas.lit((248, 250, 255)),
        )
    canvas.band(horizon + 44, canvas.lit((118, 176, 98)))


def _city(canvas: Canvas, horizon: float) -> None:
    window = (255, 226, 130) if canvas.time == "night" else (222, 240, 252)
    walls = ((150, 162, 190), (190, 150, 140), (132, 150, 172), (176, 166, 150))
    for row, (left, height) in enumerate(((2, 92), (54, 128), (106, 80), (158, 136), (210, 100))):
        top = horizon + 44 - height
        canvas.box(left, top, left + 44, horizon + 44, canvas.lit(walls[row % 4]))
        for y in range(int(top) + 10, int(horizon) + 36, 22):
            for x in (left + 8, left + 26):
                canvas.box(x, y, x + 10, y + 11, window)
    canvas.band(horizon + 44, canvas.lit((112, 116, 126)))
    for x in range(8, 256, 64):
        canvas.box(x, horizon + 72, x + 32, horizon + 76, canvas.lit((240, 236, 220)))


def _underwater(canvas: Canvas, horizon: float) -> None:
    side = SIDE * canvas.scale
    shades = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    top, bottom = np.array((92, 200, 232), np.float32), np.array((16, 84, 160), np.float32)
    water = np.broadcast_to(top + (bottom - top) * shades, (side, side, 3))
    canvas.image.paste(Image.fromarray(water.round().astype(np.uint8)))
    canvas.ellipse(128, horizon + 96, 200, 44, (226, 204, 150))
    for x, height in ((18, 70), (40, 46), (222, 60), (242, 84)):
        for step in range(0, height, 8):
            canvas.ellipse(x + 4 * (step // 8 % 2), horizon + 78 - step, 6, 8, (40, 150, 100))
    for x, y, size in ((70, 40, 6), (84, 66, 4), (190, 30, 7), (176, 60, 4), (34, 90, 5)):
        canvas.ellipse(x, y, size, size, (190, 236, 250))


def _space(canvas: Canvas, horizon: float) -> None:
    canvas.box(0, 0, SIDE, SIDE, (20, 16, 48))
    canvas.ellipse(128, 128, 150, 70, (34, 24, 74))
    for x, y in (*STARS, (60, 170), (110, 220), (160, 190), (20, 230), (236, 180), (200, 236)):
        canvas.ellipse(x, y, 2.2, 2.2, (255, 250, 220))
    canvas.ellipse(40, horizon + 70, 22, 22, (226, 130, 96))
    canvas.ellipse(222, horizon - 104, 14, 14, (120, 180, 220))


PAINTERS = {
    "meadow": _meadow,
    "beach": _beach,
    "sea": _sea,
    "underwater": _underwater,
    "desert": _desert,
    "snow": _snow,
    "forest": _forest,
    "mountains": _mountains,
    "city": _city,
    "space": _space,
}


@cache
def backgrounds() -> tuple[Background, ...]:
    """Every background there is: the plain colours first, then places by time of day."""
    plain = [Background(colour=colour) for colour in COLOURS]
    places = [
        Background(place=place, time=time)
        for place in PLACES
        for time in (("day",) if place in TIMELESS else TIMES)
    ]
    return tuple(plain + places)


@cache
def painted(background: Background, shift: int = 0, times: int = 1) -> Pixels:
    """The background as pixels, so many times SIDE wide, its horizon `shift` of SIDE lower."""
    if background.colour:
        shade = np.array(COLOURS[background.colour], np.uint8)
        return np.broadcast_to(shade, (SIDE * times, SIDE * times, 3))
    canvas = Canvas(background.time, times)
    canvas.sky_things()
    PAINTERS[background.place](canvas, 152 + shift)
    return canvas.pixels()
