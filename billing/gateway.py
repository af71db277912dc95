"""Stripe, and the only importer of its SDK. Values of ours come out, and errors of ours.

No function here touches the database, and none may be called while a lock is held.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import stripe
import structlog
from django.conf import settings

from billing.errors import BillingOff, Forged, PaymentRefused, StripeAway, StripeRefused
from billing.standing import FAILING, Payment, Reading, Snapshot

log = structlog.get_logger(__name__)

CONNECT, ANSWER = 4, 12
"""Seconds that Stripe is waited for."""
RETRIES = 2
TOLERANCE = 300
"""Seconds; a signature that is older is not believed."""

PLAN, INTERVALS = "plan", ("month", "year")
"""The key of a price's metadata that says what it gives: lookup keys move to new prices."""

MARK = "asked"
"""The key of a Checkout page's metadata that says what it was made for."""

NOT_NOW = (stripe.APIConnectionError, stripe.RateLimitError)


@dataclass(frozen=True)
class Event:
    """What an event says of itself, and of whom it tells."""

    id: str
    type: str
    happened: datetime
    customer: str
    charge: str


@dataclass(frozen=True)
class PriceNow:
    """A price as Stripe has it."""

    id: str
    lookup_key: str
    plan: str
    interval: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Preview:
    """What a change would cost, in the smallest unit."""

    total: int
    """Below zero it is a credit."""
    due: int
    """What is left to pay of it after earlier credits."""
    currency: str


@dataclass(frozen=True)
class CheckoutPage:
    """A Checkout page that was made."""

    id: str
    url: str
    is_open: bool
    mark: str
    """Of what it was made for."""


def is_on() -> bool:
    """Returns whether there is a Stripe to talk to."""
    return bool(settings.STRIPE_SECRET_KEY)


def client() -> stripe.StripeClient:
    """Returns the SDK's client.

    Raises:
        BillingOff: no key is set.
    """
    if not is_on():
        raise BillingOff
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


@lru_cache(maxsize=4)
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else {},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=(CONNECT, ANSWER)),
    )


@contextmanager
def calling(what: str) -> Iterator[stripe.StripeClient]:
    """Yields the client, and turns its errors into ours. Its messages go to the log alone."""
    try:
        yield client()
    except stripe.StripeError as error:
        away = isinstance(error, NOT_NOW) or (error.http_status or 0) >= 500
        log.warning(
            "stripe.failed", what=what, kind=type(error).__name__, status=error.http_status,
            code=error.code, request=error.request_id,
        )  # fmt: skip
        declined = PaymentRefused if isinstance(error, stripe.CardError) else StripeRefused
        raise (StripeAway if away else declined)(f"{what}: {error.code or ''}") from None


def event_from(payload: bytes, signature: str) -> Event:
    """Returns a signed event.

    Raises:
        Forged: its signature is missing, wrong or too old, or it is of the other mode.
    """
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Forged
    try:
        stripe.WebhookSignature.verify_header(
            payload.decode(), signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE
        )
        event = json.loads(payload)
    except (ValueError, stripe.SignatureVerificationError):
        raise Forged from None
    if not isinstance(event, dict) or event.get("object") != "event":
        raise Forged
    if bool(event.get("livemode")) != ("_live_" in settings.STRIPE_SECRET_KEY):
        raise Forged
    about = event["data"]["object"]
    named = about.get("customer") or (about["id"] if about.get("object") == "customer" else "")
    return Event(
        id=event["id"],
        type=event["type"],
        happened=_moment(event["created"]),
        customer=_id(named),
        charge=_id(about.get("charge")) if about.get("object") == "dispute" else "",
    )


def new_customer(user_id: int, email: str, once: str) -> str:
    """Returns the id of a new customer; the same `once` never makes two within a day."""
    with calling("new_customer") as api:
        made = api.v1.customers.create(
            {"email": email, "metadata": {"user": str(user_id)}}, {"idempotency_key": once}
        )
    return made.id


def customer_of_charge(charge: str) -> str:
    """Returns the customer that a charge is of, or the empty text."""
    with calling("customer_of_charge") as api:
        return _id(api.v1.charges.retrieve(charge).customer)


def snapshot(customer: str) -> Snapshot:
    """Returns all that Stripe says about a customer; one deleted there has nothing."""
    with calling("snapshot") as api:
        owned = api.v1.subscriptions.list({"customer": customer, "status": "all", "limit": 100})
        readings = [_reading(api, one.to_dict()) for one in owned.auto_paging_iter()]
        charges = api.v1.charges.list({"customer": customer, "limit": 100})
        troubled = [
            payment
            for charge in charges.auto_paging_iter()
            if charge.refunded or charge.disputed
            for payment in _payments(api, charge)
        ]
    return Snapshot([reading for reading in readings if reading is not None], troubled)


def _reading(api: stripe.StripeClient, one: dict[str, Any]) -> Reading | None:
    """None for what is not ours: an account of Stripe's may sell other things as well."""
    for item in one["items"]["data"]:
        price = item["price"]
        if plan := plan_of(price["metadata"]):
            return Reading(
                id=one["id"],
                kind=plan,
                interval=price["recurring"]["interval"],
                item=item["id"],
                price=price["id"],
                amount=_amount(price),
                currency=price["currency"],
                status=one["status"],
                period_start=_moment(item["current_period_start"]),
                period_end=_moment(item["current_period_end"]),
                ends=bool(one["cancel_at_period_end"] or one["cancel_at"]),
                trial_end=_moment(one["trial_end"]) if one["trial_end"] else None,
                unpaid_since=_unpaid_since(api, one["id"]) if one["status"] in FAILING else None,
            )
    return None


def _unpaid_since(api: stripe.StripeClient, subscription: str) -> datetime | None:
    unpaid = api.v1.invoices.list({"subscription": subscription, "status": "open", "limit": 100})
    written = [invoice.created for invoice in unpaid.auto_paging_iter()]
    return _moment(min(written)) if written else None


def _payments(api: stripe.StripeClient, charge: stripe.Charge) -> Iterator[Payment]:
    """What a troubled charge had paid for, by the invoices of its payment intent."""
    disputes: tuple[str, ...] = ()
    if charge.disputed:
        found = api.v1.disputes.list({"charge": charge.id, "limit": 100})
        disputes = tuple(dispute.status for dispute in found.auto_paging_iter())
    if not (intent := _id(charge.payment_intent)):
        return
    paid = api.v1.invoice_payments.list(
        {
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "expand": ["data.invoice"],
            "limit": 100,
        }
    )
    for payment in paid.auto_paging_iter():
        invoice = payment.to_dict()["invoice"]
        details = (invoice["parent"] or {}).get("subscription_details") or {}
        if subscription := _id(details.get("subscription")):
            yield Payment(
                subscription=subscription,
                invoiced=_moment(invoice["created"]),
                until=_paid_until(invoice),
                refunded=bool(charge.refunded),
                disputes=disputes,
            )


def _paid_until(invoice: dict[str, Any]) -> datetime:
    """By the lines: an invoice's own period is the one before. Credits pay for nothing."""
    lines = invoice["lines"]["data"]
    ends = [line["period"]["end"] for line in lines if line["amount"] > 0]
    return _moment(max(ends, default=invoice["created"]))


def prices(lookup_keys: list[str]) -> list[PriceNow]:
    """Returns the active prices that carry these lookup keys."""
    with calling("prices") as api:
        found = api.v1.prices.list({"lookup_keys": lookup_keys, "active": True, "limit": 100})
        return [
            PriceNow(
                id=price.id,
                lookup_key=price.lookup_key or "",
                plan=plan_of(price.metadata),
                interval=price.recurring.interval if price.recurring else "",
                amount=_amount(price),
                currency=price.currency,
            )
            for price in found.auto_paging_iter()
        ]


def checkout(params: Mapping[str, Any], mark: str, once: str) -> str:
    """Returns the address of a new Checkout page, which carries a mark of what it is for."""
    marked: Any = {**params, "metadata": {MARK: mark}}
    with calling("checkout") as api:
        made = api.v1.checkout.sessions.create(marked, {"idempotency_key": once})
    return made.url or ""


def checkouts(customer: str) -> list[CheckoutPage]:
    """Returns a customer's latest Checkout pages, newest first; none is open for over a day."""
    with calling("checkouts") as api:
        found = api.v1.checkout.sessions.list({"customer": customer, "limit": 100})
    return [
        CheckoutPage(
            id=page.id,
            url=page.url or "",
            is_open=page.status == "open",
            mark=_said(page.metadata, MARK),
        )
        for page in found.data
    ]


def close_checkouts(pages: Iterable[CheckoutPage]) -> None:
    """Closes those of the Checkout pages that are open: two tabs must not be paid twice."""
    for page in pages:
        if page.is_open:
            with calling("close_checkouts") as api:
                api.v1.checkout.sessions.expire(page.id)


def portal(customer: str, configuration: str, back: str) -> str:
    """Returns the address of the customer's portal, in which a configuration of ours holds."""
    with calling("portal") as api:
        made = api.v1.billing_portal.sessions.create(
            {"customer": customer, "configuration": configuration, "return_url": back}
        )
    return made.url


def preview(subscription: str, item: str, price: str, at: int) -> Preview:
    """Returns what a change of price would cost, by what is left of the period at a moment."""
    with calling("preview") as api:
        invoice = api.v1.invoices.create_preview(
            {
                "subscription": subscription,
                "subscription_details": {
                    "items": [{"id": item, "price": price}],
                    "proration_behavior": "always_invoice",
                    "proration_date": at,
                },
            }
        )
    return Preview(invoice.total, invoice.amount_due, invoice.currency)


def change(subscription: str, item: str, price: str, at: int, once: str) -> None:
    """Puts another price in place and has the difference paid now, as it was previewed.

    Raises:
        PaymentRefused: the bank did not pay, and nothing was changed.
    """
    with calling("change") as api:
        api.v1.subscriptions.update(
            subscription,
            {
                "items": [{"id": item, "price": price}],
                "proration_behavior": "always_invoice",
                "proration_date": at,
                "payment_behavior": "error_if_incomplete",
            },
            {"idempotency_key": once},
        )


def end_with_period(subscription: str, *, ends: bool) -> None:
    """Has a subscription end with its period, or go on after all."""
    with calling("end_with_period") as api:
        params: Any = {"cancel_at_period_end": ends}
        if not ends:  # it may have been told to end on a day, as the portal does
            told = api.v1.subscriptions.retrieve(subscription)
            if told.cancel_at and not told.cancel_at_period_end:
                params = {"cancel_at": ""}
        api.v1.subscriptions.update(subscription, params)


def end_now(subscription: str) -> None:
    """Ends a subscription at once, with a last invoice for what its meter holds."""
    with calling("end_now") as api:
        api.v1.subscriptions.cancel(subscription, {"invoice_now": True})


def send_usage(name: str, customer: str, identifier: str, value: int, at: datetime) -> None:
    """Sends a meter event. One that Stripe has had already counts as sent."""
    try:
        with calling("send_usage") as api:
            api.v1.billing.meter_events.create(
                {
                    "event_name": name,
                    "identifier": identifier,
                    "timestamp": int(at.timestamp()),
                    "payload": {"stripe_customer_id": customer, "value": str(value)},
                }
            )
    except StripeRefused as refused:
        cause = refused.__context__
        if not (isinstance(cause, stripe.StripeError) and "already exists" in str(cause)):
            raise


def used(meter: str, customer: str, start: datetime, end: datetime) -> int:
    """Returns what a meter of Stripe's holds for a customer between two whole minutes."""
    with calling("used") as api:
        sums = api.v1.billing.meters.event_summaries.list(
            meter,
            {
                "customer": customer,
                "start_time": int(start.timestamp()),
                "end_time": int(end.timestamp()),
                "limit": 100,
            },
        )
        return round(sum(one.aggregated_value for one in sums.auto_paging_iter()))


def plan_of(metadata: Any) -> str:
    """Returns what a price or a product gives; the empty text for what is not ours."""
    return _said(metadata, PLAN)


def _said(metadata: Any, key: str) -> str:
    return str(metadata[key]) if metadata and key in metadata else ""


def _amount(price: Any) -> Decimal:
    return Decimal(str(price["unit_amount_decimal"] or price["unit_amount"] or 0))


def _id(value: Any) -> str:
    """The id of what may be expanded."""
    return value if isinstance(value, str) else value["id"] if value else ""


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
