"""A database that has lost its constraints, as one repaired by hand may have."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from generation.audit import MODELS


@contextmanager
def unguarded() -> Iterator[None]:
    """Puts copies with nothing but their primary keys in the tables' places, for a while.

    What is written meanwhile is forgotten at the end.
    """
    postgresql = connection.vendor == "postgresql"
    with transaction.atomic():
        with connection.cursor() as cursor:
            if postgresql:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for model in MODELS:
                table, key = model._meta.db_table, model._meta.pk.column
                cursor.execute(f"ALTER TABLE {table} RENAME TO guarded_{table}")
                cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM guarded_{table}")  # noqa: S608
                if postgresql:
                    cursor.execute(f"ALTER TABLE {table} ADD PRIMARY KEY ({key})")
        yield
        transaction.set_rollback(True)
