"""From the limit to Premium and back, in a real browser, with a Stripe to click through."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.test_drawing import DONE, draw
from tests.fakes.stripe_server import StripeServer, stripe_running
from tests.fakes.stripe_server.server import KEY, SECRET
from tests.running_site import RunningSite, running_site

pytestmark = [pytest.mark.alone, pytest.mark.browser]

DAY = 24 * 3600
ALICE = """
import sys, django; django.setup()
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
from billing.models import HouseAd
HouseAd.objects.create(name="crayons", headline="Real crayons", target="https://a.example/")
alice = User.objects.create_user("alice", "alice@example.org")
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(alice.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = alice.get_session_auth_hash()
session.save()
print(session.session_key)
"""
CHORES = """
import django; django.setup()
from billing import inbox
inbox.find_customers(); inbox.read_wanted()
"""
LAST_JOB = """
import django; django.setup()
from generation.models import Job
job = Job.objects.latest("created"); print(job.tier, job.user.username)
"""


@dataclass
class Premises:
    """The site, its Stripe, and what the browser asked for."""

    site: RunningSite
    stripe: StripeServer
    page: Page
    asked: list[str]

    def told(self) -> None:
        """Stripe sends its events, and the chores follow them."""
        assert set(self.stripe.deliveries.deliver(self._post)) <= {200}
        self.site.run("-c", CHORES)

    def _post(self, payload: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        sent = httpx.post(f"{self.site.url}/stripe/webhook", content=payload, headers=headers)
        return sent.status_code

    def drawn(self) -> str:
        """Draws a grid and returns its address once it is done."""
        self.page.goto("/")
        draw(self.page)
        self.page.wait_for_selector(DONE, state="attached", timeout=PATIENCE)
        return self.page.url

    def ads_on(self, address: str) -> int:
        """Opens a page and returns how many requests for ads it makes."""
        self.asked.clear()
        self.page.goto(address)
        self.page.wait_for_load_state("networkidle")
        return sum("/ads/" in one for one in self.asked)

    def picture(self, grid: str) -> bytes:
        return self.page.request.get(f"{grid}/0.webp").body()


@pytest.fixture
def premises(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    with stripe_running() as stripe:
        settings = {
            "CHECKPOINTS": "doodle", "STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": SECRET,
            "STRIPE_API_BASE": stripe.url, "SUPPORT_EMAIL": "help@example.org",
        }  # fmt: skip
        with running_site(tmp_path_factory.mktemp("premium"), **settings) as site:
            site.manage("billing_setup")
            site.manage("plan", "free", "per_day=1")
            key = site.run("-c", ALICE).split()[-1]
            site.start_web()
            site.start_worker("doodle")
            context = browser.new_context(
                base_url=site.url, viewport={"width": 1280, "height": 900}
            )
            context.set_default_timeout(PATIENCE)
            context.add_cookies([{"name": "sessionid", "value": key, "url": site.url}])
            page, asked = context.new_page(), []
            page.on("request", lambda request: asked.append(request.url))
            yield Premises(site, stripe, page, asked)
            context.close()


def test_from_the_limit_to_premium_and_back(premises: Premises) -> None:
    page = premises.page
    first = premises.drawn()
    expect(page.get_by_role("link", name="Real crayons")).to_be_visible()
    assert premises.ads_on(first) > 0
    marked = premises.picture(first)

    page.goto("/")
    draw_refused(page)
    page.get_by_role("link", name="See what each plan gives").click()
    page.get_by_role("button", name="Go Premium").click()
    page.wait_for_url("**/checkout/**")
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_role("button", name="Subscribe").click()
    page.wait_for_url("**/plans/return")
    expect(page.get_by_role("heading", name="Thank you. It is yours now.")).to_be_visible()
    premises.told()

    assert premises.ads_on(first) == 0  # the old grid is clean as well
    clean = premises.picture(first)
    assert clean != marked
    second = premises.drawn()
    assert premises.site.run("-c", LAST_JOB).split()[-2:] == ["1", "alice"]  # the first lane
    assert premises.ads_on(second) == premises.ads_on("/") == 0

    page.goto("/plans")
    page.get_by_role("button", name="Card and invoices").click()
    page.wait_for_url("**/portal/**")
    page.get_by_role("button", name="Cancel plan").click()
    page.get_by_role("link", name="Return to the site").click()
    premises.told()
    page.goto("/plans")
    expect(page.get_by_text("It is yours until")).to_be_visible()
    assert premises.ads_on(first) == 0
    assert premises.picture(first) == clean

    premises.stripe.lifecycle.advance(32 * DAY)
    premises.told()
    page.goto("/plans")
    expect(page.get_by_role("button", name="Go Premium")).to_be_visible()
    assert premises.ads_on(second) > 0
    assert premises.picture(first) == marked


def draw_refused(page: Page) -> None:
    """Asks for one grid too many."""
    page.get_by_label("Your prompt").fill("a cat")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("24 hours")
