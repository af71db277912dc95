"""python -m benchmarks.pages: how soon and how calmly a page stands, on a phone and at a desk.

A site of its own as in production, and Chromium, held back as Lighthouse holds it back. Each
page is opened by somebody who was never here, with nothing in the cache.
"""

import argparse
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.drawing import drawn
from tests.running_site import RunningSite, running_site

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

# Layout shifts are added up over the whole visit, which is never less than the worst window of five
# seconds that Lighthouse counts; blocking is what long tasks take beyond 50 ms.
OBSERVES = """
    window.seen = {lcp: 0, cls: 0, blocked: 0};
    const observe = (type, note) => new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) note(entry);
    }).observe({type, buffered: true});
    observe("largest-contentful-paint", (entry) => (seen.lcp = entry.startTime));
    observe("layout-shift", (entry) => (seen.cls += entry.hadRecentInput ? 0 : entry.value));
    observe("longtask", (entry) => (seen.blocked += Math.max(0, entry.duration - 50)));
"""


@dataclass(frozen=True)
class Profile:
    """A device, and the line that it hangs on."""

    name: str
    width: int
    height: int
    density: float
    slower: float
    """Times that the processor is slowed down."""
    latency: float
    """Milliseconds added to each request."""
    kilobits: float
    """A second, down."""


PROFILES = (
    # Lighthouse's own, by its throttling in the browser: a middling phone on slow 4G, and a desk.
    Profile("phone", 412, 823, 1.75, slower=4, latency=562.5, kilobits=1474.56),
    Profile("desk", 1350, 940, 1, slower=1, latency=40, kilobits=10_240),
)


@dataclass(frozen=True)
class Visit:
    """What one opening of a page came to."""

    lcp: float
    """Milliseconds until the largest thing in sight was painted."""
    cls: float
    blocked: float
    """Milliseconds for which nothing could be pressed."""
    requests: int
    kilobytes: float


class Wire:
    """What comes over the line, as the browser counts it: compressed, with headers."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = self.requests = 0
        session.on("Network.loadingFinished", self._note)

    def _note(self, finished: dict[str, Any]) -> None:
        self.bytes += finished["encodedDataLength"]
        self.requests += 1


def visited(browser: Browser, address: str, profile: Profile) -> Visit:
    """Opens a page once, cold, and looks until all is quiet."""
    with opened(browser, profile) as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        wire = Wire(session)
        conditions = {
            "offline": False,
            "latency": profile.latency,
            "downloadThroughput": profile.kilobits * 1024 / 8,
            "uploadThroughput": profile.kilobits * 1024 / 16,
        }
        session.send("Network.emulateNetworkConditions", conditions)
        session.send("Emulation.setCPUThrottlingRate", {"rate": profile.slower})
        answer = page.goto(address, wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, f"{address}: {answer.status}"
        seen = page.evaluate("seen")
        return Visit(seen["lcp"], seen["cls"], seen["blocked"], wire.requests, wire.bytes / 1000)


@contextmanager
def opened(browser: Browser, profile: Profile) -> Iterator[Page]:
    """A page of somebody who was never here."""
    context = browser.new_context(
        viewport={"width": profile.width, "height": profile.height},
        device_scale_factor=profile.density,
        is_mobile=profile.name == "phone",
        has_touch=profile.name == "phone",
        service_workers="block",  # it fetches the offline page beside what is measured
    )
    try:
        context.set_default_timeout(120_000)
        context.add_init_script(OBSERVES)
        yield context.new_page()
    finally:
        context.close()


def measure(site: RunningSite, *, runs: int) -> None:
    """Prints the median visit of each page on each device."""
    grid = drawn(site, 1)[0][0]
    pages = {"front page": "/", "a grid": f"/g/{grid}", "pricing": "/plans", "about": "/about"}
    print(f"{'':7}{'page':12}{'LCP':>9}{'CLS':>8}{'blocked':>10}{'requests':>10}{'bytes':>10}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for profile in PROFILES:
            for name, path in pages.items():
                visited(browser, site.url + path, profile)  # what the site does but once is done
                found = [visited(browser, site.url + path, profile) for _ in range(runs)]
                print(row(profile, name, found), flush=True)
        browser.close()


def row(profile: Profile, name: str, visits: list[Visit]) -> str:
    """Returns a line of the table: medians, and of the layout shifts the worst."""
    return (
        f"{profile.name:7}{name:12}"
        f"{median(visit.lcp for visit in visits) / 1000:7.2f} s"
        f"{max(visit.cls for visit in visits):8.3f}"
        f"{median(visit.blocked for visit in visits):7.0f} ms"
        f"{median(visit.requests for visit in visits):10.0f}"
        f"{median(visit.kilobytes for visit in visits):7.0f} kB"
    )


def main() -> None:
    """Starts the site, measures, and stops it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="visits of which the median is shown")
    asked = parser.parse_args()
    settings = {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(60),
        "PROOF_OF_WORK": "5000",
        "LOG_LEVEL": "warning",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site(Path(folder), **settings) as site,
    ):
        site.manage("collectstatic", "--no-input", "--verbosity", "0")
        site.start_web()
        site.start_worker(os.environ.get("CHECKPOINTS", "doodle"))
        measure(site, runs=asked.runs)


if __name__ == "__main__":
    main()
