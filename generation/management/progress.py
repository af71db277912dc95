"""How a drawing gets on, for a person at a terminal or for a log."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO

Show = Callable[[str, float], None]
"""Takes what is being done, and the share of it that is done."""


def shown_on(out: TextIO) -> AbstractContextManager[Show]:
    """Returns what shows progress: a bar on a terminal, else a line for every quarter."""
    return _bar(out) if out.isatty() else _lines(out)


@contextmanager
def _bar(out: TextIO) -> Iterator[Show]:
    # Here, since the environment of the web alone has no rich, and this command says so itself.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=out), transient=True) as progress:
        task = progress.add_task("", total=1)
        yield lambda says, share: progress.update(task, description=says, completed=share)


@contextmanager
def _lines(out: TextIO) -> Iterator[Show]:
    last = ""

    def show(says: str, share: float) -> None:
        nonlocal last
        quarters = int(4 * share)
        line = f"{says}: {25 * quarters}%" if quarters else says
        if line != last:
            print(line, file=out, flush=True)
            last = line

    yield show
