"""What things cost: read from Stripe by lookup key, kept for the pages."""

from django.utils import timezone

from billing import gateway
from billing.models import Interval, Kind, Price

PREMIUM_MONTHLY, PREMIUM_YEARLY, API_GRID = "premium_monthly", "premium_yearly", "api_grid"
LOOKUP_KEYS = (PREMIUM_MONTHLY, PREMIUM_YEARLY, API_GRID)


def read() -> list[str]:
    """Reads the prices; returns the lookup keys that no usable price in Stripe carries.

    Raises:
        BillingError: Stripe could not be read; what was known stays.
    """
    now = timezone.now()
    found = [
        price
        for price in gateway.prices(list(LOOKUP_KEYS))
        if price.plan in Kind.values and price.interval in Interval.values
    ]
    for price in found:
        Price.objects.update_or_create(
            pk=price.lookup_key,
            defaults={
                "stripe_id": price.id,
                "kind": price.plan,
                "interval": price.interval,
                "amount": price.amount,
                "currency": price.currency,
                "read_at": now,
            },
        )
    names = {price.lookup_key for price in found}
    Price.objects.exclude(pk__in=names).delete()
    return [name for name in LOOKUP_KEYS if name not in names]


def known() -> dict[str, Price]:
    """Returns the prices by lookup key, as last read."""
    return Price.objects.in_bulk()


def missing() -> list[str]:
    """Returns the lookup keys of which no price is known."""
    there = known()
    return [key for key in LOOKUP_KEYS if key not in there]
