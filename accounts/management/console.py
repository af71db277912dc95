"""What the commands of the site have in common: how they print, and what they need."""

from collections.abc import Iterable, Sequence

from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns rows of aligned columns under their names, for people and for `grep`."""
    lines = [columns, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def make_tables_of_a_fresh_site() -> bool:
    """Makes the tables in a database that has none, where it is SQLite; returns whether it did.

    A server's database is left to whoever runs the server, and an older site's to its next start.

    Raises:
        CommandError: the database does not answer.
    """
    if connection.vendor != "sqlite":
        return False
    try:
        if connection.introspection.table_names():
            return False
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable")
    except OperationalError as error:
        raise CommandError(f"The database cannot be made: {error}") from error
    return True


def need_tables() -> None:
    """Looks whether the database has the tables of this version of the site.

    Raises:
        CommandError: it has not, or does not answer; one line says what to do.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        reason = str(error).strip().partition("\n")[0]
        raise CommandError(f"The database does not answer: {reason}") from error
    if missing:
        raise CommandError("The database lacks tables: run script/run or manage.py migrate.")
