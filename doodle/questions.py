"""What the examination asks: prompts in combinations that training never saw, and the answers."""

from dataclasses import dataclass, replace

from numpy.random import Generator

from doodle.captions import STYLE_WORDS, TONE_WORDS, english, french
from doodle.places import Background, backgrounds
from doodle.scenes import (
    GROUND,
    MIDDLE,
    NATURAL,
    STYLES,
    USUAL,
    WEARERS,
    WEATHERS,
    WORN,
    Figure,
    Relation,
    Scene,
    held_out,
    outdoors,
    recoloured,
    used_artists,
    worn_by,
)
from doodle.subjects import COLOURS, index_of, subjects

SIDES = (Relation.LEFT, Relation.RIGHT, Relation.ABOVE, Relation.BELOW)
MANNERS = (*((artist, "") for artist in used_artists()), *((0, style) for style in STYLES))
"""Every style: an artist with none of their own on top, or another hand's."""


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
    return Scene(background, (_figure(rng, subject, row),))


def _figure(rng: Generator, subject: int, row: int = MIDDLE) -> Figure:
    """The subject in any of its drawings, by the first artist."""
    drawing = int(rng.integers(len(subjects()[subject].drawings)))
    return Figure(subject, 0, USUAL, MIDDLE, row, drawing=drawing)


def coloured(rng: Generator, count: int) -> list[Scene]:
    """One subject each in a colour that is not its own, on a plain background."""
    scenes = []
    for scene in _plain(rng, 2 * count):
        figure = scene.figures[0]
        if not recoloured(figure.subject):
            continue
        own = NATURAL.get(subjects()[figure.subject].name, ())
        free = [c for c in COLOURS if c != scene.background.colour and c not in own]
        tint = free[int(rng.integers(len(free)))]
        scenes.append(replace(scene, figures=(replace(figure, tint=tint),)))
    return scenes[:count]


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
        second = _figure(rng, _another(rng, first.subject))
        scenes.append(replace(scene, figures=(first, second), relation=relation))
    return scenes


def _plain(rng: Generator, count: int) -> list[Scene]:
    """Single subjects, each on the plain colour that it was never seen on."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        for subject in rng.permutation(len(subjects())):
            backgrounds = [Background(colour=colour) for colour in COLOURS]
            scenes += [
                Scene(background, (_figure(rng, int(subject)),))
                for background in backgrounds
                if held_out(int(subject), background)
            ]
    return scenes[:count]


def wearing(rng: Generator, count: int) -> list[Scene]:
    """Somebody each who wears a hat, a crown or glasses, where they were never seen."""
    scenes: list[Scene] = []
    while len(scenes) < count:
        for scene in _plain(rng, len(subjects())):
            figure = scene.figures[0]
            if subjects()[figure.subject].name in WEARERS:
                worn = worn_by(figure, list(WORN)[len(scenes) % len(WORN)])
                scenes.append(Scene(scene.background, (figure, worn), Relation.WEARING))
    return scenes[:count]


def weather(rng: Generator, count: int) -> list[Scene]:
    """One subject each in a place where it was never seen, by turns in rain and in falling snow."""
    scenes = [scene for scene in singles(rng, 8 * count) if outdoors(scene.background)]
    return [
        replace(scene, weather=WEATHERS[number % len(WEATHERS)])
        for number, scene in enumerate(scenes[:count])
    ]


def styled(rng: Generator, count: int) -> list[Question]:
    """One subject each on a plain background, in every style by turns."""
    questions = []
    for number, scene in enumerate(_plain(rng, count)):
        figure, colour = scene.figures[0], scene.background.colour
        artist, style = MANNERS[number % len(MANNERS)]
        wanted = replace(scene, figures=(replace(figure, artist=artist),), style=style)
        noun = subjects()[figure.subject].english[0]
        word = STYLE_WORDS[wanted.manner][0]
        questions.append(Question(f"a {noun} on a {colour} background, {word}", wanted))
    return questions


def people(rng: Generator, count: int) -> list[Question]:
    """Somebody each of a gender and a tone of skin that are told, on a plain background."""
    questions = []
    for scene in _plain(rng, 100 * count):
        figure = scene.figures[0]
        subject = subjects()[figure.subject]
        shown = subject.drawings[figure.drawing]
        if shown.gender:
            told = f"{shown.gender} " if subject.either else ""
            said = f"a {TONE_WORDS[shown.tone][0]} {told}{subject.english[0]}"
            questions.append(Question(f"{said} on a {scene.background.colour} background", scene))
    return questions[:count]


def _another(rng: Generator, subject: int) -> int:
    other = int(rng.integers(len(subjects()) - 1))
    return other + (other >= subject)


def phrased(prompts: list[tuple[str, str, Background]]) -> list[Question]:
    """Prompts that somebody wrote, each with the subject's name and the background it means."""
    return [
        Question(prompt, Scene(background, (Figure(index_of(name), 0, USUAL, MIDDLE, MIDDLE),)))
        for prompt, name, background in prompts
    ]
