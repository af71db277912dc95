"""What happens at Stripe, in the words of the tests."""

from collections.abc import Callable
from dataclasses import dataclass

from django.test import Client, RequestFactory

from accounts.models import User
from billing import inbox, services
from billing.models import Customer
from billing.webhook import webhook
from tests.fakes.stripe_server import StripeServer
from tests.fakes.stripe_server.store import Object

DAY = 24 * 3600

DaysLater = Callable[[float], None]


@dataclass
class Shop:
    """Our prices at a Stripe, and what people do there."""

    stripe: StripeServer

    def price(self, lookup_key: str) -> str:
        """Returns the id of a price."""
        return str(self.stripe.store.all("price", lookup_key=lookup_key)[0]["id"])

    def customer(self, user: User, *, pays: bool = True) -> Customer:
        """Returns somebody known to Stripe, with a card that pays or does not."""
        made = self.stripe.store.add("customer", email=user.email, metadata={})
        self.stripe.store.cards[made["id"]] = pays
        return Customer.objects.create(user=user, stripe_id=made["id"])

    def subscribe(
        self, customer: Customer, lookup_key: str = "premium_monthly", trial_days: int = 0
    ) -> Object:
        """Returns a subscription begun now."""
        price = self.price(lookup_key)
        return self.stripe.lifecycle.subscribe(customer.stripe_id, price, trial_days=trial_days)

    def charge(self, customer: Customer) -> Object:
        """Returns the last charge that was paid."""
        return self.stripe.store.all("charge", customer=customer.stripe_id, paid=True)[0]

    def tell(self) -> list[int]:
        """Delivers what waits, in order; returns the answers' statuses."""
        return self.stripe.deliveries.deliver(post)

    def told(self) -> None:
        """Delivers what waits, and lets the chores follow it."""
        self.tell()
        inbox.find_customers()
        inbox.read_wanted()


def text_of(answer: object) -> str:
    """What a page says, on one line."""
    return " ".join(answer.content.decode().split())  # type: ignore[attr-defined]


def post(payload: bytes, signature: str) -> int:
    """Sends an event to the site, as Stripe does."""
    answer = Client().post(
        "/stripe/webhook", payload, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature
    )
    return answer.status_code


def straight(payload: bytes, signature: str) -> int:
    """The same past the middleware, which the others meet: ten thousand histories send very many
    events."""
    request = RequestFactory().post(
        "/stripe/webhook", payload, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature
    )
    return webhook(request).status_code


def plan_of(user: User) -> str:
    """Returns somebody's plan as it is now."""
    return str(User.objects.values_list("plan", flat=True).get(pk=user.pk))


def reconcile(customer: Customer) -> None:
    """Reads a customer as the hourly chore does."""
    services.wish(customer)
    services.sync_customer(customer)
