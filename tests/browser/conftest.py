"""A browser, and the site that it looks at: web, drawing worker, SQLite, files as the broker."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.running_site import RunningSite, running_site

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]
PATIENCE = 60_000
"""Milliseconds that a picture may take on a machine that does other things as well."""
expect.set_options(timeout=20_000)


@dataclass
class Complaints:
    """What the browser's console said, the reports of the content policy included."""

    heard: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> Page:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("requestfailed", self._failed)
        return page

    def _console(self, message: Any) -> None:
        # A page that is itself a 400, 404 or 410 is what its test asked for.
        of_the_page = message.location["url"] == message.page.url
        if message.type in ("error", "warning") and not of_the_page:
            self.heard.append(f"{message.location['url']}: {message.text}")

    def _failed(self, request: Any) -> None:
        # What is under way when a page is left, or a stream closed, is broken off on purpose.
        if request.failure != "net::ERR_ABORTED":
            self.heard.append(f"{request.url}: {request.failure}")


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The site as a fresh clone has it, with room for all that the tests draw."""
    folder = tmp_path_factory.mktemp("site")
    checkpoints = os.environ.get("CHECKPOINTS", "doodle")
    with running_site(folder, CHECKPOINTS=checkpoints, PROOF_OF_WORK="500") as made:
        made.manage("plan", "visitor", "in_flight=9", "per_minute=99", "per_day=999")
        made.manage("plan", "network", "in_flight=99", "per_minute=999", "per_day=9999")
        made.start_web()
        made.start_worker("doodle")
        yield made


@pytest.fixture(scope="package")
def signed_in(site: RunningSite) -> list[Any]:
    """The cookie of somebody with an account, in which nothing has been drawn yet."""
    session = site.signed_in("dora")
    return [{"name": "sessionid", "value": session, "url": site.url}]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all. It ends with this folder: its event loop runs in the tests' own thread,
    where those of other folders start theirs.
    """
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE)


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Whatever a page complains of fails its test."""
    made = Complaints()
    yield made
    assert made.heard == []


@pytest.fixture
def visit(
    site: RunningSite, browser: Browser, complaints: Complaints
) -> Iterator[Callable[..., Page]]:
    """Opens the first page in a browser of its own, as somebody who was never here."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(
            base_url=site.url, viewport={"width": width, "height": 844}, **options
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = complaints.listen(context.new_page())
        page.goto("/")
        return page

    yield opened
    for context in contexts:
        context.close()
