"""What the site needs in an account of Stripe's: made where it is missing, put right where it is
not, by one command that can be run again."""

from dataclasses import dataclass
from typing import Any

from billing import gateway, prices
from billing.errors import StripeRefused
from billing.models import Interval, Kind

METER = "craiyon_api_grids"
"""The event name of the meter."""

EVENTS = (
    "charge.dispute.closed", "charge.dispute.created", "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.refunded",
    "checkout.session.completed", "customer.deleted", "customer.subscription.created",
    "customer.subscription.deleted", "customer.subscription.paused",
    "customer.subscription.resumed", "customer.subscription.trial_will_end",
    "customer.subscription.updated", "invoice.paid", "invoice.payment_action_required",
    "invoice.payment_failed", "invoice.updated", "refund.created", "refund.updated",
)  # fmt: skip
"""Whatever may change what a customer has. Each only says: look."""


@dataclass(frozen=True)
class Wanted:
    """A price as it should be in Stripe."""

    lookup_key: str
    kind: Kind
    interval: Interval
    cents: int
    metered: bool = False


@dataclass(frozen=True)
class Made:
    """What a run found or did."""

    lines: list[str]
    secret: str
    """Of a webhook endpoint made just now; Stripe tells it only then."""


def set_up(
    wanted: list[Wanted], currency: str, site: str, address: str, *, secret_kept: bool
) -> Made:
    """Makes or corrects products, prices, the meter, the portal and the webhook endpoint.

    Args:
        wanted: the prices.
        currency: of all of them.
        site: what the products are called after.
        address: the site's own, to which Stripe sends events and people.
        secret_kept: whether the site has its endpoint's secret. Without it an endpoint that is
            there is made anew.

    Raises:
        BillingError: Stripe did not do it; what was done before stays, and the next run goes on.
    """
    lines: list[str] = []
    meter = _meter(site, lines)
    products = {kind: _product(kind, site, lines) for kind in Kind}
    priced = [(one, _price(one, products[one.kind], currency, meter, lines)) for one in wanted]
    switchable = [price for one, price in priced if one.kind == Kind.PREMIUM]
    _portal(products[Kind.PREMIUM], switchable, address, lines)
    prices.read()
    # Last: what failed after it would take the secret along.
    secret = _endpoint(f"{address}/stripe/webhook", lines, secret_kept=secret_kept)
    return Made(lines, secret)


def meter_id() -> str:
    """Returns the id of the meter in Stripe.

    Raises:
        StripeRefused: there is none: billing_setup was not run.
    """
    with gateway.calling("meters") as api:
        for meter in api.v1.billing.meters.list({"status": "active", "limit": 100}).data:
            if meter.event_name == METER:
                return meter.id
    raise StripeRefused("the meter is missing: run manage.py billing_setup")


def portal_id() -> str:
    """Returns the id of our configuration of the portal: an account's default is another one.

    Raises:
        StripeRefused: there is none: billing_setup was not run.
    """
    with gateway.calling("portal_configurations") as api:
        found = api.v1.billing_portal.configurations.list({"active": True, "limit": 100})
        for configuration in found.auto_paging_iter():
            if gateway.plan_of(configuration.metadata) == METER:
                return configuration.id
    raise StripeRefused("the portal is not configured: run manage.py billing_setup")


def _meter(site: str, lines: list[str]) -> str:
    try:
        return meter_id()
    except StripeRefused:
        with gateway.calling("meter") as api:
            made = api.v1.billing.meters.create(
                {
                    "display_name": f"{site}: grids by the API",
                    "event_name": METER,
                    "default_aggregation": {"formula": "sum"},
                    "customer_mapping": {
                        "type": "by_id", "event_payload_key": "stripe_customer_id",
                    },
                    "value_settings": {"event_payload_key": "value"},
                }
            )  # fmt: skip
    lines.append(f"made the meter {METER}")
    return made.id


def _product(kind: Kind, site: str, lines: list[str]) -> str:
    names = {Kind.PREMIUM: f"{site} Premium", Kind.API: f"{site} API"}
    with gateway.calling("product") as api:
        for product in api.v1.products.list({"active": True, "limit": 100}).auto_paging_iter():
            if gateway.plan_of(product.metadata) == kind:
                if product.name != names[kind]:
                    api.v1.products.update(product.id, {"name": names[kind]})
                    lines.append(f"renamed the product {names[kind]}")
                return product.id
        made = api.v1.products.create({"name": names[kind], "metadata": {gateway.PLAN: kind.value}})
    lines.append(f"made the product {names[kind]}")
    return made.id


def _price(one: Wanted, product: str, currency: str, meter: str, lines: list[str]) -> str:
    """A price in Stripe never changes: another amount is a new one, to which the key moves.

    Whoever subscribed at the old price keeps it.
    """
    for price in gateway.prices([one.lookup_key]):
        same = (price.plan, price.interval, price.currency) == (one.kind, one.interval, currency)
        if same and price.amount == one.cents:
            return price.id
    recurring: dict[str, Any] = {"interval": one.interval.value}
    if one.metered:
        recurring |= {"usage_type": "metered", "meter": meter}
    params: Any = {
        "product": product,
        "currency": currency,
        "unit_amount": one.cents,
        "recurring": recurring,
        "lookup_key": one.lookup_key,
        "transfer_lookup_key": True,
        "metadata": {gateway.PLAN: one.kind.value},
    }
    with gateway.calling("price") as api:
        made = api.v1.prices.create(params)
    lines.append(f"made the price {one.lookup_key}: {one.cents / 100:.2f} {currency}")
    return made.id


def _portal(product: str, switchable: list[str], address: str, lines: list[str]) -> None:
    """People see invoices, change cards and addresses, cancel at the end, resume, and switch."""
    features: Any = {
        "customer_update": {"enabled": True, "allowed_updates": ["address", "email", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
        "subscription_update": {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "proration_behavior": "always_invoice",
            "products": [{"product": product, "prices": switchable}],
        },
    }
    params: Any = {"features": features, "default_return_url": f"{address}/plans"}
    marked: Any = {**params, "metadata": {gateway.PLAN: METER}}
    try:
        known = portal_id()
    except StripeRefused:
        known = ""
    with gateway.calling("portal_configuration") as api:
        if known:
            api.v1.billing_portal.configurations.update(known, params)
        else:
            api.v1.billing_portal.configurations.create(marked)
    lines.append("updated the portal" if known else "made the portal")


def _endpoint(url: str, lines: list[str], *, secret_kept: bool) -> str:
    events: Any = [*EVENTS]
    with gateway.calling("webhook_endpoint") as api:
        found = api.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
        ours = [endpoint for endpoint in found if endpoint.url == url]
        if ours and secret_kept:
            if ours[0].status != "enabled" or set(ours[0].enabled_events) != set(EVENTS):
                params: Any = {"disabled": False, "enabled_events": events}
                api.v1.webhook_endpoints.update(ours[0].id, params)
                lines.append("put the webhook endpoint right: enabled, with our events")
            return ""
        for endpoint in ours:
            api.v1.webhook_endpoints.delete(endpoint.id)
            lines.append("deleted the webhook endpoint, whose secret is missing here")
        made = api.v1.webhook_endpoints.create({"url": url, "enabled_events": events})
    lines.append(f"made the webhook endpoint {url}")
    return made.secret or ""
