"""The examiner's eyes: classifiers of real scenes, of which colour alone cannot convince the first.

One looks through windows and names the figure in the middle of each, or nothing; one tells the
style of what is there, and one the gender and the tone of skin of people. One looks at the whole
picture and names its background, the last at a part of the sky and tells the weather.
`classifier.py` trains them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from doodle.places import backgrounds
from doodle.scenes import CELL, CELLS, STYLES, USUAL, WEATHERS, Figure, used_artists
from doodle.sprites import ARTISTS
from doodle.state import load_state
from doodle.subjects import TONES, subjects

SIDE = 64
MARGIN = 1
"""Cells around a figure that a window shows as well."""
BLOBS = 5
"""Blobs a side of a blurred window: each a quarter of a figure wide."""
SKIES = ("", *WEATHERS)


def nothing() -> int:
    """The class of a window without a whole figure in its middle."""
    return len(subjects())


@cache
def styles() -> tuple[str, ...]:
    """The styles that are told apart: those of the artists in use, and the other hands."""
    return (*(ARTISTS[one].style for one in used_artists()), *STYLES)


@cache
def persons() -> tuple[tuple[str, str], ...]:
    """The genders with the tones of skin that are told apart."""
    return tuple((gender, tone) for gender in ("woman", "man") for tone in TONES)


def person_of(figure: Figure) -> tuple[str, str]:
    """The gender and the tone of skin of somebody; a baby has no gender."""
    drawing = subjects()[figure.subject].drawings[figure.drawing]
    return drawing.gender, drawing.tone


def shrunk(pictures: Tensor) -> Tensor:
    """Pictures or windows as the classifiers see them: (N, 3, SIDE, SIDE)."""
    return functional.interpolate(pictures, (SIDE, SIDE), mode="area")


def sky(pictures: Tensor) -> Tensor:
    """The upper left quarter as it is seen: in the whole, a drop is not a pixel wide."""
    half = CELLS // 2 * CELL
    return shrunk(pictures[..., :half, :half])


def blurred(pictures: Tensor) -> Tensor:
    """Pictures of which only blobs of colour are left, each a quarter of a figure wide."""
    blobs = functional.interpolate(pictures, (BLOBS, BLOBS), mode="area")
    return functional.interpolate(blobs, pictures.shape[-2:], mode="bicubic").clamp(-1, 1)


def window(picture: Tensor, x: int, y: int, size: int = USUAL) -> Tensor:
    """What is around a figure of `size` cells with its corner at the cell (x, y), as seen.

    Beyond the picture's edge its outermost pixels go on. Returns (3, SIDE, SIDE).
    """
    side, margin = (size + 2 * MARGIN) * CELL, MARGIN * CELL
    around = size * CELL
    padded = functional.pad(picture[None], (around,) * 4, mode="replicate")
    left, top = x * CELL - margin + around, y * CELL - margin + around
    return shrunk(padded[..., top : top + side, left : left + side])[0]


def _layer(wide_in: int, wide_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(wide_out),
        nn.ReLU(),
    )


class Classifier(nn.Module):
    """Names what a small picture shows: (N, 3, SIDE, SIDE) to (N, classes)."""

    def __init__(self, classes: int) -> None:
        """Start untrained."""
        super().__init__()
        widths = ((3, 24, 2), (24, 48, 1), (48, 64, 2), (64, 96, 1), (96, 128, 2), (128, 160, 1))
        self.trunk = nn.Sequential(*(_layer(*width) for width in widths))
        self.answer = nn.Linear(320, classes)

    def features(self, seen: Tensor) -> Tensor:
        """What the answer is read from: (N, 320)."""
        found = self.trunk(seen)
        return torch.cat([found.mean((2, 3)), found.amax((2, 3))], dim=1)

    def forward(self, seen: Tensor) -> Tensor:
        """The scores of the classes."""
        scores: Tensor = self.answer(self.features(seen))
        return scores


class Eyes(nn.Module):
    """What looks through windows for figures, styles and people; what looks at the whole."""

    def __init__(self) -> None:
        """Untrained ones."""
        super().__init__()
        self.windows = Classifier(nothing() + 1)
        self.style = Classifier(len(styles()))
        self.people = Classifier(len(persons()))
        self.whole = Classifier(len(backgrounds()))
        self.weather = Classifier(len(SKIES))


def saved_eyes() -> Eyes | None:
    """The classifiers as last trained; `None` if they never were."""
    saved = load_state("classifier")
    if saved is None:
        return None
    eyes = Eyes()
    eyes.load_state_dict(saved["eyes"])
    return eyes


def trained_eyes() -> Eyes:
    """The classifiers as last trained; `FileNotFoundError` if they never were."""
    eyes = saved_eyes()
    if eyes is None:
        raise FileNotFoundError("train the classifiers first: python -m doodle.train classifier")
    return eyes.eval()


@dataclass(frozen=True)
class Seen:
    """A figure that was found: its subject and the corner of its square, in cells."""

    subject: int
    x: int
    y: int
    sure: float


@torch.no_grad()
def figures_in(eyes: Eyes, pictures: Tensor, least: float = 0.5) -> list[list[Seen]]:
    """The figures of the usual size in each of the pictures (N, 3, 256, 256), surest first.

    Of windows that overlap by more than a quarter of a figure only the surest counts.
    """
    corners = [(x, y) for y in range(0, 9, 2) for x in range(0, 9, 2)]
    found = []
    for picture in pictures:
        seen = torch.stack([window(picture, x, y) for x, y in corners])
        sure, subject = eyes.windows(seen).softmax(1).max(1)
        looks = [
            Seen(int(subject[row]), *corners[row], float(sure[row]))
            for row in sure.argsort(descending=True)
            if subject[row] != nothing() and sure[row] >= least
        ]
        found.append(_apart(looks))
    return found


def _apart(looks: list[Seen]) -> list[Seen]:
    kept: list[Seen] = []
    for look in looks:
        if all(max(abs(look.x - one.x), abs(look.y - one.y)) > USUAL // 2 for one in kept):
            kept.append(look)
    return kept
