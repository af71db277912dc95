"""Signed deliveries of events: in order, shuffled, doubled, late or never, as told."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.stripe_server.store import Object, Store

Post = Callable[[bytes, str], int]
"""Sends a payload with its signature and returns the status of the answer."""


def signed(payload: bytes, secret: str, at: int | None = None) -> str:
    """Returns the Stripe-Signature header of a payload."""
    moment = int(time.time()) if at is None else at
    text = f"{moment}.".encode() + payload
    return f"t={moment},v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


@dataclass
class Deliveries:
    """What of the events was sent to the site."""

    store: Store
    secret: str
    sent: int = 0

    def waiting(self) -> list[Object]:
        """Returns the events not sent yet, in order, and counts them as sent."""
        with self.store.lock:
            events = self.store.events[self.sent :]
            self.sent = len(self.store.events)
        return events

    def deliver(
        self,
        post: Post,
        *,
        chance: random.Random | None = None,
        doubled: float = 0.0,
        lost: float = 0.0,
    ) -> list[int]:
        """Sends what waits; with a chance the order is shuffled. Returns the answers' statuses."""
        events = self.waiting()
        if chance is not None:
            events = [event for event in events if chance.random() >= lost]
            events += [event for event in events if chance.random() < doubled]
            chance.shuffle(events)
        return [self.send(event, post) for event in events]

    def send(self, event: Object, post: Post) -> int:
        """Sends one event, signed now."""
        payload = json.dumps(event, indent=2).encode()
        return post(payload, signed(payload, self.secret))
