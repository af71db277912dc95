"""Form fields as Stripe reads them, checked against the SDK's typed dictionaries."""

import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

from stripe._request_options import RequestOptions

KEY = re.compile(r"[^\[\]]+")
OPTIONS = frozenset(RequestOptions.__annotations__)


class Unknown(Exception):
    """A parameter that the SDK does not know here."""


def decoded(body: str) -> dict[str, Any]:
    """Returns a[b][0]=c as nested dictionaries and lists."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(body, keep_blank_values=True):
        *way, last = KEY.findall(key)
        node = tree
        for step in way:
            node = node.setdefault(step, {})
        if key.endswith("[]"):
            node.setdefault(last, {})[str(len(node.get(last, {})))] = value
        else:
            node[last] = value
    return {key: _listed(value) for key, value in tree.items()}


def _listed(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_listed(node[key]) for key in sorted(node, key=int)]
    return {key: _listed(value) for key, value in node.items()}


def check(given: dict[str, Any], known: type[Any] | None, where: str = "") -> None:
    """Raises Unknown for what is not among the fields, or is missing from the required ones."""
    fields = _fields(known) if known is not None else {}
    for name, value in given.items():
        if name not in fields or (not where and name in OPTIONS):
            raise Unknown(f"Received unknown parameter: {where}{name}")
        _check_value(value, fields[name], f"{where}{name}")
    needed = getattr(known, "__required_keys__", frozenset()) if known is not None else frozenset()
    if missing := sorted(needed - set(given) - OPTIONS):
        raise Unknown(f"Missing required param: {where}{missing[0]}.")


def _check_value(value: Any, annotation: Any, where: str) -> None:
    shapes = _shapes(annotation)
    if isinstance(value, dict):
        typed = [shape for shape in shapes if hasattr(shape, "__total__")]
        if not typed and not any(get_origin(shape) is dict for shape in shapes):
            raise Unknown(f"Invalid object: {where}")
        if typed:
            check(value, typed[0], f"{where}.")
    elif isinstance(value, list):
        lists = [shape for shape in shapes if get_origin(shape) is list]
        if not lists:
            raise Unknown(f"Invalid array: {where}")
        for item in value:
            _check_value(item, get_args(lists[0])[0], where)
    elif not any(get_origin(s) not in (list, dict) and not hasattr(s, "__total__") for s in shapes):
        raise Unknown(f"Invalid value, an object or array is wanted: {where}")
    elif shapes == [int] and not re.fullmatch(r"-?\d+", value):
        raise Unknown(f"Invalid integer: {where}")
    elif shapes == [bool] and value not in ("true", "false"):
        raise Unknown(f"Invalid boolean: {where}")


def _shapes(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Union or type(annotation).__name__ == "UnionType":
        return [shape for part in get_args(annotation) for shape in _shapes(part)]
    return [annotation]


@cache
def _fields(known: type[Any]) -> dict[str, Any]:
    module = vars(sys.modules[known.__module__])
    return get_type_hints(known, module, {"StripeContext": str, "Mapping": Mapping})


def yes(value: Any) -> bool:
    """Returns whether a form says true."""
    return value in (True, "true")
