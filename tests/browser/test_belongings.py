"""What somebody has drawn, in a real browser: found, thrown away, brought back, carried, shown."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from generation.site.history import LEAF
from tests.browser.conftest import PATIENCE
from tests.browser.test_drawing import PROMPT, draw, wait_until_done
from tests.running_site import RunningSite

pytestmark = pytest.mark.alone

Visit = Callable[..., Page]
MORE = LEAF + 6
DRAWS_MORE = """
import sys, django; django.setup()
from generation import services
from generation.models import Job
from generation.submission import GridRequest, submit
owner = Job.objects.get(pk=sys.argv[1]).visitor
for n in range(int(sys.argv[2])):
    services.cancel(submit(GridRequest(f"whale number {n}"), owner=owner))
"""
IN_SIGHT = "window.scrollTo(0, document.body.scrollHeight)"


@dataclass(frozen=True)
class Belongings:
    """A visitor with one grid to look at and many that were stopped."""

    grid: str
    cookies: Any


@pytest.fixture(scope="module")
def belongings(site: RunningSite, browser: Browser) -> Iterator[Belongings]:
    context = browser.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/")
    draw(page)
    wait_until_done(page)
    site.run("-c", DRAWS_MORE, page.url.rsplit("/", 1)[1], str(MORE - 1))
    yield Belongings(page.url, context.storage_state())
    context.close()


def test_a_long_history_is_scrolled_searched_thrown_away_and_brought_back(
    visit: Visit, belongings: Belongings
) -> None:
    page = visit(390, storage_state=belongings.cookies)
    page.get_by_role("link", name="My grids").first.click()
    grids = page.locator("#leaves > li")
    expect(grids).to_have_count(LEAF)
    page.wait_for_load_state()
    page.evaluate("window.notReloaded = true")
    page.evaluate(IN_SIGHT)
    expect(grids).to_have_count(MORE)
    expect(page.get_by_role("link", name="Older grids")).to_have_count(0)
    assert page.evaluate("window.notReloaded")

    page.get_by_label("Words in the prompt").fill("number 7 WHALE")
    page.get_by_role("button", name="Search").click()
    expect(grids).to_have_count(3)  # 7, 17 and 27
    for number in (7, 17):
        page.get_by_label(f"Choose “whale number {number}”").check()
    page.get_by_role("button", name="Delete the chosen").click()
    expect(page.get_by_text("2 grids are deleted.")).to_be_visible()
    expect(page.get_by_role("link", name="whale number 17")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 grids are back.")).to_be_visible()
    expect(page.get_by_role("link", name="whale number 17")).to_have_count(1)


def test_without_scripts_links_lead_through_it(visit: Visit, belongings: Belongings) -> None:
    page = visit(java_script_enabled=False, storage_state=belongings.cookies)
    page.goto("/mine")
    page.get_by_role("link", name="Older grids").click()
    expect(page.locator("#leaves > li")).to_have_count(MORE - LEAF)
    page.get_by_role("link", name="Newest grids").click()
    expect(page.locator("#leaves > li")).to_have_count(LEAF)


def test_a_code_carries_it_to_a_phone(visit: Visit, belongings: Belongings) -> None:
    desk = visit(storage_state=belongings.cookies)
    desk.goto("/mine/device")
    desk.get_by_role("button", name="Make a code").click()
    code = desk.locator(".code").inner_text()
    phone = visit(390, has_touch=True, is_mobile=True)
    phone.goto("/mine")
    expect(phone.get_by_role("heading", name="Nothing drawn yet")).to_be_visible()
    phone.get_by_role("link", name="See your grids on another device").tap()
    phone.get_by_label("The code that the other device shows").fill(code.lower())
    phone.get_by_role("button", name="Fetch the grids").tap()
    expect(phone.get_by_text(f"{MORE} grids are here now.")).to_be_visible()
    expect(phone.locator("#leaves > li")).to_have_count(LEAF)
    desk.goto(belongings.grid)
    expect(desk.get_by_role("link", name="Delete this grid")).to_be_visible()


def test_a_grid_is_saved_made_public_and_reported_by_a_stranger(
    visit: Visit, belongings: Belongings
) -> None:
    page = visit(storage_state=belongings.cookies)
    page.goto(belongings.grid)
    with page.expect_download() as card:
        page.get_by_role("link", name="Download all as one").click()
    assert card.value.suggested_filename.endswith(".jpg")
    page.get_by_text("Download one, or another format").click()
    page.locator("select[name=picture]").select_option(label="3")
    page.locator("select[name=format]").select_option(label="AVIF")
    with page.expect_download() as one:
        page.get_by_role("button", name="Download").click()
    assert one.value.suggested_filename.endswith("-3.avif")

    page.locator("summary", has_text="Who may see it").click()
    expect(page.get_by_role("radio", name="You alone")).to_be_disabled()
    page.get_by_role("radio", name="Everybody").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#facts")).to_contain_text("everybody")

    stranger = visit()
    stranger.goto(belongings.grid)
    expect(stranger.locator("meta[name=robots]")).to_have_count(0)
    expect(stranger.get_by_role("button", name="Draw again")).to_have_count(0)
    stranger.get_by_role("link", name="Draw this yourself").click()
    expect(stranger.get_by_label("Your prompt")).to_have_value(PROMPT)
    stranger.goto(belongings.grid)
    stranger.get_by_role("link", name="Report this grid").click()
    stranger.get_by_role("radio").last.check()
    stranger.get_by_label("Tell us more, if you like").fill("It is too yellow.")
    stranger.get_by_role("button", name="Send the report").click()
    expect(stranger.get_by_role("heading", name="Thank you")).to_be_visible()
