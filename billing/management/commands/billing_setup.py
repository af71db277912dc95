"""Makes what the site needs in an account of Stripe's."""

import re
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing import prices
from billing.account_at_stripe import Wanted, set_up
from billing.errors import BillingError, BillingOff
from billing.models import Interval, Kind


class Command(BaseCommand):
    help = (
        "Makes or corrects, in the Stripe account of STRIPE_SECRET_KEY: products, prices, the "
        "meter, the portal and the webhook endpoint. It can be run again."
    )
    requires_system_checks = []
    """It mends what the checks complain of."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--currency", default="eur")
        parser.add_argument("--monthly", type=int, default=600, help="cents a month of Premium")
        parser.add_argument("--yearly", type=int, default=6000, help="cents a year of Premium")
        parser.add_argument("--grid", type=int, default=2, help="cents a grid by the API")

    def handle(self, *_: Any, **asked: Any) -> None:
        currency = str(asked["currency"]).lower()
        if not re.fullmatch("[a-z]{3}", currency):
            raise CommandError("--currency is three letters, such as eur.")
        if min(asked["monthly"], asked["yearly"], asked["grid"]) < 1:
            raise CommandError("Prices are at least one cent.")
        wanted = [
            Wanted(prices.PREMIUM_MONTHLY, Kind.PREMIUM, Interval.MONTH, asked["monthly"]),
            Wanted(prices.PREMIUM_YEARLY, Kind.PREMIUM, Interval.YEAR, asked["yearly"]),
            Wanted(prices.API_GRID, Kind.API, Interval.MONTH, asked["grid"], metered=True),
        ]
        try:
            made = set_up(
                wanted, currency, settings.SITE_NAME, settings.SITE_URL,
                secret_kept=bool(settings.STRIPE_WEBHOOK_SECRET),
            )  # fmt: skip
        except BillingOff:
            raise CommandError("STRIPE_SECRET_KEY is missing: set it first.") from None
        except BillingError as error:
            raise CommandError(f"Stripe did not do it ({error}). Run it again.") from None
        for line in made.lines or ["Everything was there already."]:
            self.stdout.write(line)
        if made.secret:
            self._keep(made.secret)

    def _keep(self, secret: str) -> None:
        file = settings.STRIPE_WEBHOOK_FILE
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(secret, encoding="ascii")
        self.stdout.write(
            f"The endpoint's secret is kept in {file}. Other machines need it as "
            "STRIPE_WEBHOOK_SECRET. Restart the site."
        )
