"""The objects, the clock, and the events that tell of every change."""

import copy
import itertools
import random
import string
import time
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

Object = dict[str, Any]

PREFIXES = {
    "billing.meter": "mtr", "billing_portal.configuration": "bpc", "billing_portal.session": "bps",
    "charge": "ch", "checkout.session": "cs_test", "customer": "cus", "dispute": "dp",
    "event": "evt", "invoice": "in", "invoice_payment": "inpay", "invoiceitem": "ii",
    "meter_event_summary": "mtrusg", "price": "price", "product": "prod", "refund": "re",
    "subscription": "sub", "subscription_item": "si", "webhook_endpoint": "we",
}  # fmt: skip

API_VERSION = "2026-10-28.endive"


class Refused(Exception):
    """Stripe's answer to a request that it does not follow."""

    def __init__(self, status: int, message: str, code: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.kind = kind or ("invalid_request_error" if status < 500 else "api_error")


@dataclass
class Store:
    """Everything in one account of Stripe's."""

    now: int = field(default_factory=lambda: int(time.time()))
    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    events: list[Object] = field(default_factory=list)
    meter_events: list[Object] = field(default_factory=list)
    identifiers: dict[str, int] = field(default_factory=dict)
    """When a meter event came in last, by its identifier."""
    lag: int = 0
    """Seconds until a meter event is in the sums."""
    cards: dict[str, bool] = field(default_factory=dict)
    """Whether a customer's card pays, by customer; without an entry there is no card."""
    lock: RLock = field(default_factory=RLock)
    _serial: Any = field(default_factory=lambda: itertools.count(1))
    _letters: random.Random = field(default_factory=lambda: random.Random(7))

    def add(self, kind: str, *, quiet: bool = True, **columns: Any) -> Object:
        """Returns a new object; unless quiet, an event tells of it."""
        tail = "".join(self._letters.choices(string.ascii_letters + string.digits, k=10))
        key = f"{PREFIXES[kind]}_{next(self._serial):06d}{tail}"
        made = {"id": key, "object": kind, "created": self.now, "livemode": False, **columns}
        self.objects.setdefault(kind, {})[key] = made
        if not quiet:
            self.tell(f"{kind}.created", made)
        return made

    def get(self, kind: str, key: str) -> Object:
        """Returns an object, or refuses with Stripe's 404."""
        try:
            return self.objects[kind][key]
        except KeyError:
            raise Refused(404, f"No such {kind}: '{key}'", "resource_missing") from None

    def all(self, kind: str, **columns: Any) -> list[Object]:
        """Returns the objects with these columns, newest first."""
        made = self.objects.get(kind, {}).values()
        found = [one for one in made if all(one.get(k) == v for k, v in columns.items())]
        return list(reversed(found))

    def tell(self, kind: str, changed: Object) -> Object:
        """Notes an event with the object as it is now."""
        tail = "".join(self._letters.choices(string.ascii_letters, k=10))
        event = {
            "id": f"evt_{next(self._serial):06d}{tail}", "object": "event", "type": kind,
            "api_version": API_VERSION, "created": self.now, "livemode": False,
            "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None},
            "data": {"object": copy.deepcopy(changed)},
        }  # fmt: skip
        self.events.append(event)
        return event


def listed(objects: list[Object], url: str, limit: int = 10, after: str = "") -> Object:
    """Returns a page of a list as Stripe pages it."""
    if after:
        places = [place for place, one in enumerate(objects) if one["id"] == after]
        if not places:
            raise Refused(400, f"No such object: '{after}'", "resource_missing")
        objects = objects[places[0] + 1 :]
    page = objects[:limit]
    return {"object": "list", "url": url, "has_more": len(objects) > limit, "data": page}
