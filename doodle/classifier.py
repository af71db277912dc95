"""The examiner's eye: a classifier of real scenes that colour alone cannot convince."""

import torch
from numpy.random import Generator
from torch import Tensor, nn
from torch.nn import functional

from doodle.places import backgrounds
from doodle.run import Run, cosine, pictures_to_tensor
from doodle.scenes import SINGLES, Pixels, Scene, paint, random_scene
from doodle.state import load_state, save_state
from doodle.subjects import subjects

SIDE = 64
BATCH = 48
FIRST = 2000
FRESH = 4


def shrunk(pictures: Tensor) -> Tensor:
    """Pictures as the classifier sees them: (N, 3, SIDE, SIDE)."""
    return functional.interpolate(pictures, (SIDE, SIDE), mode="area")


def blurred(pictures: Tensor) -> Tensor:
    """Pictures of which only blobs of colour are left, 8×8 of them."""
    blobs = functional.interpolate(pictures, (8, 8), mode="area")
    return functional.interpolate(blobs, pictures.shape[-2:], mode="bicubic").clamp(-1, 1)


def _layer(wide_in: int, wide_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(wide_in, wide_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(wide_out),
        nn.ReLU(),
    )


class Classifier(nn.Module):
    """Names the subject and the background of a picture."""

    def __init__(self) -> None:
        """Start untrained."""
        super().__init__()
        widths = ((3, 24, 1), (24, 48, 2), (48, 64, 1), (64, 96, 2), (96, 128, 1), (128, 160, 2))
        self.trunk = nn.Sequential(*(_layer(*width) for width in widths), _layer(160, 160, 1))
        self.subject = nn.Linear(320, len(subjects()))
        self.background = nn.Linear(320, len(backgrounds()))

    def features(self, pictures: Tensor) -> Tensor:
        """What the two answers are read from: (N, 320)."""
        seen = self.trunk(pictures)
        return torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], dim=1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of the subjects and of the backgrounds, for pictures from `shrunk`."""
        features = self.features(pictures)
        return self.subject(features), self.background(features)


def _augmented(pictures: Tensor, rng: Generator) -> Tensor:
    """Shifted, hues turned, colours faded or gone, noise and brightness: shape is what remains."""
    count, device = len(pictures), pictures.device
    left, top = (int(step) for step in rng.integers(-4, 5, size=2))
    turned = pictures.roll((top, left), (2, 3))
    turned = turned[:, rng.permutation(3)] if rng.random() < 0.5 else turned
    gray = turned.mean(1, keepdim=True)
    faded = torch.rand(count, 1, 1, 1, device=device)
    faded = faded * (torch.rand(count, 1, 1, 1, device=device) > 0.3)
    turned = gray + (turned - gray) * faded
    turned = turned * (1 + 0.15 * torch.randn(count, 1, 1, 1, device=device))
    return turned + 0.1 * rng.random() * torch.randn_like(turned)


def labelled(rng: Generator, sprites: Pixels, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Real scenes of one subject, shrunk, with the rows of their subjects and backgrounds."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        scene = random_scene(rng, SINGLES)
        if len(scene.figures) == 1:
            scenes.append(scene)
    pictures = pictures_to_tensor([paint(scene, sprites) for scene in scenes])
    named = torch.tensor([scene.figures[0].subject for scene in scenes])
    where = torch.tensor([backgrounds().index(scene.background) for scene in scenes])
    return shrunk(pictures), named, where


def trained_classifier() -> Classifier:
    """The classifier as last trained; `FileNotFoundError` if it never was."""
    saved = load_state("classifier")
    if saved is None:
        raise FileNotFoundError("train the classifier first: python -m doodle.train classifier")
    model = Classifier()
    model.load_state_dict(saved["model"])
    return model.eval()


def train(run: Run, rate: float = 3e-3) -> None:
    """Train for the run's minutes on composed scenes, of which some are new at every step."""
    model = Classifier()
    saved = load_state("classifier")
    if saved is not None:
        model.load_state_dict(saved["model"])
    model.to(run.device)
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-2)
    pool = labelled(run.rng, run.sprites, FIRST)

    def keep() -> None:
        save_state("classifier", {"model": model.state_dict()})

    for step in run.steps(keep):
        for group in optimiser.param_groups:
            group["lr"] = cosine(run.progress, rate, warm=step / 30)
        fresh = labelled(run.rng, run.sprites, FRESH)
        pool = tuple(torch.cat([old[FRESH:], new]) for old, new in zip(pool, fresh, strict=True))
        rows = torch.from_numpy(run.rng.integers(FIRST, size=BATCH))
        pictures, named, where = (part[rows].to(run.device) for part in pool)
        seen, _ = model(_augmented(pictures, run.rng))
        _, place = model(pictures)
        loss = functional.cross_entropy(seen, named)
        loss = loss + 0.3 * functional.cross_entropy(place, where)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        run.note(BATCH, loss)
    keep()
    examine(run, model.cpu().eval())


@torch.no_grad()
def examine(run: Run, model: Classifier) -> None:
    """Print how well it names held-out scenes, and how badly once they are blurred."""
    pictures, named, where = labelled(run.held_out(), run.sprites, 400)
    seen, place = model(pictures)
    blobs, _ = model(blurred(pictures))
    run.say(
        f"subject {(seen.argmax(1) == named).float().mean():.3f}, "
        f"background {(place.argmax(1) == where).float().mean():.3f}, "
        f"subject once blurred {(blobs.argmax(1) == named).float().mean():.3f}"
    )
