"""Which jobs can share one pipeline call."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Name = TypeVar("Name")
EDIT = "/edit"


def batch_key(width: int, height: int, steps: int, guidance: float, *, edit: bool = False) -> str:
    """Returns the same text for jobs that may share a call: all that a pipeline takes as a scalar,
    and whether they change a picture, which another pipeline does.

    The checkpoint is not in it: it is a column of every index that the key is part of.
    """
    return f"{width}x{height}/{steps}/{guidance:g}{EDIT if edit else ''}"


def is_edit(key: str) -> bool:
    """Whether the jobs of a batch key change a picture that is there already."""
    return key.endswith(EDIT)


@dataclass(frozen=True)
class Candidate(Generic[Name]):
    """A waiting job, as far as filling needs to know it."""

    name: Name
    images: int


def fill(room: int, candidates: Iterable[Candidate[Name]]) -> list[Name]:
    """Returns the candidates that join a batch with room for so many more images.

    They come in the order of their lane, and the first that is too large ends it. To pass it over
    would fill the room, but a fuller call takes longer: it would wait longer than it was quoted.
    """
    taken: list[Name] = []
    for candidate in candidates:
        if candidate.images > room:
            break
        taken.append(candidate.name)
        room -= candidate.images
    return taken
