"""The folder that a grid is written to, for whoever draws at the command line."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import storages
from django.core.management import CommandError

from generation.images import files
from generation.images.renditions import Format, Kind
from generation.models import Job, Rendition

NAMED = re.compile(rf"(\d|grid)\.({'|'.join(form.extension for form in Format)})")
"""What the files of a grid are called, in any format."""


def need_room(folder: Path, *, force: bool) -> None:
    """Makes the folder, and looks whether a grid can be written to it.

    Raises:
        CommandError: it cannot, or there is one already, which is replaced only by force.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        there = any(_of_a_grid(folder))
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}.") from error
    if there and not force:
        raise CommandError(
            f"{folder} holds a grid already: name another folder with -o, or replace it by --force."
        )


def write(job: Job, form: Format, folder: Path) -> list[Path]:
    """Writes the pictures of a grid that may be seen, and the grid as one; returns the files.

    A grid that was there is gone then; other files in the folder are left alone.

    Raises:
        CommandError: a file could not be written. Those that were are whole.
    """
    try:
        made = [
            _copied(
                files.rendition(job, Kind.FULL, form, position=image.position, watermark=False),
                folder / f"{image.position}.{form.extension}",
            )
            for image in job.images.exclude(master="")
        ]
        grid = files.rendition(job, Kind.CARD, form, position=None, watermark=False)
        made.append(_copied(grid, folder / f"grid.{form.extension}"))
        for earlier in set(_of_a_grid(folder)) - set(made):
            earlier.unlink()
    except (OSError, files.StorageRefused) as error:
        raise CommandError(f"Drawn, but not written: {error}.") from error
    return made


def _of_a_grid(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if NAMED.fullmatch(file.name) and file.is_file())


def _copied(rendition: Rendition, file: Path) -> Path:
    """Written beside it first: a full disk leaves no half of a picture, and what was there."""
    beside = file.with_name(f".{file.name}.part")
    try:
        with storages["default"].open(rendition.name) as content:
            beside.write_bytes(content.read())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return file
