"""Stripe, as far as the site needs it: a real HTTP server on loopback for the official SDK.

It knows no parameter that the SDK's own typed dictionaries do not know, keeps idempotency keys,
expands, paginates, has a clock that tests advance, pages that a browser can click through, signed
webhooks, and faults by order.
"""

from tests.fakes.stripe_server.server import StripeServer, stripe_running

__all__ = ["StripeServer", "stripe_running"]
