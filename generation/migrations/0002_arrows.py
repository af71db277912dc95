"""The database itself forbids every change of a job's status that the design does not name."""

from typing import Any

from django.db import migrations

ALLOWED = """
    (OLD.status = 'queued' AND NEW.status IN ('running', 'cancelled'))
    OR (OLD.status = 'running' AND NEW.status IN ('queued', 'succeeded', 'failed', 'cancelled'))
"""

POSTGRESQL = f"""
CREATE FUNCTION generation_job_arrow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a job cannot go from % to %', OLD.status, NEW.status
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER generation_job_arrow BEFORE UPDATE OF status ON generation_job
FOR EACH ROW WHEN (OLD.status <> NEW.status AND NOT ({ALLOWED}))
EXECUTE FUNCTION generation_job_arrow();
"""
POSTGRESQL_BACK = "DROP FUNCTION generation_job_arrow() CASCADE;"

SQLITE = f"""
CREATE TRIGGER generation_job_arrow BEFORE UPDATE OF status ON generation_job
WHEN OLD.status <> NEW.status AND NOT ({ALLOWED})
BEGIN SELECT RAISE(ABORT, 'a job cannot change its status so'); END
"""
SQLITE_BACK = "DROP TRIGGER generation_job_arrow"


def forbid(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL, params=None)
    else:
        schema_editor.execute(SQLITE, params=None)


def allow(apps: Any, schema_editor: Any) -> None:
    on_postgresql = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRESQL_BACK if on_postgresql else SQLITE_BACK, params=None)


def restore(apps: Any, schema_editor: Any) -> None:
    """Puts the trigger back: a migration that rebuilds the table on SQLite loses it."""
    if schema_editor.connection.vendor != "postgresql":
        schema_editor.execute("DROP TRIGGER IF EXISTS generation_job_arrow", params=None)
        schema_editor.execute(SQLITE, params=None)


class Migration(migrations.Migration):
    dependencies = [("generation", "0001_initial")]
    operations = [migrations.RunPython(forbid, allow)]
