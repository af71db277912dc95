"""The examiner's eyes: two classifiers of real scenes that colour alone cannot convince.

One looks through windows and names the figure in the middle of each, or nothing; the other
looks at the whole picture and names its background.
"""

from dataclasses import dataclass

import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional

from doodle.places import backgrounds
from doodle.run import Run, cosine, pictures_to_tensor
from doodle.scenes import CELL, CELLS, USUAL, Figure, Mix, Pixels, Scene, paint, random_scene
from doodle.state import load_state, save_state
from doodle.subjects import subjects

SIDE = 64
MARGIN = 1
"""Cells around a figure that a window shows as well."""
BLOBS = 5
"""Blobs a side of a blurred window: each a quarter of a figure wide."""
APART = 4
"""A window so many cells beside every figure shows nothing whole."""
BATCH = 64
FIRST = 1500
FRESH = 4
SCENES = Mix(tint=0.15)


def nothing() -> int:
    """The class of a window without a whole figure in its middle."""
    return len(subjects())


def shrunk(pictures: Tensor) -> Tensor:
    """Pictures or windows as the classifiers see them: (N, 3, SIDE, SIDE)."""
    return functional.interpolate(pictures, (SIDE, SIDE), mode="area")


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


@dataclass(frozen=True)
class Eyes:
    """What looks through windows, and what looks at the whole."""

    windows: Classifier
    whole: Classifier


def new_eyes() -> Eyes:
    """Untrained ones."""
    return Eyes(Classifier(nothing() + 1), Classifier(len(backgrounds())))


def _saved_eyes() -> Eyes | None:
    saved = load_state("classifier")
    if saved is None:
        return None
    eyes = new_eyes()
    eyes.windows.load_state_dict(saved["windows"])
    eyes.whole.load_state_dict(saved["whole"])
    return eyes


def trained_eyes() -> Eyes:
    """The classifiers as last trained; `FileNotFoundError` if they never were."""
    eyes = _saved_eyes()
    if eyes is None:
        raise FileNotFoundError("train the classifiers first: python -m doodle.train classifier")
    return Eyes(eyes.windows.eval(), eyes.whole.eval())


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


def _augmented(seen: Tensor, rng: Generator) -> Tensor:
    """Shifted, hues turned, colours faded or gone, noise and brightness: shape is what remains."""
    count, device = len(seen), seen.device
    left, top = (int(step) for step in rng.integers(-4, 5, size=2))
    turned = seen.roll((top, left), (2, 3))
    turned = turned[:, rng.permutation(3)] if rng.random() < 0.5 else turned
    gray = turned.mean(1, keepdim=True)
    faded = torch.rand(count, 1, 1, 1, device=device)
    faded = faded * (torch.rand(count, 1, 1, 1, device=device) > 0.3)
    turned = gray + (turned - gray) * faded
    turned = turned * (1 + 0.15 * torch.randn(count, 1, 1, 1, device=device))
    return turned + 0.1 * rng.random() * torch.randn_like(turned)


def labelled(rng: Generator, sprites: Pixels, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Real scenes as seen: windows with their classes, whole pictures with their backgrounds."""
    scenes = [random_scene(rng, SCENES) for _ in range(count)]
    pictures = pictures_to_tensor([paint(scene, sprites) for scene in scenes])
    looks = [
        look
        for picture, scene in zip(pictures, scenes, strict=True)
        for look in _windows(rng, picture, scene)
    ]
    where = torch.tensor([backgrounds().index(scene.background) for scene in scenes])
    return (
        torch.stack([seen for seen, _ in looks]),
        torch.tensor([named for _, named in looks]),
        shrunk(pictures),
        where,
    )


def _windows(rng: Generator, picture: Tensor, scene: Scene) -> list[tuple[Tensor, int]]:
    """One figure of the scene, a cell off at most, and now and then a place without one."""
    figure = scene.figures[int(rng.integers(len(scene.figures)))]
    x, y = (corner + int(rng.integers(-1, 2)) for corner in (figure.x, figure.y))
    looks = [(window(picture, x, y, figure.size), figure.subject)]
    if rng.random() < 0.5:
        x, y = (int(step) for step in rng.integers(0, CELLS - USUAL + 1, size=2))
        if all(_beside(x, y, one) for one in scene.figures):
            looks.append((window(picture, x, y), nothing()))
    return looks


def _beside(x: int, y: int, figure: Figure) -> bool:
    middle = figure.size / 2 - USUAL / 2
    return max(abs(x - figure.x - middle), abs(y - figure.y - middle)) >= APART


def train(run: Run, rate: float = 3e-3) -> None:
    """Train both for the run's minutes on composed scenes, of which some are new every step."""
    eyes = _saved_eyes() or new_eyes()
    both = nn.ModuleList([eyes.windows, eyes.whole]).to(run.device)
    optimiser = torch.optim.AdamW(both.parameters(), rate, weight_decay=1e-2)
    seen, named, pictures, where = labelled(run.rng, run.sprites, FIRST)

    def keep() -> None:
        windows, whole = eyes.windows.state_dict(), eyes.whole.state_dict()
        save_state("classifier", {"windows": windows, "whole": whole})

    for step in run.steps(keep):
        for group in optimiser.param_groups:
            group["lr"] = cosine(run.progress, rate, warm=step / 30)
        fresh = labelled(run.rng, run.sprites, FRESH)
        for known, new in ((seen, fresh[0]), (named, fresh[1])):
            known[(step * 2 * FRESH + torch.arange(len(new))) % len(known)] = new
        for known, new in ((pictures, fresh[2]), (where, fresh[3])):
            known[(step * FRESH + torch.arange(len(new))) % len(known)] = new
        rows = torch.from_numpy(run.rng.integers(len(named), size=BATCH))
        some = torch.from_numpy(run.rng.integers(len(where), size=BATCH))
        with run.autocast():
            subject = eyes.windows(_augmented(seen[rows].to(run.device), run.rng))
            background = eyes.whole(pictures[some].to(run.device))
        loss = _cost(subject, named[rows]) + 0.3 * _cost(background, where[some])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        run.note(2 * BATCH, loss)
    keep()
    both.cpu().eval()
    for line in judged(eyes, run.sprites, run.held_out()):
        run.say(line)


def _cost(scores: Tensor, right: Tensor) -> Tensor:
    return functional.cross_entropy(scores.float(), right.to(scores.device), label_smoothing=0.02)


@torch.no_grad()
def judged(eyes: Eyes, sprites: Pixels, rng: Generator, count: int = 400) -> list[str]:
    """What the eyes are worth on real scenes that they never saw, and on blurred ones.

    Without 97% on the first they judge nothing, nor with more than 15% on the second.
    """
    seen, named, pictures, where = labelled(rng, sprites, count)
    figures = named != nothing()
    known = (eyes.windows(seen).argmax(1) == named).float()
    right, empty = known[figures].mean(), known[~figures].mean()
    blobs = (eyes.windows(blurred(seen)).argmax(1) == named)[figures].float().mean()
    placed = (eyes.whole(pictures).argmax(1) == where).float().mean()
    return [
        f"the eyes on {int(figures.sum())} real figures: {right:.3f}, blurred: {blobs:.3f}",
        f"the eyes on {int((~figures).sum())} windows without a figure: {empty:.3f}",
        f"the eyes on {count} real backgrounds: {placed:.3f}",
    ]
