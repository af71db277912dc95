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
CUT_OFF = """
    [...document.querySelectorAll("body *")].filter((one) => {
        if (!one.checkVisibility()) return false;
        if (one.matches("input, textarea, .unseen, .trap, .skip")) return false;
        const { left, right } = one.getBoundingClientRect();
        const style = getComputedStyle(one);
        const hides = style.overflowX !== "visible" && style.overflowX !== "auto";
        const beside = right > innerWidth + 1 || left < -1;
        return (hides && one.scrollWidth > one.clientWidth + 1)
            || (beside && !one.closest(".unseen, .trap, .skip, .wide-table, pre"));
    }).map((one) => one.outerHTML.slice(0, 120))
"""
UNSEEN_FOCUS = """
    (() => {
        const look = (one) => {
            const seen = [];
            for (let at = one; at && seen.length < 4; at = at.parentElement) {
                const { outline, boxShadow, borderColor, left } = getComputedStyle(at);
                seen.push([outline, boxShadow, borderColor, left]);
            }
            return JSON.stringify(seen);
        };
        const stops = "a[href], button, input:not([type=hidden]), select, textarea, summary";
        return [...document.querySelectorAll(stops)].filter((one) => {
            if (!one.checkVisibility() || one.disabled || one.closest(".trap")) return false;
            document.activeElement.blur();
            const before = look(one);
            one.focus();
            return document.activeElement !== one || look(one) === before;
        }).map((one) => one.outerHTML.slice(0, 120));
    })()
"""
MODES["account"] = MODES["phone"]
"""Somebody with an account, on the pages about it."""

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
    context.set_default_timeout(PATIENCE)
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
    site: RunningSite, browser: Browser, grid: str, signed_in: list[Any], mode: str
) -> None:
    context = browser.new_context(base_url=site.url, **MODES[mode])
    if mode == "account":
        context.add_cookies(signed_in)
    context.set_default_timeout(PATIENCE)
    complaints = Complaints()
    page = complaints.listen(context.new_page())
    seen, wrong = set(), {}
    everybodys = [*addresses(), grid, f"{grid}/report", NOWHERE]
    own = [address for address in addresses() if address.startswith("/account")]
    for address in own if mode == "account" else everybodys:
        # A kept connection may be closed, for want of use, while the request is on its way.
        answer = context.request.get(address, max_retries=2)
        shown = answer.url.split("?")[0]
        if "text/html" not in answer.headers.get("content-type", "") or shown in seen:
            continue
        if answer.status in (404, 405) and address != NOWHERE:
            continue  # a button, or an answer to a question
        seen.add(shown)
        if found := faults(page, shown, MODES[mode], complaints):
            wrong[address] = found
    context.close()
    assert len(seen) > 10
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
    if "reduced_motion" in mode and page.evaluate("document.getAnimations().length"):
        found.append("moves, although nothing should")
    found += [f"cuts off {what}" for what in page.evaluate(CUT_OFF)]
    page.keyboard.press("Tab")  # from now on the browser shows the focus wherever it goes
    found += [f"shows no focus on {what}" for what in page.evaluate(UNSEEN_FOCUS)]
    if "forced_colors" not in mode:
        found += violations(page)
    return found + complaints.heard


def violations(page: Page) -> list[str]:
    """What axe-core finds, with the first elements of which it is true."""
    return [
        f"{found['id']}: {found['help']}: {[node['html'][:120] for node in found['nodes'][:3]]}"
        for found in Axe().run(page).response["violations"]
    ]
