"""Every page that anybody may open: on the narrowest phone, at night, in French, and at a desk.

One browser looks at all of them, and axe-core with it.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE, Complaints
from tests.running_site import RunningSite

pytestmark = pytest.mark.alone

MODES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 320, "height": 640},
        "color_scheme": "dark",
        "locale": "fr-FR",
        "reduced_motion": "reduce",
    },
    "desk": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light", "locale": "en"},
    # What a window of 1280 pixels is at 200%, in the colours of somebody who needs their own: the
    # system sees to those, and axe-core cannot.
    "zoomed": {
        "viewport": {"width": 640, "height": 400},
        "forced_colors": "active",
        "color_scheme": "dark",
        "locale": "fr-FR",
    },
}
NOWHERE = "/g/00000000-0000-0000-0000-000000000000"
NOT_PAGES = re.compile(r"^/(admin|api|static)/|\.\w+$")


def addresses() -> list[str]:
    """Every address of the site that needs no argument, the admin's and the API's left out."""
    found = sorted({f"/{address}" for address in _below(get_resolver().url_patterns, "")})
    return [address for address in found if not NOT_PAGES.search(address)]


def _below(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$\\Z")
        if re.search(r"[<(\[]", route):
            continue
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns, route)
        else:
            yield route


@pytest.fixture(scope="module")
def grid(site: RunningSite, browser: Browser) -> str:
    """The address of a finished grid of somebody else."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Your prompt").fill("a red fox under a full moon")
    page.get_by_role("button", name="Draw", exact=True).click()
    page.locator("img[data-position]").nth(8).wait_for(state="attached", timeout=PATIENCE)
    address = page.url.removeprefix(site.url)
    context.close()
    return address


@pytest.mark.parametrize("mode", MODES)
def test_every_page_can_be_read_and_used_by_everybody(
    site: RunningSite, browser: Browser, grid: str, mode: str
) -> None:
    context = browser.new_context(base_url=site.url, **MODES[mode])
    context.set_default_timeout(PATIENCE)
    complaints = Complaints()
    page = complaints.listen(context.new_page())
    seen, wrong = set(), {}
    for address in [*addresses(), grid, f"{grid}/report", NOWHERE]:
        answer = context.request.get(address)
        shown = answer.url.split("?")[0]
        if "text/html" not in answer.headers.get("content-type", "") or shown in seen:
            continue
        if answer.status in (404, 405) and address != NOWHERE:
            continue  # a button, or an answer to a question
        seen.add(shown)
        if found := faults(page, shown, MODES[mode], complaints):
            wrong[address] = found
    context.close()
    assert len(seen) > 12
    assert wrong == {}


def faults(page: Page, address: str, mode: dict[str, Any], complaints: Complaints) -> list[str]:
    """What is wrong with a page for whoever opens it so."""
    complaints.heard.clear()
    page.goto(address)
    found = []
    width = mode["viewport"]["width"]
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        found.append(f"is {wide} pixels wide")
    language = page.locator("html").get_attribute("lang")
    if language != mode["locale"][:2]:
        found.append(f"is in {language}")
    if "forced_colors" not in mode:
        found += violations(page)
    return found + complaints.heard


def violations(page: Page) -> list[str]:
    """What axe-core finds, with the first elements of which it is true."""
    return [
        f"{found['id']}: {found['help']}: {[node['html'][:120] for node in found['nodes'][:3]]}"
        for found in Axe().run(page).response["violations"]
    ]
