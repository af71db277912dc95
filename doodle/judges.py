"""What makes a picture right: the judges of the examination.

Each is asked with the question, the picture (3, 256, 256) of -1 to 1, and the figures that the eyes
have found in it, the surest first.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from doodle.captions import called_alike
from doodle.eyes import SKIES, Eyes, Seen, person_of, persons, sky, styles, window
from doodle.paint import Painter
from doodle.places import Background
from doodle.questions import Question
from doodle.scenes import CELL, USUAL, Figure, Relation, Scene, used_artists, worn_by
from doodle.subjects import COLOURS, PEOPLE, subjects

Judge = Callable[[Question, Tensor, list[Seen]], bool]

HUES = (
    *((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)),
    *((1.0, -1.0, 0.0), (0.0, 1.0, -1.0), (1.0, 0.0, -1.0)),
)
"""What colours are compared by: red, green, blue and light, and what each is more than another."""
SHADES = 64


def edge_colour(picture: Tensor) -> str:
    """The name of the plain colour nearest to the median of the picture's edge."""
    edge = torch.cat([picture[:, :6].flatten(1), picture[:, -6:].flatten(1)], dim=1)
    shade = (edge.median(dim=1).values.numpy() + 1) * 127.5
    return min(COLOURS, key=lambda colour: float(np.square(shade - COLOURS[colour]).sum()))


def colour_seen(
    picture: Tensor,
    figure: Figure,
    background: Background,
    painter: Painter,
    artists: Sequence[int] = used_artists(),
) -> str:
    """The colour that makes an artist's drawing of a figure most like what is in its place."""
    drawn = [
        replace(figure, tint=tint, artist=artist)
        for tint in COLOURS
        if tint != background.colour
        for artist in artists
    ]
    real = painter.paint([Scene(background, (one,)) for one in drawn])
    apart = (_shades(real, figure) - _shades(picture[None], figure)).abs().mean(1)
    return drawn[int(apart.argmin())].tint or ""


def _shades(pictures: Tensor, figure: Figure) -> Tensor:
    """What is painted in the place of a figure, wherever in it: the shades of each hue, in order.

    Two are as far apart as one must be repainted to be the other, seen along each of `HUES`.
    Returns (N, hues × SHADES).
    """
    down, right = (slice(CELL * at, CELL * (at + figure.size)) for at in (figure.y, figure.x))
    pixels = functional.avg_pool2d(pictures[:, :, down, right], 4).flatten(2)
    hues = functional.normalize(torch.tensor(HUES), dim=1)
    ordered = (hues @ pixels).sort(2).values
    return ordered.unflatten(2, (SHADES, -1)).mean(3).flatten(1)


def subject_right(question: Question, _picture: Tensor, seen: list[Seen]) -> bool:
    """Whether the figure that is seen most surely is the first that was asked for."""
    return bool(seen) and seen[0].subject == question.scene.figures[0].subject


def colour_right(painter: Painter) -> Judge:
    """Whether the surest figure has the colour that was asked for."""

    def right(question: Question, picture: Tensor, seen: list[Seen]) -> bool:
        wanted, background = question.scene.figures[0], question.scene.background
        if not seen:
            return False
        there = replace(wanted, x=seen[0].x, y=seen[0].y)
        return colour_seen(picture, there, background, painter) == wanted.tint

    return right


def all_there(question: Question, _picture: Tensor, seen: list[Seen]) -> bool:
    """Whether every subject that was asked for is seen."""
    return {figure.subject for figure in question.scene.figures} <= {one.subject for one in seen}


def count_right(question: Question, _picture: Tensor, seen: list[Seen]) -> bool:
    """Whether the subject is seen as often as was asked, and nothing else."""
    figures = question.scene.figures
    return [one.subject for one in seen] == [figures[0].subject] * len(figures)


def relation_right(question: Question, picture: Tensor, seen: list[Seen]) -> bool:
    """Whether both are there and stand to each other as was asked."""
    if not all_there(question, picture, seen):
        return False
    first, second = (
        next(one for one in seen if one.subject == figure.subject)
        for figure in question.scene.figures
    )
    return {
        Relation.LEFT: first.x < second.x,
        Relation.RIGHT: first.x > second.x,
        Relation.ABOVE: first.y < second.y,
        Relation.BELOW: first.y > second.y,
    }[question.scene.relation or Relation.LEFT]


def style_right(eyes: Eyes) -> Judge:
    """Whether the surest figure is in the style that was asked for."""

    def right(question: Question, picture: Tensor, seen: list[Seen]) -> bool:
        if not seen:
            return False
        look = window(picture, seen[0].x, seen[0].y)
        return styles()[int(eyes.style(look[None]).argmax())] == question.scene.manner

    return right


def weather_right(eyes: Eyes) -> Judge:
    """Whether it rains or snows as was asked, or neither."""

    def right(question: Question, picture: Tensor, _seen: list[Seen]) -> bool:
        found = int(eyes.weather(sky(picture[None])).argmax())
        return SKIES[found] == question.scene.weather

    return right


def person_seen(eyes: Eyes, picture: Tensor, seen: list[Seen]) -> tuple[str, str] | None:
    """The gender and the tone of skin of the surest figure, if it is somebody."""
    if not seen or subjects()[seen[0].subject].kind != PEOPLE:
        return None
    look = window(picture, seen[0].x, seen[0].y)
    return persons()[int(eyes.people(look[None]).argmax())]


def person_right(eyes: Eyes) -> Judge:
    """Whether the surest figure has the gender that was asked for, and a tone that is called so."""

    def right(question: Question, picture: Tensor, seen: list[Seen]) -> bool:
        found = person_seen(eyes, picture, seen)
        gender, tone = person_of(question.scene.figures[0])
        return found is not None and found[0] == gender and called_alike(found[1], tone)

    return right


def worn_right(eyes: Eyes) -> Judge:
    """Whether the first subject is there and wears the second, where it is worn."""

    def right(question: Question, picture: Tensor, seen: list[Seen]) -> bool:
        wearer, worn = question.scene.figures
        for one in seen:
            if one.subject == wearer.subject:
                name = subjects()[worn.subject].name
                there = worn_by(Figure(wearer.subject, 0, USUAL, one.x, one.y), name)
                look = window(picture, there.x, there.y, there.size)
                return int(eyes.windows(look[None]).argmax()) == worn.subject
        return False

    return right
