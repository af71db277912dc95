"""Brings what the site keeps up to date with its code."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Run before each start, by script/run and by every deployment; safe to repeat."""

    help = "Migrates the database, makes the cache's table and collects static files."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable")
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
