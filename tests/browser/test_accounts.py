"""Accounts, in a real browser: what was drawn comes along, and a passkey opens the door."""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE
from tests.browser.test_drawing import draw
from tests.running_site import RunningSite

pytestmark = pytest.mark.alone

Visit = Callable[..., Page]
CODE = re.compile(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})\n", re.MULTILINE)
"""A whole line: the end of what is written so far may be the middle of a code."""


def mailed_code(site: RunningSite, address: str) -> str:
    """The code in the last mail to somebody, which a fresh machine prints where the web logs."""
    deadline = time.monotonic() + PATIENCE / 1000
    mail = re.compile(rf"^To: {re.escape(address)}\n(?s:.*)", re.MULTILINE)
    while not (found := CODE.findall("".join(mail.findall(site.log("web"))))):
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.2)
    return found[-1]


def wait_for_scripts_of(page: Page, heading: str) -> None:
    """Waits for the page that a press leads to, and for its scripts: without them its forms prove
    nothing, and nobody hears its buttons.
    """
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    page.wait_for_load_state()


def test_a_visitor_draws_signs_up_and_finds_the_grid(visit: Visit, site: RunningSite) -> None:
    page = visit()
    draw(page, "a yellow boat")
    grid = page.url
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("link", name="Make one").click()
    wait_for_scripts_of(page, "Make an account")
    page.get_by_label("Email").fill("alice@example.org")
    page.get_by_label("Password").fill("a fox under a blue moon")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", name="Is this your address?")).to_be_visible()
    expect(page.get_by_text("EMAIL_URL")).to_be_visible()
    page.get_by_label("Code").fill(mailed_code(site, "alice@example.org"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Your last grids")).to_be_visible()
    page.goto(grid)
    expect(page.get_by_role("link", name="Delete this grid")).to_be_visible(timeout=PATIENCE)
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert "sessionid" in names
    assert "visitor" not in names


def test_a_passkey_makes_an_account_and_signs_in_again(visit: Visit, site: RunningSite) -> None:
    page = visit()
    chromium = page.context.new_cdp_session(page)
    chromium.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    chromium.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto("/account/signup/passkey/")
    page.get_by_label("Email").fill("bob@example.org")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Code").fill(mailed_code(site, "bob@example.org"))
    page.get_by_role("button", name="Confirm").click()
    wait_for_scripts_of(page, "Your passkey")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("link", name="Account")).to_be_visible()
    page.goto("/account")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").click()
    wait_for_scripts_of(page, "Sign in")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="Account")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_text("bob@example.org")).to_be_visible()
