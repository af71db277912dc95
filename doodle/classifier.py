"""The training of the examiner's eyes, on real scenes, and what they are worth on others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from doodle.ema import Ema
from doodle.eyes import (
    SKIES,
    Eyes,
    blurred,
    nothing,
    person_of,
    persons,
    saved_eyes,
    shrunk,
    sky,
    styles,
    window,
)
from doodle.paint import Painter
from doodle.places import backgrounds
from doodle.run import Run, cosine
from doodle.scenes import (
    CELLS,
    USUAL,
    WEARERS,
    WORN,
    Figure,
    Mix,
    Relation,
    Scene,
    figure_of,
    random_scene,
    worn_by,
)
from doodle.state import save_state
from doodle.subjects import TONES, people, subjects

APART = 4
"""A window so many cells beside every figure shows nothing whole."""
BATCH = {"cpu": 64, "cuda": 512}
FIRST = {"cpu": 4000, "cuda": 8000}
FRESH = {"cpu": 6, "cuda": 64}
"""What is learnt from in a step, how many scenes there are, and how many a step makes anew."""
RATE, RATE_AGAIN = 3e-3, 1e-3
"""Of what starts from nothing, and of what goes on."""
SCENES = Mix(tint=0.5, style=0.3)
CROWD = 4
"""So many scenes for each person who is seen besides."""
OTHERS = 2
"""Styles, people, backgrounds and weather are easier than figures: learnt every so many steps."""


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


LOOKS = ("windows", "named", "style", "people", "person", "wholes", "where", "skies", "weather")


@dataclass
class Looks:
    """Real scenes as seen, with what is right of each: windows, people in them, wholes, skies."""

    windows: Tensor
    named: Tensor
    style: Tensor
    people: Tensor
    person: Tensor
    wholes: Tensor
    where: Tensor
    skies: Tensor
    weather: Tensor
    renewed: Counter[str] = field(default_factory=Counter)

    def renew(self, fresh: Looks) -> None:
        """Replace some, those that have been here for longest first."""
        for name in LOOKS:
            known, new = getattr(self, name), getattr(fresh, name)
            known[(self.renewed[name] + torch.arange(len(new))) % len(known)] = new
            self.renewed[name] += len(new)


def labelled(rng: Generator, painter: Painter, count: int) -> Looks:
    """So many real scenes of all kinds, and some with one of the people each."""
    scenes = [random_scene(rng, SCENES) for _ in range(count)]
    pictures = painter.paint(scenes)
    looks = [
        (*look, styles().index(scene.manner))
        for picture, scene in zip(pictures, scenes, strict=True)
        for look in _windows(rng, picture, scene)
    ]
    crowd = [_person(rng) for _ in range(max(1, count // CROWD))]
    shown = zip(painter.paint(crowd), crowd, strict=True)
    persons_seen = [_nearby(rng, picture, scene) for picture, scene in shown]
    device = painter.device
    return Looks(
        torch.stack([seen for seen, _, _ in looks]),
        torch.tensor([named for _, named, _ in looks], device=device),
        torch.tensor([style for _, _, style in looks], device=device),
        torch.stack(persons_seen),
        torch.tensor([persons().index(person_of(one.figures[0])) for one in crowd], device=device),
        shrunk(pictures),
        torch.tensor([backgrounds().index(one.background) for one in scenes], device=device),
        sky(pictures),
        torch.tensor([SKIES.index(scene.weather) for scene in scenes], device=device),
    )


def _person(rng: Generator) -> Scene:
    """Somebody with a gender before any background."""
    while True:
        among = people()
        row = among[int(rng.integers(len(among)))]
        figure = figure_of(rng, row, USUAL, *(2 * int(step) for step in rng.integers(0, 5, size=2)))
        if person_of(figure) in persons():
            break
    return Scene(backgrounds()[int(rng.integers(len(backgrounds())))], (figure,))


def _nearby(rng: Generator, picture: Tensor, scene: Scene) -> Tensor:
    """A window that shows the first figure, a cell off at most."""
    figure = scene.figures[0]
    x, y = (corner + int(rng.integers(-1, 2)) for corner in (figure.x, figure.y))
    return window(picture, x, y)


def _windows(rng: Generator, picture: Tensor, scene: Scene) -> list[tuple[Tensor, int]]:
    """One figure of the scene, a cell off at most, and now and then a place without one.

    A head that wears nothing is such a place, seen as closely as what might be worn there.
    """
    figure = scene.figures[int(rng.integers(len(scene.figures)))]
    x, y = (corner + int(rng.integers(-1, 2)) for corner in (figure.x, figure.y))
    looks = [(window(picture, x, y, figure.size), figure.subject)]
    bare = subjects()[figure.subject].name in WEARERS and scene.relation is not Relation.WEARING
    if bare and rng.random() < 0.5:
        there = worn_by(figure, str(rng.choice(list(WORN))))
        looks.append((window(picture, there.x, there.y, there.size), nothing()))
    if rng.random() < 0.5:
        x, y = (int(step) for step in rng.integers(0, CELLS - USUAL + 1, size=2))
        if all(_beside(x, y, one) for one in scene.figures):
            looks.append((window(picture, x, y), nothing()))
    return looks


def _beside(x: int, y: int, figure: Figure) -> bool:
    middle = figure.size / 2 - USUAL / 2
    return max(abs(x - figure.x - middle), abs(y - figure.y - middle)) >= APART


def train(run: Run) -> None:
    """Train all for the run's minutes on composed scenes, of which some are new every step.

    What is kept are the means of the weights.
    """
    saved = saved_eyes()
    eyes, rate = (saved or Eyes()).to(run.device), RATE if saved is None else RATE_AGAIN
    optimiser, ema = torch.optim.AdamW(eyes.parameters(), rate, weight_decay=1e-2), Ema(eyes)
    batch, fresh = BATCH[run.device.type], FRESH[run.device.type]
    looks = labelled(run.rng, run.painter, FIRST[run.device.type])

    def keep() -> None:
        save_state("classifier", {"eyes": ema.written_to(Eyes()).state_dict()})

    for step in run.steps(keep):
        for group in optimiser.param_groups:
            group["lr"] = cosine(run.progress, rate, warm=step / 30)
        looks.renew(labelled(run.rng, run.painter, fresh))
        with run.autocast():
            loss = _cost_of_figures(eyes, looks, run.rng, batch)
            if step % OTHERS == 0:
                loss = loss + _cost_of_others(eyes, looks, run.rng, batch // 2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        ema.follow(eyes)
        run.note(batch, loss)
    keep()
    for line in judged(ema.written_to(Eyes()).to(run.device), run.painter, run.held_out()):
        run.say(line)


def _cost_of_figures(eyes: Eyes, looks: Looks, rng: Generator, count: int) -> Tensor:
    """What they name wrong in so many windows."""
    rows = _some(rng, count, looks.named)
    shown = _augmented(looks.windows[rows], rng)
    return _cost(eyes.windows(shown), looks.named[rows])


def _cost_of_others(eyes: Eyes, looks: Looks, rng: Generator, count: int) -> Tensor:
    """What they have wrong in so many styles, people, backgrounds and skies."""
    crowd, wholes = (_some(rng, count, of) for of in (looks.person, looks.where))
    figures = (looks.named != nothing()).nonzero()[:, 0]
    shown = figures[_some(rng, count, figures)]
    styled, person = eyes.style(looks.windows[shown]), eyes.people(looks.people[crowd])
    return (
        _cost(styled, looks.style[shown])
        + _cost(person, looks.person[crowd])
        + _cost(eyes.whole(looks.wholes[wholes]), looks.where[wholes])
        + _cost(eyes.weather(looks.skies[wholes]), looks.weather[wholes])
    )


def _some(rng: Generator, count: int, of: Tensor) -> Tensor:
    return torch.from_numpy(rng.integers(len(of), size=count)).to(of.device)


def _cost(scores: Tensor, right: Tensor) -> Tensor:
    return functional.cross_entropy(scores.float(), right, label_smoothing=0.02)


@torch.no_grad()
def judged(eyes: Eyes, painter: Painter, rng: Generator, count: int = 600) -> list[str]:
    """What the eyes are worth on real scenes that they never saw, and on blurred ones.

    Without 97% on the first they judge nothing, nor with more than 15% on the second.
    """
    looks = labelled(rng, painter, count)
    figures = looks.named != nothing()
    known = (eyes.windows(looks.windows).argmax(1) == looks.named).float()
    right, empty = known[figures].mean(), known[~figures].mean()
    named = eyes.windows(blurred(looks.windows)).argmax(1)
    blobs = (named == looks.named)[figures].float().mean()
    placed = (eyes.whole(looks.wholes).argmax(1) == looks.where).float().mean()
    style = (eyes.style(looks.windows).argmax(1) == looks.style)[figures].float().mean()
    wet = (eyes.weather(looks.skies).argmax(1) == looks.weather)[looks.weather > 0].float().mean()
    return [
        f"the eyes on {int(figures.sum())} real figures: {right:.3f}, blurred: {blobs:.3f}",
        f"the eyes on {int((~figures).sum())} windows without a figure: {empty:.3f}",
        f"the eyes on {count} real backgrounds: {placed:.3f}, on their weather, if any: {wet:.3f}",
        f"the eyes on the styles of the figures: {style:.3f}",
        f"the eyes on people: {_people_known(eyes, looks)}",
    ]


def _people_known(eyes: Eyes, looks: Looks) -> str:
    """How often the gender and each tone of skin are told right."""
    found = [persons()[row] for row in eyes.people(looks.people).argmax(1).tolist()]
    wanted = [persons()[row] for row in looks.person.tolist()]
    pairs = list(zip(found, wanted, strict=True))
    rates = {"gender": [one[0] == other[0] for one, other in pairs]}
    for tone in TONES:
        rates[tone] = [one[1] == tone for one, other in pairs if other[1] == tone]
    return ", ".join(
        f"{name} {sum(right) / max(1, len(right)):.2f}" for name, right in rates.items()
    )
