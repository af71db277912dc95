"""Brings what the site keeps up to date with its code."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection


class Command(BaseCommand):
    """Run before each start, by script/run and by every deployment; safe to repeat."""

    help = "Migrates the database, makes the cache's table and collects static files."

    def handle(self, *args: Any, **options: Any) -> None:
        _need_database()
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable")
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)


def _need_database() -> None:
    """Raises CommandError, with the database's own reason, if it does not answer.

    The pool of a site tries for long and tells only that it gave up.
    """
    if connection.vendor != "postgresql":
        return
    lone = connection.copy()
    lone.settings_dict["OPTIONS"].pop("pool", None)
    try:
        lone.ensure_connection()
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"DATABASE_URL: the database does not answer: {reason}") from error
    finally:
        lone.close()
