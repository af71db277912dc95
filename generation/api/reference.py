"""The pages about the API: its schema, a reference made of it, and a guide."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from generation.api.guide import SECTIONS
from generation.api.problems import TITLES

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Field:
    """One field of a body, or one parameter."""

    name: str
    kind: str
    required: bool
    says: str


@dataclass(frozen=True)
class Answer:
    """One status that an address may answer with."""

    status: str
    says: str
    schema: str


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    says: str
    parameters: list[Field]
    body: list[Field]
    answers: list[Answer]


@dataclass(frozen=True)
class Shape:
    """One named object of the schema."""

    name: str
    says: str
    fields: list[Field]


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1, made from the code."""
    return JsonResponse(document())


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every address, by what it is about, and every code of an error."""
    context = {"groups": groups(), "shapes": list(shapes()), "codes": TITLES.items()}
    return render(request, "generation/api_reference.html", context)


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """From a key to nine pictures, with examples that run."""
    return render(request, "generation/api_guide.html", {"sections": SECTIONS})


@cache
def document() -> dict[str, Any]:
    """Returns the whole schema."""
    generator: Any = SchemaGenerator
    made: dict[str, Any] = generator().get_schema(request=None, public=True)
    return {**made, "servers": [{"url": settings.SITE_URL}]}


def groups() -> Mapping[str, list[Operation]]:
    """Returns the operations by tag, in the order of the addresses."""
    found: dict[str, list[Operation]] = {}
    for path, methods in document()["paths"].items():
        for method in METHODS:
            if method in methods:
                tag = methods[method]["tags"][0]
                found.setdefault(tag, []).append(_operation(path, method, methods[method]))
    return found


def shapes() -> Iterator[Shape]:
    """Yields the named objects of the schema."""
    for name, shape in document()["components"]["schemas"].items():
        if shape.get("properties"):
            yield Shape(name, shape.get("description", ""), list(_fields(shape)))


def _operation(path: str, method: str, said: Mapping[str, Any]) -> Operation:
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        says=said.get("description", ""),
        parameters=[
            Field(one["name"], _kind(one["schema"]), one.get("required", False),
                  one.get("description", ""))
            for one in said.get("parameters", [])
        ],
        body=_body(said.get("requestBody")),
        answers=[
            Answer(status, answer.get("description", ""), _named(answer))
            for status, answer in sorted(said["responses"].items())
        ],
    )  # fmt: skip


def _body(said: Mapping[str, Any] | None) -> list[Field]:
    if not said:
        return []
    return list(_fields(_resolved(next(iter(said["content"].values()))["schema"])))


def _fields(shape: Mapping[str, Any]) -> Iterator[Field]:
    required = shape.get("required", ())
    for name, field in shape.get("properties", {}).items():
        yield Field(name, _kind(field), name in required, field.get("description", ""))


def _named(answer: Mapping[str, Any]) -> str:
    """The name of the object that an answer holds, or the kinds of files."""
    content = answer.get("content", {})
    names = {_kind(media.get("schema", {})) for media in content.values()}
    if "application/json" in content or "application/problem+json" in content:
        return ", ".join(sorted(name for name in names if name))
    return ", ".join(content)


def _kind(shape: Mapping[str, Any]) -> str:
    """What a value is, in a word or two."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    for several in ("oneOf", "anyOf", "allOf"):
        if several in shape:
            kinds = dict.fromkeys(_kind(one) for one in shape[several])
            return " | ".join(kind for kind in kinds if kind)
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"])
    kind = shape.get("type", "")
    if kind == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    return " | ".join(kind) if isinstance(kind, list) else str(shape.get("format") or kind)


def _resolved(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(shape.get("$ref", "")).rpartition("/")[2]
    resolved: Mapping[str, Any] = document()["components"]["schemas"].get(name, shape)
    return resolved
