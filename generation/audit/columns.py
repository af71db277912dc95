"""What the models say of their columns, whether or not the database still has the constraints."""

from collections.abc import Iterator
from functools import partial

from django.db.models import (
    CheckConstraint,
    Exists,
    ForeignKey,
    Model,
    OuterRef,
    PositiveBigIntegerField,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    Q,
    UniqueConstraint,
)

from generation.audit.check import Check, doubled, rows

POSITIVE = (PositiveBigIntegerField, PositiveIntegerField, PositiveSmallIntegerField)


def constraints(model: type[Model]) -> Iterator[Check]:
    """The constraints of a model, whether or not the database still has them."""
    label = model._meta.label
    for constraint in model._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            broken = partial(rows, model, ~Q(constraint.condition))
            yield Check(constraint.name, f"the rows of {label} meet the constraint", broken)
        elif isinstance(constraint, UniqueConstraint):
            among = model._default_manager.filter(constraint.condition or Q())
            shared = partial(doubled, among, constraint.fields)
            yield Check(constraint.name, f"the rows of {label} meet the constraint", shared)


def columns(model: type[Model]) -> Iterator[Check]:
    """What single columns promise: to differ, be a choice, be 0 or more, refer to a row."""
    label = model._meta.label
    for field in model._meta.concrete_fields:
        name = f"{model._meta.model_name}_{field.name}"
        if field.unique and not field.primary_key:
            yield Check(
                f"{name}_once",
                f"no two rows of {label} have the same {field.name}",
                partial(doubled, model._default_manager.all(), [field.name]),
            )
        if field.choices:
            empty = field.blank and field.empty_strings_allowed
            known = [value for value, _ in field.flatchoices] + [""] * empty
            unknown = ~Q(**{f"{field.name}__in": known})
            yield Check(
                f"{name}_is_a_choice",
                f"{field.name} of {label} is one of its choices",
                partial(rows, model, Q(**{f"{field.name}__isnull": False}) & unknown),
            )
        if isinstance(field, POSITIVE):
            yield Check(
                f"{name}_is_not_negative",
                f"{field.name} of {label} is 0 or more",
                partial(rows, model, Q(**{f"{field.name}__lt": 0})),
            )
        if isinstance(field, ForeignKey):
            there = Exists(field.related_model._base_manager.filter(pk=OuterRef(field.attname)))
            yield Check(
                f"{name}_exists",
                f"{field.name} of {label} refers to a row that is there",
                partial(rows, model, Q(**{f"{field.attname}__isnull": False}) & ~Q(there)),
            )
