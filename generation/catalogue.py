"""The checkpoints that this site offers."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from generation.checkpoints import Checkpoint, chosen, load_manifest
from generation.errors import RequestRefused

MANIFEST = Path(__file__).with_name("checkpoints.toml")


@cache
def offered() -> Mapping[str, Checkpoint]:
    """Returns the offered checkpoints by name, the default first."""
    return chosen(load_manifest(MANIFEST), settings.CHECKPOINTS)


def checkpoint_named(name: str) -> Checkpoint:
    """Returns a checkpoint; the empty name means the default.

    Raises:
        RequestRefused: none of that name is offered.
    """
    if not name:
        return next(iter(offered().values()))
    try:
        return offered()[name]
    except KeyError:
        names = ", ".join(offered())
        raise RequestRefused(f"No model is called “{name}” here. There are: {names}.") from None
