"""No secret of Stripe's is in a page, a log or an error, whatever Stripe itself says."""

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO

import pytest
import stripe
import structlog
from django.core import mail
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from billing import gateway, inbox, notices, services, tasks, usage
from billing.errors import BillingError, StripeRefused
from billing.models import Customer
from tests.billing.cast import DAY, Shop, reconcile
from tests.fakes.stripe_server.server import KEY, SECRET

pytestmark = pytest.mark.django_db

FAULTS = ("quote", "500", "429", "drop")
ASKED = (
    ("get", "/plans"), ("get", "/plans/return"), ("get", "/plans/change/premium_yearly"),
    ("post", "/plans/change/premium_yearly"), ("post", "/plans/checkout"),
    ("post", "/plans/portal"), ("post", "/plans/end/premium"), ("post", "/plans/cap"),
    ("post", "/stripe/webhook"), ("get", "/account/"), ("get", "/ads.txt"), ("get", "/nowhere"),
)  # fmt: skip
OWNERS = ("takings", "customer", "subscription", "stripeevent", "price", "notice", "gift")

Said = dict[str, str]


@dataclass
class Ears:
    """All that anybody can read after everything was asked under every fault."""

    shop: Shop
    alice: User
    owner: Client
    caplog: pytest.LogCaptureFixture
    capfd: pytest.CaptureFixture[str]

    def everything(self) -> Said:
        customer = self.shop.customer(self.alice)
        self.shop.subscribe(customer)
        self.shop.told()
        said = {
            "pages": "".join(self.pages()),
            "commands": self.commands(),
            "errors": "".join(self.errors(customer)),
        }
        self.chores()
        out, err = self.capfd.readouterr()
        said["logs"] = self.caplog.text + out + err
        said["mail"] = "".join(str(message.message()) for message in mail.outbox)
        return said

    @contextmanager
    def under(self, fault: str) -> Iterator[None]:
        """So many requests meet the fault as one click can make."""
        self.shop.stripe.faults.extend([fault] * 3)
        try:
            yield
        finally:
            self.shop.stripe.faults.clear()

    def pages(self) -> Iterator[str]:
        browser = Client(raise_request_exception=False)
        browser.force_login(self.alice)
        for fault in FAULTS:
            for method, path in ASKED:
                with self.under(fault):
                    now = str(int(time.time()))
                    sent = {"price": "api_grid", "key": "k", "ends": "1", "shown": now}
                    answer = getattr(browser, method)(path, sent)
                yield f"{answer.content.decode()} {answer.headers}"
        for page in OWNERS:
            yield self.owner.get(f"/admin/billing/{page}/").content.decode()

    def commands(self) -> str:
        out = StringIO()
        for name in ("billing_setup", "billing_doctor"):
            try:
                with self.under("quote"):
                    call_command(name, stdout=out, stderr=out)
            except CommandError as error:
                out.write(str(error))
        return out.getvalue() + str(run_checks())

    def errors(self, customer: Customer) -> Iterator[str]:
        for do in (lambda: reconcile(customer), usage.reconcile_sums,
                   lambda: services.close_account(self.alice)):  # fmt: skip
            try:
                with self.under("quote"):
                    do()
            except BillingError:
                yield traceback.format_exc()

    def chores(self) -> None:
        for chore in (tasks.look, tasks.reconcile_usage, inbox.read_wanted):
            with self.under("quote"):
                chore()
        self.shop.stripe.lifecycle.advance(32 * DAY)
        self.shop.told()
        notices.send_owed()


@pytest.fixture
def ears(
    shop: Shop, alice: User, admin_client: Client,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> Ears:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    return Ears(shop, alice, admin_client, caplog, capfd)


def secret_in(said: Said) -> set[str]:
    return {where for where, text in said.items() if KEY in text or SECRET in text}


def test_no_secret_is_in_a_page_a_log_or_an_error(ears: Ears) -> None:
    said = ears.everything()
    assert secret_in(said) == set()
    assert "whsec_" not in said["pages"] + said["logs"] + said["errors"]
    assert "stripe.failed" in said["logs"]
    assert "Nothing was charged" in said["pages"]
    assert "StripeRefused" in said["errors"]


@pytest.mark.gives_away
def test_a_careless_site_is_caught(ears: Ears, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def careless(what: str) -> Iterator[stripe.StripeClient]:
        try:
            yield gateway.client()
        except stripe.StripeError as error:
            structlog.get_logger("billing").warning("stripe.failed", what=what, error=str(error))
            raise StripeRefused(str(error)) from error

    monkeypatch.setattr(gateway, "calling", careless)
    monkeypatch.setattr(BillingError, "message", property(str))
    assert secret_in(ears.everything()) >= {"pages", "logs", "errors", "commands"}
