"""Whether the database still has the indexes and constraints that the models name."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from django.db import connection
from django.db.models import CheckConstraint, ForeignKey, Model, UniqueConstraint

from generation.audit.check import Check
from generation.audit.columns import POSITIVE

Found = Mapping[str, Mapping[str, Any]]
"""What a table has, by name, as Django's introspection tells it."""


def checks(models: Iterable[type[Model]]) -> Iterator[Check]:
    """Yields a check for each kind of thing that a database repaired by hand may have lost."""
    models = tuple(models)
    for name, says, lost in (
        ("every_index_is_there", "without one a claim reads the whole queue", _lost_indexes),
        ("every_unique_constraint_is_there", "without one rows are doubled", _lost_unique),
        ("every_check_is_there", "without one columns may hold anything", _lost_checks),
    ):
        yield Check(name, says, partial(_lost, models, lost))


def _lost(models: Iterable[type[Model]], lost: Any) -> Iterator[str]:
    with connection.cursor() as cursor:
        for model in models:
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
            for name in lost(model, found):
                yield f"{model._meta.db_table} lacks {name}"


def _lost_indexes(model: type[Model], found: Found) -> Iterator[str]:
    for index in model._meta.indexes:
        columns = [_column(model, name) for name, _ in index.fields_orders]
        there = found.get(index.name, {})
        if not there.get("index") or there["columns"] != columns:
            yield index.name
    for field in model._meta.concrete_fields:
        asked_for = field.db_index  # type: ignore[attr-defined]  # the stubs leave it out
        indexed = asked_for and not field.unique and not field.primary_key
        begins = (
            there["columns"][:1] == [field.column] for there in found.values() if _finds(there)
        )
        if indexed and not any(begins):
            kind = "foreign key" if isinstance(field, ForeignKey) else "column"
            yield f"an index of the {kind} {field.column}"


def _lost_unique(model: type[Model], found: Found) -> Iterator[str]:
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            columns = [_column(model, name) for name in constraint.fields]
            there = found.get(constraint.name, {})
            if not there.get("unique") or there["columns"] != columns:
                yield constraint.name
    for field in model._meta.concrete_fields:
        if field.unique and not any(
            (there["unique"] or there["primary_key"]) and there["columns"] == [field.column]
            for there in found.values()
        ):
            yield f"that {field.column} is unique"


def _lost_checks(model: type[Model], found: Found) -> Iterator[str]:
    for constraint in model._meta.constraints:
        there = found.get(constraint.name, {})
        if isinstance(constraint, CheckConstraint) and not there.get("check"):
            yield constraint.name
    for field in model._meta.concrete_fields:
        if isinstance(field, POSITIVE) and not any(
            there["check"] and there["columns"] == [field.column] for there in found.values()
        ):
            yield f"that {field.column} is 0 or more"


def _finds(there: Mapping[str, Any]) -> bool:
    return bool(there["index"] or there["unique"])


def _column(model: type[Model], name: str) -> str:
    return next(field.column or "" for field in model._meta.concrete_fields if field.name == name)
