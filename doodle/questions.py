"""What the examination asks: prompts in combinations that training never saw, and the answers."""

from dataclasses import dataclass, replace

from numpy.random import Generator

from doodle.captions import english, french
from doodle.places import Background, backgrounds
from doodle.scenes import GROUND, MIDDLE, NATURAL, USUAL, Figure, Relation, Scene, held_out
from doodle.subjects import COLOURS, index_of, subjects

SIDES = (Relation.LEFT, Relation.RIGHT, Relation.ABOVE, Relation.BELOW)


@dataclass(frozen=True)
class Question:
    """A prompt, and a scene that would be a right answer."""

    prompt: str
    scene: Scene


def told(rng: Generator, scenes: list[Scene], language: str) -> list[Question]:
    """The scenes as questions in "english" or "french"."""
    say = english if language == "english" else french
    return [Question(say(scene, rng, untold=False), scene) for scene in scenes]


def singles(rng: Generator, count: int) -> list[Scene]:
    """One subject each, going through all of them, before a background that it never had."""
    return [_single(rng, number % len(subjects())) for number in range(count)]


def _single(rng: Generator, subject: int) -> Scene:
    unseen = [background for background in backgrounds() if held_out(subject, background)]
    background = unseen[int(rng.integers(len(unseen)))]
    row = MIDDLE if background.colour else GROUND
    return Scene(background, (Figure(subject, 0, USUAL, MIDDLE, row),))


def coloured(rng: Generator, count: int) -> list[Scene]:
    """One subject each in a colour that is not its own, on a plain background."""
    scenes = []
    for scene in _plain(rng, count):
        figure = scene.figures[0]
        own = NATURAL.get(subjects()[figure.subject].name, ())
        free = [c for c in COLOURS if c != scene.background.colour and c not in own]
        tint = free[int(rng.integers(len(free)))]
        scenes.append(replace(scene, figures=(replace(figure, tint=tint),)))
    return scenes


def several(rng: Generator, count: int) -> list[Scene]:
    """Two, three and four of a subject by turns."""
    return [
        replace(scene, figures=scene.figures * (2 + number % 3))
        for number, scene in enumerate(_plain(rng, count))
    ]


def pairs(rng: Generator, count: int) -> list[Scene]:
    """Two subjects each, standing by turns left of, right of, above and below each other."""
    scenes = []
    for number, scene in enumerate(_plain(rng, count)):
        first, relation = scene.figures[0], SIDES[number % len(SIDES)]
        second = replace(first, subject=_another(rng, first.subject))
        scenes.append(replace(scene, figures=(first, second), relation=relation))
    return scenes


def _plain(rng: Generator, count: int) -> list[Scene]:
    """Single subjects, each on the plain colour that it was never seen on."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        for subject in rng.permutation(len(subjects())):
            backgrounds = [Background(colour=colour) for colour in COLOURS]
            scenes += [
                Scene(background, (Figure(int(subject), 0, USUAL, MIDDLE, MIDDLE),))
                for background in backgrounds
                if held_out(int(subject), background)
            ]
    return scenes[:count]


def _another(rng: Generator, subject: int) -> int:
    other = int(rng.integers(len(subjects()) - 1))
    return other + (other >= subject)


def phrased(prompts: list[tuple[str, str, Background]]) -> list[Question]:
    """Prompts that somebody wrote, each with the subject's name and the background it means."""
    return [
        Question(prompt, Scene(background, (Figure(index_of(name), 0, USUAL, MIDDLE, MIDDLE),)))
        for prompt, name, background in prompts
    ]
