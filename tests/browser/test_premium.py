"""From the limit to Premium and back, in a real browser, with a Stripe to click through."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import httpx
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.test_drawing import DONE, draw
from tests.fakes.stripe_server import StripeServer, stripe_running
from tests.fakes.stripe_server.server import KEY, SECRET
from tests.running_site import RunningSite, running_site

pytestmark = [pytest.mark.alone, pytest.mark.browser]

DAY = 24 * 3600
HOUSE_AD = """
from billing.models import HouseAd
HouseAd.objects.create(name="crayons", headline="Real crayons", target="https://a.example/")
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
    """The site, its Stripe, and what Alice's browser asked for."""

    site: RunningSite
    stripe: StripeServer
    browser: Browser
    page: Page
    asked: list[str]

    def told(self) -> None:
        """Stripe sends its events, and the chores follow them."""
        assert set(self.stripe.deliveries.deliver(self._post)) <= {200}
        self.site.run("-c", CHORES)

    def _post(self, payload: bytes, signature: str) -> int:
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        sent = httpx.post(
            f"{self.site.url}/stripe/webhook", content=payload, headers=headers,
            timeout=PATIENCE / 1000,
        )  # fmt: skip
        return sent.status_code

    def drawn(self) -> str:
        """Draws a grid and returns its address once it is done."""
        self.page.goto("/")
        draw(self.page)
        return self.done()

    def done(self) -> str:
        # The largest one takes longer, and others are drawn beside it.
        self.page.wait_for_selector(DONE, state="attached", timeout=2 * PATIENCE)
        return self.page.url

    def visit(self, address: str) -> None:
        """Opens a page and waits until it asks for nothing more."""
        self.page.goto(address)
        self.page.wait_for_load_state("networkidle")

    def visit_with_an_ad(self, address: str) -> None:
        """Opens a page and waits until it asks for an ad, which comes late: it is far down."""
        with self.page.expect_request("**/ads/**"):
            self.page.goto(address)

    def ads(self) -> int:
        """How many requests for ads were made so far."""
        return sum("/ads/" in one for one in self.asked)

    def picture(self, grid: str) -> Image.Image:
        """The first picture of a grid, as the site shows it to Alice."""
        # A kept connection may be closed, for want of use, while the request is on its way.
        answer = self.page.request.get(f"{grid}/0.png", max_retries=2)
        assert answer.status == 200
        return Image.open(BytesIO(answer.body())).convert("RGB")

    def stranger(self) -> BrowserContext:
        """Somebody who was never here."""
        context = self.browser.new_context(base_url=self.site.url)
        context.set_default_timeout(PATIENCE)
        return context

    def shown_to_a_stranger(self, grid: str) -> set[int]:
        """The statuses of a grid's page and of its first picture."""
        other = self.stranger()
        found = {other.request.get(address).status for address in (grid, f"{grid}/0.webp")}
        other.close()
        return found

    def large_and_private_before(self, others: int) -> str:
        """Draws the largest grid for Alice alone while others wait, who were there before her."""
        self.site.pause_worker()
        try:
            for _ in range(others):
                visitor = self.stranger().new_page()
                visitor.goto("/")
                draw(visitor)
                visitor.context.close()
            self.page.goto("/")
            self.page.get_by_text("More", exact=True).click()
            self.page.get_by_label("Size").select_option("512x512")
            self.page.get_by_label("Seen by").select_option("private")
            draw(self.page)
            expect(self.page.locator("details.more-said")).to_contain_text(f"{others} free grids")
            expect(self.page.locator("#news-place")).to_have_text("1st")
        finally:
            self.site.resume_worker()
        return self.done()


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
            key = site.signed_in("alice", also=HOUSE_AD)
            site.start_web()
            site.start_worker("doodle")
            context = browser.new_context(
                base_url=site.url, viewport={"width": 1280, "height": 900}
            )
            context.set_default_timeout(PATIENCE)
            context.add_cookies([{"name": "sessionid", "value": key, "url": site.url}])
            page = context.new_page()
            premises = Premises(site, stripe, browser, page, [])
            page.on("request", lambda request: premises.asked.append(request.url))
            yield premises
            context.close()


def test_from_the_limit_to_premium_and_back(premises: Premises) -> None:
    page = premises.page
    first = premises.drawn()
    expect(page.get_by_role("link", name="Real crayons")).to_be_visible()
    premises.visit_with_an_ad(first)
    marked = premises.picture(first)
    assert marked.size == (256, 256)

    page.goto("/")
    expect(large(page)).to_be_disabled()
    draw_refused(page)
    page.get_by_role("link", name="See what each plan gives").click()
    expect(page.locator(".plan.best")).to_contain_text("Up to 512 × 512 pixels")
    pay(page)
    expect(page.get_by_role("heading", name="Thank you. It is yours now.")).to_be_visible()

    premises.asked.clear()
    premises.told()
    premises.visit(first)
    clean = premises.picture(first)  # the old grid is clean as well
    assert differ_by_the_mark_alone(marked, clean)
    second = premises.large_and_private_before(others=2)
    assert premises.site.run("-c", LAST_JOB).split()[-2:] == ["1", "alice"]  # the first lane
    large_one = premises.picture(second)
    assert large_one.size == (512, 512)
    assert premises.shown_to_a_stranger(second) == {404}
    premises.visit("/")

    cancel_in_the_portal(page)
    premises.told()
    page.goto("/plans")
    expect(page.get_by_text("It is yours until")).to_be_visible()
    premises.visit(second)
    premises.drawn()  # beyond what is free in a day
    assert premises.picture(first) == clean
    assert premises.ads() == 0  # not one since she paid

    premises.stripe.lifecycle.advance(32 * DAY)
    premises.told()
    page.goto("/plans")
    expect(page.get_by_role("button", name="Go Premium")).to_be_visible()
    premises.visit_with_an_ad(first)
    assert premises.picture(first) == marked
    assert differ_by_the_mark_alone(premises.picture(second), large_one)
    assert premises.shown_to_a_stranger(second) == {404}  # a lapse exposes nothing
    page.goto("/")
    expect(large(page)).to_be_disabled()
    draw_refused(page)


def pay(page: Page) -> None:
    page.get_by_role("button", name="Go Premium, €6 a month").click()
    page.wait_for_url("**/checkout/**")
    page.get_by_label("Card number").fill("4242424242424242")
    page.get_by_role("button", name="Subscribe").click()
    page.wait_for_url("**/plans/return**")


def cancel_in_the_portal(page: Page) -> None:
    page.goto("/plans")
    page.get_by_role("button", name="Card and invoices").click()
    page.wait_for_url("**/portal/**")
    with page.expect_navigation():  # to a page with the same link
        page.get_by_role("button", name="Cancel plan").click()
    page.get_by_role("link", name="Return to the site").click()
    page.wait_for_url("**/plans")


def large(page: Page) -> Locator:
    return page.locator("option[value='512x512']")


def differ_by_the_mark_alone(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures are the same but for their lower right corner, where they are not."""
    box = ImageChops.difference(one, other).getbbox()
    return box is not None and box[0] > 0.4 * one.width and box[1] > 0.85 * one.height


def draw_refused(page: Page) -> None:
    """Asks for one grid too many."""
    page.get_by_label("Your prompt").fill("a cat")
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("24 hours")
