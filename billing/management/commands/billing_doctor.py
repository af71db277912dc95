"""Compares everybody with Stripe."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing import doctor, gateway
from billing.errors import BillingError


class Command(BaseCommand):
    help = "Compares every customer with Stripe; exits with an error where something differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="follow Stripe where it differs")

    def handle(self, *_: Any, **asked: Any) -> None:
        if not gateway.is_on():
            self.stdout.write("Billing is off: STRIPE_SECRET_KEY is not set.")
            return
        left, mended = 0, set()
        for finding in doctor.differences():
            self.stdout.write(f"{finding.customer}: {finding.said}")
            if asked["fix"]:
                try:
                    doctor.mend(finding.customer)
                    mended.add(finding.customer.pk)
                    continue
                except BillingError as error:
                    self.stdout.write(f"{finding.customer}: not mended: {error}")
            left += 1
        if left:
            raise CommandError(f"{left} differences are left.")
        self.stdout.write(f"{len(mended)} mended." if mended else "Everybody is as Stripe says.")
