"""The checkpoints that this site offers."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from generation.checkpoints import Checkpoint, ManifestError, chosen, load_manifest
from generation.errors import RequestRefused

MANIFEST = Path(__file__).with_name("checkpoints.toml")


@cache
def offered() -> Mapping[str, Checkpoint]:
    """Returns the offered checkpoints by name, the default first.

    Raises:
        ImproperlyConfigured: CHECKPOINTS names what is not there, or a manifest is broken.
    """
    try:
        return chosen(load_manifest(MANIFEST), settings.CHECKPOINTS)
    except ManifestError as error:
        raise ImproperlyConfigured(f"CHECKPOINTS: {error}") from error


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
