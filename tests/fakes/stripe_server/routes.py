"""What can be asked, read from the SDK's own services: method, path, and typed parameters."""

import importlib
import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

SERVICES = (
    "_charge_service", "_customer_service", "_dispute_service", "_invoice_payment_service",
    "_invoice_service", "_price_service", "_product_service", "_subscription_service",
    "_webhook_endpoint_service", "billing._meter_event_service",
    "billing._meter_event_summary_service", "billing._meter_service",
    "billing_portal._configuration_service", "billing_portal._session_service",
    "checkout._session_service",
)  # fmt: skip

CALL = re.compile(
    r"    def (?P<name>(?!__)\w+)\(\s*self,(?P<arguments>.*?)\) -> .*?"
    r'self\._request\(\s*"(?P<method>\w+)",'
    r'\s*"(?P<path>/v1[^"]*)"',
    re.DOTALL,
)
PARAMS = re.compile(r'params: (?:Optional\[)?\s*"(\w+)"')
IMPORT = re.compile(r"from (stripe\.params[\w.]*) import \(?\s*(\w+)")


@dataclass(frozen=True)
class Route:
    """One kind of request."""

    method: str
    pattern: re.Pattern[str]
    name: str
    params: type[Any] | None


@cache
def routes() -> tuple[Route, ...]:
    """Returns every request that the SDK's services for our objects can make."""
    found = [route for service in SERVICES for route in _of(f"stripe.{service}")]
    # The literal path before the one with a hole where an id may stand.
    return tuple(sorted(found, key=lambda route: route.pattern.pattern.count("(?P<")))


def _of(service: str) -> list[Route]:
    source = inspect.getsource(importlib.import_module(service))
    modules = {name: module for module, name in IMPORT.findall(source)}
    kind = service.removeprefix("stripe.").replace("_service", "").replace("._", ".").strip("_")
    made = []
    for call in CALL.finditer(source):
        named = PARAMS.search(call["arguments"])
        module = modules.get(named[1]) if named else None
        hole = re.sub(r"\{\w+\}", lambda _: "(?P<id>[^/]+)", call["path"])
        made.append(
            Route(
                call["method"],
                re.compile(f"{hole}$"),
                f"{kind}.{call['name']}",
                getattr(importlib.import_module(module), named[1]) if module and named else None,
            )
        )
    return made


def route_of(method: str, path: str) -> tuple[Route, str] | None:
    """Returns the route of a request and the id in its path, or None."""
    for route in routes():
        if route.method == method.lower() and (found := route.pattern.match(path)):
            return route, found.groupdict().get("id", "")
    return None
