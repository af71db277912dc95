"""Checks every invariant of the tables, and stops at the first that is broken."""

from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.management.console import need_tables
from generation.audit import CHECKS, Check
from generation.audit.stored_files import file_checks, orphans

SHOWN = 10
"""Rows that a breach names; and files, where nothing refers to them."""


class Command(BaseCommand):
    help = "Checks every invariant of the tables and files; exits with 1 at the first breach."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--files", action="store_true", help="read every stored file and compare its hash"
        )

    def handle(self, *, files: bool, verbosity: int, **options: Any) -> None:
        need_tables()
        checks = (*CHECKS, *file_checks(contents=files))
        for check in checks:
            _refuse_breach(check)
            if verbosity > 1:
                self.stdout.write(f"{check.name}: {check.says}")
        self.stdout.write(f"All {len(checks)} checks hold.")
        if forgotten := orphans():
            said = ", ".join(forgotten[:SHOWN]) + ", …" * (len(forgotten) > SHOWN)
            self.stdout.write(f"Note: nothing refers to {len(forgotten)} stored files: {said}")


def _refuse_breach(check: Check) -> None:
    breaches = iter(check.breaches())
    rows = list(islice(breaches, SHOWN))
    if rows:
        more = sum(1 for _ in breaches)
        said = "; ".join(rows) + (f"; and {more} more" if more else "")
        raise CommandError(f"{check.name} is broken ({check.says}): {said}")
