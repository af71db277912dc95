"""Lists the plans, or changes one."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, transaction

from accounts.management.console import need_tables, table
from accounts.models import Plan

YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
LARGEST_NUMBER = 999_999_999
"""Fits the column of every database, and is more than anybody draws."""


class Command(BaseCommand):
    help = "Lists the plans; with a plan and NAME=VALUE …, changes it for everybody who has it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("plan", nargs="?", help="which plan to change")
        parser.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="per_day=1000 …")

    def handle(self, *, plan: str | None, changes: list[str], **options: Any) -> None:
        need_tables()
        if plan is None:
            self.stdout.write(_listed(Plan.objects.all()))
        elif not changes:
            self.stdout.write(_listed([_named(plan)]))
        else:
            self.stdout.write(_changed(plan, _values(changes)))


def _listed(plans: Iterable[Plan]) -> str:
    columns = ["name", *_columns()]
    return table(columns, ([_shown(getattr(plan, name)) for name in columns] for plan in plans))


def _changed(name: str, values: dict[str, Any]) -> str:
    """Changes a plan and returns a line that says from what to what."""
    with transaction.atomic():
        plan = _named(name, lock=True)
        before = {column: getattr(plan, column) for column in values}
        for column, value in values.items():
            setattr(plan, column, value)
        _refuse_invalid(plan)
        plan.save(update_fields=list(values))
    changes = ", ".join(
        f"{column} {_shown(before[column])} → {_shown(value)}" for column, value in values.items()
    )
    return f"{name}: {changes}{_bucket_note(plan)}"


def _bucket_note(plan: Plan) -> str:
    """A second line where everybody behind one address may ask for less than this plan alone."""
    if plan.tier == Plan.Tier.PAID or plan.name == Plan.NETWORK:
        return ""
    bucket = _named(Plan.NETWORK)
    smaller = [
        f"{column} {_shown(getattr(bucket, column))}"
        for column in ("in_flight", "per_minute", "per_day")
        if getattr(bucket, column) < getattr(plan, column)
    ]
    if not smaller:
        return ""
    limits = ", ".join(smaller)
    return f"\nFree grids behind one address together still stop at {limits}: see plan network."


def _named(name: str, *, lock: bool = False) -> Plan:
    plans = Plan.objects.select_for_update() if lock else Plan.objects.all()
    try:
        return plans.get(name=name)
    except Plan.DoesNotExist:
        names = ", ".join(Plan.objects.values_list("name", flat=True))
        raise CommandError(f"No plan is called {name}. There are: {names}.") from None


def _values(changes: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for change in changes:
        name, equals, text = change.partition("=")
        if not equals:
            raise CommandError(f"{change} is no change: it must look like per_day=1000.")
        if name not in _columns():
            raise CommandError(f"A plan has no {name}. It has: {', '.join(_columns())}.")
        values[name] = _value(name, text)
    return values


def _value(name: str, text: str) -> Any:
    """Returns the value that a text stands for in a column of the plans."""
    if isinstance(_columns()[name], models.BooleanField):
        if text.lower() not in YES_OR_NO:
            raise CommandError(f"{name}={text} cannot be: it is yes or no.")
        return YES_OR_NO[text.lower()]
    if text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_NUMBER)):
        return int(text)
    raise CommandError(f"{name}={text} cannot be: it is a whole number, 0 to {LARGEST_NUMBER}.")


def _refuse_invalid(plan: Plan) -> None:
    try:
        plan.full_clean(validate_unique=False)
    except ValidationError as error:
        name, reasons = next(iter(error.message_dict.items()))
        reason = reasons[0].rstrip(".")
        raise CommandError(f"{name}={getattr(plan, name, '')} cannot be: {reason}.") from None


def _columns() -> dict[str, models.Field[Any, Any]]:
    """The columns that may be changed: all but the name."""
    return {field.name: field for field in Plan._meta.fields if not field.primary_key}


def _shown(value: object) -> object:
    return ("yes" if value else "no") if isinstance(value, bool) else value
