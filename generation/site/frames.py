"""The frames of a grid: what stands at each position, and what it says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from generation.models import Image, Job
from generation.queue.redraws import may_redraw
from generation.site.scribbles import scribble


class State(StrEnum):
    """What stands at a position."""

    WAITING = "waiting"
    DRAWING = "drawing"
    DRAWN = "drawn"
    HELD_BACK = "held_back"
    DRAWN_AGAIN = "drawn_again"
    """Held back, and being drawn again."""
    NOTHING = "nothing"
    """The grid came to nothing."""


@dataclass(frozen=True)
class Frame:
    """One place of a grid: a picture, a reason why there is none, or a line being drawn."""

    position: int
    state: State
    said: str
    image: Image | None
    may_redraw: bool
    why_not: str
    """Why there is no picture, and none will come; empty otherwise."""
    scribble: str
    rest: str
    """Share of the scribble that is not drawn yet, as SVG writes numbers in any language."""

    @property
    def number(self) -> int:
        return self.position + 1


def frames_of(job: Job, images: Sequence[Image], redraws: Mapping[int, Job]) -> list[Frame]:
    """Returns the frames of a grid, which stand from the start."""
    by_position = {image.position: image for image in images}
    return [
        _frame(job, position, by_position.get(position), redraws.get(position))
        for position in range(job.count)
    ]


def rows_of(frames: Sequence[Frame]) -> list[Sequence[Frame]]:
    """Returns the frames in the rows that they stand in."""
    across = columns(len(frames))
    return [frames[first : first + across] for first in range(0, len(frames), across)]


def columns(count: int) -> int:
    """Returns how many frames stand side by side: three, unless so few look lost."""
    return {1: 1, 2: 2, 4: 2}.get(count, 3)


def _frame(job: Job, position: int, image: Image | None, redraw: Job | None) -> Frame:
    state = _state(job, image, redraw)
    progress = redraw.progress if redraw and state is State.DRAWN_AGAIN else job.progress
    held_back = state is State.HELD_BACK
    return Frame(
        position=position,
        state=state,
        said=_said(state),
        image=image if state is State.DRAWN else None,
        may_redraw=held_back and job.status == Job.Status.SUCCEEDED and may_redraw(redraw),
        why_not=_why_not(redraw) if held_back else "",
        scribble=scribble(position),
        rest=f"{1 - progress:.3f}",
    )


def _state(job: Job, image: Image | None, redraw: Job | None) -> State:
    if image is not None and image.master:
        return State.DRAWN
    if image is not None:
        again = redraw is not None and redraw.status in Job.OPEN
        return State.DRAWN_AGAIN if again else State.HELD_BACK
    match job.status:
        case Job.Status.QUEUED:
            return State.WAITING
        case Job.Status.RUNNING:
            return State.DRAWING
    return State.NOTHING


def _said(state: State) -> str:
    return {
        State.WAITING: _("waiting"),
        State.DRAWING: _("being drawn"),
        State.DRAWN: _("drawn"),
        State.HELD_BACK: _("held back"),
        State.DRAWN_AGAIN: _("being drawn again"),
        State.NOTHING: _("not drawn"),
    }[state]


def _why_not(redraw: Job | None) -> str:
    if redraw is None:
        return _("This one was held back by the check.")
    if may_redraw(redraw):
        return _("This one was held back by the check. Drawing it again did not work out.")
    return _("This one was held back by the check, the second time too.")
