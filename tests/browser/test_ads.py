"""Ads in a real browser: Google's wait for a yes and stay where they may be, and nothing moves."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE, Complaints
from tests.browser.test_drawing import DONE, draw
from tests.running_site import RunningSite

pytestmark = [pytest.mark.alone, pytest.mark.browser]

SETTINGS = {
    "ADSENSE_CLIENT": "ca-pub-1234567890123456",
    "ADSENSE_SLOT": "1234567890",
    "ADSENSE_CONSENT": "google",
}
HOUSE_AD = """
from billing.models import HouseAd
HouseAd.objects.create(name="crayons", headline="Real crayons", target="https://a.example/")
"""
CLEARING_UP = """
import django; django.setup()
from billing.models import HouseAd
HouseAd.objects.all().delete()
"""
PUBLISHING = """
import sys, django; django.setup()
from generation.models import Job
Job.objects.filter(pk=sys.argv[1]).update(visibility="public")
"""
PLATFORM = """
(() => {
  const heard = [];
  let said = { gdprApplies: true, eventStatus: "cmpuishown", purpose: { consents: {} } };
  window.__tcfapi = (command, version, listener) => { heard.push(listener); listener(said, true); };
  window.say = (news) => {
    said = { ...said, ...news };
    heard.forEach((tell) => tell(said, true));
  };
})();
"""
FILLING = """
for (const place of document.querySelectorAll("ins.adsbygoogle")) {
  const frame = document.createElement("iframe");
  const ask = `npa=${window.adsbygoogle.requestNonPersonalizedAds}&slot=${place.dataset.adSlot}`;
  frame.src = `https://googleads.g.doubleclick.net/pagead/ads?${ask}`;
  place.style.height = "280px";
  place.append(frame);
}
"""
GOOGLE = {
    "https://fundingchoicesmessages.google.com/**": ("text/javascript", PLATFORM),
    "https://pagead2.googlesyndication.com/**": ("text/javascript", FILLING),
    "https://googleads.g.doubleclick.net/**": ("text/html", "<!doctype html><p>An ad"),
}
WHOLE_YES = {"1": True, "3": True, "4": True}
SHIFTS = """
window.shifts = [];
const part = ({ node }) => (node instanceof Element ? node : node?.parentElement);
// What a script shows beside the pictures is no ad's doing.
const moved = (one) => one.sources.map(part).filter((found) => found && !found.closest(".side"));
new PerformanceObserver((list) => list.getEntries().forEach((one) => {
  shifts.push(...moved(one).map((found) => [one.value, found.outerHTML.slice(0, 80)]));
})).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Sold:
    """A site whose places Google fills, with a public grid on it."""

    url: str
    subscriber: str
    """The session of somebody who pays."""
    public: str
    unlisted: str
    site: RunningSite

    def publish(self, address: str) -> None:
        self.site.run("-c", PUBLISHING, address.rsplit("/", 1)[1])


@dataclass
class Looking:
    """A page, and the hosts that it asked besides our own."""

    page: Page
    asked: list[str]

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(one).hostname or "" for one in self.asked}

    @property
    def googles(self) -> Locator:
        """The ad that Google put into its place."""
        return self.page.frame_locator("ins iframe").get_by_text("An ad")

    def scroll_to_the_place(self) -> None:
        """Shows the place of the ad, even if it is exchanged at this moment for one with an ad."""
        self.page.locator(".ad").evaluate("(place) => place.scrollIntoView({ block: 'nearest' })")

    def say(self, **news: Any) -> None:
        """The consent platform tells what somebody answered."""
        self.page.evaluate("(news) => window.say(news)", news)
        self.page.wait_for_timeout(300)

    def shifts(self) -> Any:
        """What moved by itself, and how far."""
        return self.page.evaluate("window.shifts")


Look = Callable[..., Looking]


@pytest.fixture(scope="module")
def sold(site: RunningSite, browser: Browser) -> Iterator[Sold]:
    web = RunningSite(site.folder, {**SETTINGS, "CHECKPOINTS": "doodle", "PROOF_OF_WORK": "500"})
    grids = []
    for _ in range(2):
        page = browser.new_context(base_url=site.url).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto("/")
        draw(page)
        page.wait_for_selector(DONE, state="attached", timeout=PATIENCE)
        grids.append(urlsplit(page.url).path)
        page.context.close()
    # From here on nobody asks the site that all tests share, which remembers for a while what ads
    # there are: its pages would go on showing one that is gone.
    session = site.signed_in("subscriber", "premium", also=HOUSE_AD)
    try:
        web.start_web()
        made = Sold(web.url, session, *grids, site)
        made.publish(made.public)
        yield made
    finally:
        web.stop()
        site.run("-c", CLEARING_UP)


@pytest.fixture
def look(sold: Sold, browser: Browser, complaints: Complaints) -> Iterator[Look]:
    """Opens a page of the site as somebody who was never here."""
    opened = []

    def at(path: str, **options: Any) -> Looking:
        context = browser.new_context(
            base_url=sold.url, viewport={"width": 1280, "height": 900}, **options
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(SHIFTS)
        for address, (kind, body) in GOOGLE.items():
            context.route(
                address,
                lambda route, kind=kind, body=body: route.fulfill(content_type=kind, body=body),
            )
        looking = Looking(complaints.listen(context.new_page()), [])
        ours = urlsplit(sold.url).netloc
        context.on(
            "request",
            lambda request: (
                looking.asked.append(request.url)
                if urlsplit(request.url).netloc not in (ours, "")
                else None
            ),
        )
        opened.append(context)
        looking.page.goto(path)
        looking.page.wait_for_load_state("networkidle")
        return looking

    yield at
    for context in opened:
        context.close()


def ad_requests(looking: Looking) -> list[str]:
    return [urlsplit(one).query for one in looking.asked if "doubleclick" in one]


def test_google_is_asked_nothing_before_a_yes(sold: Sold, look: Look) -> None:
    looking = look(sold.public)
    assert looking.hosts == {"fundingchoicesmessages.google.com"}
    looking.say(eventStatus="useractioncomplete", purpose={"consents": {}})
    looking.say(eventStatus="useractioncomplete", purpose={"consents": {"3": True, "4": True}})
    assert looking.hosts == {"fundingchoicesmessages.google.com"}
    looking.say(purpose={"consents": {"1": True}})  # storage, and no profile
    expect(looking.googles).to_be_visible()
    assert ad_requests(looking) == ["npa=1&slot=1234567890"]
    assert looking.shifts() == []


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ({"eventStatus": "tcloaded", "purpose": {"consents": WHOLE_YES}}, "npa=0"),
        ({"gdprApplies": False}, "npa=1"),
    ],
)
def test_personal_ads_follow_a_whole_yes_alone(
    sold: Sold, look: Look, answer: dict[str, Any], asked: str
) -> None:
    looking = look(sold.public)
    looking.say(**answer)
    expect(looking.googles).to_be_visible()
    looking.say(**answer)
    assert ad_requests(looking) == [f"{asked}&slot=1234567890"]


@pytest.mark.parametrize("header", ["Sec-GPC", "DNT"])
def test_who_asks_to_be_left_alone_never_meets_google(sold: Sold, look: Look, header: str) -> None:
    looking = look(sold.public, extra_http_headers={header: "1"})
    looking.scroll_to_the_place()
    expect(looking.page.get_by_role("link", name="Real crayons")).to_be_visible()
    assert looking.hosts == set()


def test_a_subscriber_meets_no_ad_at_all(sold: Sold, look: Look) -> None:
    looking = look("/plans")
    cookie = {"name": "sessionid", "value": sold.subscriber, "url": sold.url}
    looking.page.context.add_cookies([cookie])
    for path in (sold.public, "/"):
        looking.page.goto(path)
        looking.page.wait_for_load_state("networkidle")
        expect(looking.page.locator(".ad")).to_have_count(0)
    assert looking.hosts == set()


def test_other_pages_have_neither_google_nor_its_policy(sold: Sold, look: Look) -> None:
    for path in ("/", sold.unlisted, "/plans", "/about"):
        assert look(path).hosts == set()
    ask = look("/").page.request
    policies = [ask.get(path).headers["content-security-policy"] for path in
                ("/", sold.unlisted, sold.public, sold.public)]  # fmt: skip
    assert ["strict-dynamic" in policy for policy in policies] == [False, False, True, True]
    assert "https:" not in policies[0] + policies[1]
    nonces = [re.findall("nonce-([^']+)", policy) for policy in policies[2:]]
    assert len(nonces[0]) == 1
    assert nonces[0] != nonces[1]


def test_who_waits_meets_no_google_and_nothing_moves_when_the_grid_is_there(
    sold: Sold, look: Look
) -> None:
    looking = look("/")
    page = looking.page
    assert page.locator(".ad").bounding_box() is not None
    sold.site.pause_worker()
    try:
        draw(page)
        sold.publish(page.url)
        place = page.locator(".ad")
        before = place.bounding_box()
        assert looking.hosts == set()
    finally:
        sold.site.resume_worker()
    page.wait_for_selector(DONE, state="attached", timeout=PATIENCE)
    expect(page.get_by_role("link", name="Real crayons")).to_be_visible()
    after = place.bounding_box()
    assert before is not None
    assert after is not None
    assert (before["height"], before["width"]) == (after["height"], after["width"])
    assert looking.hosts == set()


@pytest.mark.parametrize("width", [390, 1280])
def test_house_ads_move_nothing(sold: Sold, look: Look, width: int) -> None:
    for path in ("/", sold.unlisted):
        looking = look(path)
        looking.page.set_viewport_size({"width": width, "height": 900})
        looking.page.reload()
        looking.page.wait_for_load_state("networkidle")
        looking.scroll_to_the_place()
        expect(looking.page.get_by_role("link", name="Real crayons")).to_be_visible()
        assert looking.shifts() == [], path
