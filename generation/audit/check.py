"""What a check is, and how one is written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Model, QuerySet


@dataclass(frozen=True)
class Check:
    """Something that must hold, and what finds the rows for which it does not."""

    name: str
    says: str
    breaches: Callable[[], Iterable[str]]


def of(function: Callable[[], Iterable[str]]) -> Check:
    """Returns a check of a function that yields breaches; its name and docstring say what holds."""
    sentence, _, _ = (function.__doc__ or "").partition("\n")
    return Check(function.__name__, sentence[:1].lower() + sentence[1:].rstrip("."), function)


def rows(model: type[Model], broken: Any) -> Iterator[str]:
    """Yields the rows of a model that a condition says are broken."""
    yield from map(named, model._default_manager.filter(broken).order_by("pk").iterator())


def doubled(among: QuerySet[Any], fields: Iterable[str]) -> Iterator[str]:
    """Yields the values that rows share in columns that must differ; null differs from null."""
    names = list(fields)
    among = among.filter(**{f"{name}__isnull": False for name in names})
    shared = among.order_by().values(*names).annotate(n=Count("pk")).filter(n__gt=1)
    for values in shared:
        said = ", ".join(f"{name} {values[name]}" for name in names)
        yield f"{values['n']} rows of {among.model._meta.model_name} have {said}"


def named(row: Model) -> str:
    """Returns what a breach calls a row."""
    return f"{row._meta.model_name} {row.pk}"
