"""Amounts and prices in the templates."""

from typing import Any

from django import template

register = template.Library()


@register.filter
def of(mapping: dict[str, Any], key: str) -> Any:
    """Returns what a mapping holds under a key, or None."""
    return mapping.get(key)
