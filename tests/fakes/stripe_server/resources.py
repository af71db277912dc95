"""The requests that the site makes, each answered as Stripe would."""

from collections.abc import Callable
from typing import Any

from tests.fakes.stripe_server.lifecycle import Lifecycle
from tests.fakes.stripe_server.parameters import yes
from tests.fakes.stripe_server.store import Object, Refused, Store, listed

UNIQUE_FOR = 24 * 3600
"""Seconds for which an identifier of a meter event is remembered."""
OLDEST = 35 * 24 * 3600

EXPANDABLE = {
    "charge": "charge", "customer": "customer", "default_price": "price", "invoice": "invoice",
    "latest_invoice": "invoice", "product": "product", "subscription": "subscription",
}  # fmt: skip


class Resources:
    """Answers by the name of the route."""

    def __init__(self, store: Store, lifecycle: Lifecycle, address: Callable[[], str]) -> None:
        self.store, self.lifecycle, self.address = store, lifecycle, address

    def answer(self, name: str, key: str, given: Object, path: str) -> Object:
        """Returns what the request comes to, expanded as asked."""
        kind, _, verb = name.rpartition(".")
        own = getattr(self, f"_{name.replace('.', '_')}", None)
        if own is not None:
            answer = own(key, given)
        elif verb == "retrieve":
            answer = self.store.get(kind, key)
        elif verb == "list":
            answer = self._list(kind, given, path)
        elif verb == "create" and kind in ("product", "webhook_endpoint", "customer"):
            answer = self._plain(kind, given)
        elif verb == "update":
            answer = self._update(kind, key, given)
        else:
            raise Refused(404, f"The fake does not know {name}.")
        return self._expanded(answer, given.get("expand", []))

    def _list(self, kind: str, given: Object, path: str) -> Object:
        paging = {"limit", "starting_after", "ending_before", "expand", "status", "active"}
        asked = {k: v for k, v in given.items() if k not in paging}
        found = self.store.all(kind)
        for name, value in asked.items():
            found = [one for one in found if _matches(one, name, value)]
        if "active" in given:
            found = [one for one in found if one["active"] == yes(given["active"])]
        status = given.get("status", "" if kind != "subscription" else "not canceled")
        if status == "not canceled":
            found = [one for one in found if one["status"] != "canceled"]
        elif status and status != "all":
            found = [one for one in found if one["status"] == status]
        limit = int(given.get("limit", 10))
        if not 1 <= limit <= 100:
            raise Refused(400, "limit must be from 1 to 100")
        return listed(found, path, limit, given.get("starting_after", ""))

    def _plain(self, kind: str, given: Object) -> Object:
        columns = {k: v for k, v in given.items() if k != "expand"}
        if kind == "product":
            columns.setdefault("active", True)
        if kind == "webhook_endpoint":
            made = self.store.add(kind, **columns, status="enabled")
            made["secret"] = f"whsec_{made['id'].replace('_', '')}"
            return dict(made)
        return self.store.add(kind, quiet=kind != "customer", **{"metadata": {}, **columns})

    def _update(self, kind: str, key: str, given: Object) -> Object:
        changed = self.store.get(kind, key)
        changed.update({k: v for k, v in given.items() if k != "expand"})
        for flag in ("active", "disabled"):
            if flag in changed:
                changed[flag] = yes(changed[flag])
        if kind == "webhook_endpoint" and "disabled" in given:
            changed["status"] = "disabled" if changed.pop("disabled") else "enabled"
        return changed

    def _webhook_endpoint_delete(self, key: str, given: Object) -> Object:
        self.store.get("webhook_endpoint", key)
        del self.store.objects["webhook_endpoint"][key]
        return {"id": key, "object": "webhook_endpoint", "deleted": True}

    def _price_create(self, _: str, given: Object) -> Object:
        lookup, transfer = given.get("lookup_key"), yes(given.pop("transfer_lookup_key", False))
        for other in self.store.all("price", lookup_key=lookup):
            if not transfer:
                raise Refused(400, f"A price already uses the lookup key `{lookup}`.")
            other["lookup_key"] = None
        recurring = {"usage_type": "licensed", "interval_count": 1, **given.pop("recurring")}
        decimal = str(given.get("unit_amount_decimal") or given.get("unit_amount"))
        amount = int(given["unit_amount"]) if "unit_amount" in given else None
        columns = {
            "active": True, "billing_scheme": "per_unit", "type": "recurring", **given,
            "recurring": recurring, "unit_amount": amount, "unit_amount_decimal": decimal,
        }  # fmt: skip
        self.store.get("product", str(given["product"]))
        return self.store.add("price", **columns)

    def _billing_meter_create(self, _: str, given: Object) -> Object:
        if self.store.all("billing.meter", event_name=given["event_name"], status="active"):
            raise Refused(400, "An active meter with this event name exists.")
        return self.store.add("billing.meter", status="active", **given)

    def _billing_meter_list(self, _: str, given: Object) -> Object:
        return self._list("billing.meter", given, "/v1/billing/meters")

    def _billing_meter_event_create(self, _: str, given: Object) -> Object:
        payload, now = given["payload"], self.store.now
        at = int(given.get("timestamp", now))
        if not now - OLDEST <= at <= now + 300:
            raise Refused(400, "The timestamp is out of range.", "timestamp_out_of_range")
        if not self.store.all("billing.meter", event_name=given["event_name"], status="active"):
            raise Refused(400, "No active meter has this event name.", "no_meter")
        customer = self.store.get("customer", payload["stripe_customer_id"])
        identifier = given.get("identifier", "")
        earlier = self.store.identifiers.get(identifier)
        if earlier is not None and now - earlier < UNIQUE_FOR:
            raise Refused(400, f"An event already exists with identifier {identifier}.")
        self.store.identifiers[identifier] = now
        event = {
            "object": "billing.meter_event", "identifier": identifier, "timestamp": at,
            "event_name": given["event_name"], "customer": customer["id"],
            "value": int(payload["value"]), "sent": now,
        }  # fmt: skip
        self.store.meter_events.append(event)
        return {**event, "payload": payload, "created": now, "livemode": False}

    def _billing_meter_event_summary_list(self, key: str, given: Object) -> Object:
        meter = self.store.get("billing.meter", key)
        start, end = int(given["start_time"]), int(given["end_time"])
        if start % 60 or end % 60:
            raise Refused(400, "start_time and end_time must be aligned with minutes.")
        value = sum(
            event["value"] for event in self.store.meter_events
            if event["customer"] == given["customer"] and start <= event["timestamp"] < end
            and event["event_name"] == meter["event_name"]
            and event["sent"] <= self.store.now - self.store.lag
        )  # fmt: skip
        summary = {
            "id": f"mtrusg_{start}", "object": "billing.meter_event_summary", "meter": key,
            "aggregated_value": value, "start_time": start, "end_time": end, "livemode": False,
        }  # fmt: skip
        return listed([summary] if value else [], f"/v1/billing/meters/{key}/event_summaries")

    def _checkout_session_create(self, _: str, given: Object) -> Object:
        if given.get("mode") != "subscription" or not given.get("line_items"):
            raise Refused(400, "A subscription needs line_items.")
        for line in given["line_items"]:
            price = self.store.get("price", line["price"])
            if price["recurring"]["usage_type"] == "metered" and "quantity" in line:
                raise Refused(400, "A metered price takes no quantity.")
        self.store.get("customer", given["customer"])
        made = self.store.add("checkout.session", status="open", subscription=None,
                              payment_status="unpaid", **given)  # fmt: skip
        made["url"] = f"{self.address()}/checkout/{made['id']}"
        return made

    def _checkout_session_expire(self, key: str, given: Object) -> Object:
        session = self.store.get("checkout.session", key)
        if session["status"] != "open":
            raise Refused(400, "Only open sessions can be expired.")
        session.update(status="expired", url=None)
        return session

    def _checkout_session_list(self, _: str, given: Object) -> Object:
        return self._list("checkout.session", given, "/v1/checkout/sessions")

    def _billing_portal_session_create(self, _: str, given: Object) -> Object:
        self.store.get("customer", given["customer"])
        if "configuration" not in given:  # the default one is made by hand, in the dashboard
            raise Refused(400, "No configuration provided, and no default one has been created.")
        self.store.get("billing_portal.configuration", given["configuration"])
        made = self.store.add("billing_portal.session", **given)
        made["url"] = f"{self.address()}/portal/{made['id']}"
        return made

    def _billing_portal_configuration_create(self, _: str, given: Object) -> Object:
        return self.store.add("billing_portal.configuration", active=True, **given)

    def _subscription_update(self, key: str, given: Object) -> Object:
        changed = self.store.get("subscription", key)
        if changed["status"] in ("canceled", "incomplete_expired"):
            raise Refused(404, "A canceled subscription can only update its metadata.")
        if changed["status"] == "incomplete":
            raise Refused(400, "An incomplete subscription can only update its metadata.")
        if {"cancel_at", "cancel_at_period_end"} <= set(given):
            raise Refused(400, "Only one of cancel_at and cancel_at_period_end can be set.")
        if "cancel_at" in given:
            changed["cancel_at"] = int(given["cancel_at"] or 0) or None
        if "cancel_at_period_end" in given:
            changed["cancel_at_period_end"] = yes(given["cancel_at_period_end"])
            changed["canceled_at"] = self.store.now if changed["cancel_at_period_end"] else None
        for item in given.get("items", []):
            at = int(given.get("proration_date", self.store.now))
            if given.get("payment_behavior") == "error_if_incomplete":
                self._must_pay(changed, item["price"], at)
            behaviour = given.get("proration_behavior", "create_prorations")
            self.lifecycle.change(changed, item["price"], behaviour, at)
        self.store.tell("customer.subscription.updated", changed)
        return changed

    def _must_pay(self, subscription: Object, price: str, at: int) -> None:
        customer = subscription["customer"]
        due = self.lifecycle.due(customer, self.lifecycle.proration(subscription, price, at))
        if due and not self.store.cards.get(customer, False):
            raise Refused(402, "Your card was declined.", "card_declined", "card_error")

    def _subscription_cancel(self, key: str, given: Object) -> Object:
        ended = self.store.get("subscription", key)
        self.lifecycle.end(ended)
        return ended

    def _customer_delete(self, key: str, given: Object) -> Object:
        gone = self.store.get("customer", key)
        for subscription in self.store.all("subscription", customer=key):
            if subscription["status"] not in ("canceled", "incomplete_expired"):
                self.lifecycle.end(subscription)
        gone["deleted"] = True
        return {"id": key, "object": "customer", "deleted": True}

    def _invoice_create_preview(self, _: str, given: Object) -> Object:
        subscription = self.store.get("subscription", given["subscription"])
        details = given["subscription_details"]
        at = int(details.get("proration_date", self.store.now))
        amount = self.lifecycle.proration(subscription, details["items"][0]["price"], at)
        due = self.lifecycle.due(subscription["customer"], amount)
        return {
            "id": "upcoming_in_1", "object": "invoice", "amount_due": due,
            "total": amount, "currency": subscription["currency"], "livemode": False,
        }  # fmt: skip

    def _expanded(self, answer: Any, ways: list[str]) -> Any:
        for way in ways:
            answer = self._expand(answer, way.split("."))
        return answer

    def _expand(self, node: Any, way: list[str]) -> Any:
        if isinstance(node, list):
            return [self._expand(one, way) for one in node]
        if not way or not isinstance(node, dict):
            return node
        name, rest = way[0], way[1:]
        if name not in node:
            raise Refused(400, f"This property cannot be expanded ({name}).")
        inner = node[name]
        if isinstance(inner, str):
            if name not in EXPANDABLE:
                raise Refused(400, f"This property cannot be expanded ({name}).")
            inner = self.store.get(EXPANDABLE[name], inner)
        return {**node, name: self._expand(inner, rest)}


def _matches(one: Object, name: str, value: Any) -> bool:
    match name:
        case "lookup_keys":
            return one["lookup_key"] in value
        case "payment":
            return bool(one["payment"].get("payment_intent") == value.get("payment_intent"))
        case "price":
            return any(item["price"]["id"] == value for item in one["items"]["data"])
        case "event_name" | "customer" | "charge" | "invoice" | "product" | "email":
            return bool(one.get(name) == value)
        case "subscription":
            parent = one.get("parent") or {}
            return bool(parent.get("subscription_details", {}).get("subscription") == value)
    raise Refused(400, f"The fake cannot filter by {name}.")
