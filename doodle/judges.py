"""What makes a picture right: the judges of the examination.

Each is asked with the question, the picture (3, 256, 256) of -1 to 1, and the figures that the eyes
have found in it, the surest first.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from doodle.captions import called_alike
from doodle.classifier import SKIES, Eyes, Seen, person_of, persons, sky, styles, window
from doodle.questions import Question
from doodle.scenes import CELL, USUAL, Figure, Relation, worn_by
from doodle.subjects import COLOURS, PEOPLE, subjects

Judge = Callable[[Question, Tensor, list[Seen]], bool]


def edge_colour(picture: Tensor) -> str:
    """The name of the plain colour nearest to the median of the picture's edge."""
    edge = torch.cat([picture[:, :6].flatten(1), picture[:, -6:].flatten(1)], dim=1)
    return _nearest_colour((edge.median(dim=1).values.numpy() + 1) * 127.5)


def _nearest_colour(shade: np.ndarray) -> str:
    return min(COLOURS, key=lambda colour: float(np.square(shade - COLOURS[colour]).sum()))


def figure_colour(picture: Tensor, seen: Seen, background: str) -> str:
    """The plain colour nearest to what most of a figure is painted in.

    What is like the background does not count, nor what is nearly black or white, which a
    drawing keeps when it is recoloured, unless nothing else is left.
    """
    top, left, side = seen.y * CELL, seen.x * CELL, USUAL * CELL
    pixels = (picture[:, top : top + side, left : left + side].flatten(1).T.numpy() + 1) * 127.5
    own = pixels[np.abs(pixels - np.array(COLOURS[background])).max(1) > 40]
    light = own @ np.array([0.30, 0.59, 0.11])
    plain = (light > 60) & ((light < 225) | (np.ptp(own, axis=1) > 30))
    chosen = own[plain] if plain.mean() > 0.4 else own
    return _nearest_colour(np.median(chosen, axis=0)) if len(chosen) else background


def subject_right(question: Question, _picture: Tensor, seen: list[Seen]) -> bool:
    """Whether the figure that is seen most surely is the first that was asked for."""
    return bool(seen) and seen[0].subject == question.scene.figures[0].subject


def colour_right(question: Question, picture: Tensor, seen: list[Seen]) -> bool:
    """Whether the surest figure has the colour that was asked for."""
    background = question.scene.background.colour
    wanted = question.scene.figures[0].tint
    return bool(seen) and figure_colour(picture, seen[0], background) == wanted


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
