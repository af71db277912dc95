"""From a prompt to nine pictures, in a real browser with a real model behind it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.proofs import WAIT
from tests.browser.conftest import PATIENCE
from tests.running_site import RunningSite

pytestmark = pytest.mark.alone

Visit = Callable[..., Page]
PROMPT = "a red fox under a full moon"
GRID = re.compile(r"/g/[0-9a-f-]{36}$")
DONE = "#job[data-status=succeeded]"


def draw(page: Page, prompt: str = PROMPT) -> None:
    page.get_by_label("Your prompt").fill(prompt)
    page.get_by_role("button", name="Draw", exact=True).click()
    page.wait_for_url(GRID)


def wait_until_done(page: Page) -> None:
    page.wait_for_selector(DONE, state="attached", timeout=PATIENCE)
    expect(page.locator("img[data-position]")).to_have_count(9)


def pictures(page: Page) -> list[dict[str, Any]]:
    """What the browser made of each picture, once all are there and have come to rest."""
    page.evaluate(
        """Promise.all([
            ...[...document.querySelectorAll('img[data-position]')].map((image) => image.decode()),
            ...document.getAnimations().map((one) => one.finished.then(() => {}, () => {})),
        ])"""
    )
    return page.locator("img[data-position]").evaluate_all(  # type: ignore[no-any-return]
        """(images) => images.map((image) => ({
            position: image.dataset.position, alt: image.alt, width: image.naturalWidth,
            left: image.getBoundingClientRect().left, top: image.getBoundingClientRect().top,
        }))"""
    )


@dataclass(frozen=True)
class Drawn:
    """A grid that is there to look at, and what its owner's browser keeps."""

    address: str
    prompt: str
    cookies: Any


@pytest.fixture(scope="module")
def drawn(site: RunningSite, browser: Browser) -> Iterator[Drawn]:
    context = browser.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto("/")
    prompt = f"a cat on a blue background{' and a house' * 30}"
    draw(page, prompt)
    wait_until_done(page)
    yield Drawn(page.url, prompt, context.storage_state())
    context.close()


def test_a_prompt_becomes_nine_pictures_without_a_reload(visit: Visit) -> None:
    page = visit()
    draw(page)
    expect(page.locator(".frame")).to_have_count(9)
    assert_fits(page, 1280)
    page.evaluate("window.notReloaded = true")
    wait_until_done(page)
    assert page.evaluate("window.notReloaded")
    shown = pictures(page)
    assert [picture["position"] for picture in shown] == list("012345678")
    assert all(picture["alt"] == PROMPT and picture["width"] > 0 for picture in shown)
    assert len({round(picture["left"]) for picture in shown}) == 3
    assert len({round(picture["top"]) for picture in shown}) == 3


def test_the_address_shows_the_same_grid_later_and_to_somebody_else(
    visit: Visit, drawn: Drawn
) -> None:
    owner = visit(storage_state=drawn.cookies)
    expect(owner.get_by_role("link", name=drawn.prompt[:60]).first).to_be_visible()
    for page, buttons in ((owner, 1), (visit(), 0)):
        page.goto(drawn.address)
        assert len(pictures(page)) == 9
        expect(page.get_by_role("button", name="Draw again")).to_have_count(buttons)


def test_it_works_without_scripts(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    page.get_by_label("Your prompt").fill(PROMPT)
    page.get_by_role("button", name="Draw", exact=True).click()
    # Nothing did the sum that a newcomer's browser does: waiting does instead.
    expect(page.get_by_role("alert")).to_contain_text("seconds")
    page.wait_for_timeout(1000 * WAIT)
    page.get_by_role("button", name="Draw", exact=True).click()
    page.wait_for_url(GRID)
    page.wait_for_selector(DONE, state="attached")
    expect(page.locator("img[data-position]")).to_have_count(9)


def test_in_french_on_a_phone_by_night_from_a_draft_to_nine_pictures(visit: Visit) -> None:
    page = visit(
        390, has_touch=True, is_mobile=True, locale="fr-FR", color_scheme="dark",
        reduced_motion="reduce",
    )  # fmt: skip
    page.get_by_label("Votre description").fill("un renard rouge")
    page.locator("summary").first.tap()
    count = page.locator("select[name=count]")
    count.select_option("4")
    page.reload()
    expect(page.get_by_label("Votre description")).to_have_value("un renard rouge")
    expect(count).to_be_visible()
    expect(count).to_have_value("4")
    count.select_option("9")
    page.get_by_role("button", name="Dessiner", exact=True).tap()
    page.wait_for_url(GRID)
    wait_until_done(page)
    assert page.locator("html").get_attribute("lang") == "fr"
    assert all(picture["alt"] == "un renard rouge" for picture in pictures(page))
    expect(page.get_by_role("heading", name="Neuf images")).to_be_visible()
    page.goto("/")
    expect(page.get_by_label("Votre description")).to_have_value("")


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_phones_and_desks_by_day_and_by_night(
    visit: Visit, drawn: Drawn, width: int, scheme: str
) -> None:
    page = visit(width, color_scheme=scheme, storage_state=drawn.cookies)
    assert_fits(page, width)
    page.locator("summary").first.click()
    assert_fits(page, width)
    page.goto(drawn.address)
    assert_fits(page, width)
    columns = {round(picture["left"]) for picture in pictures(page)}
    assert len(columns) == 3
    page.get_by_role("link", name="Delete this grid").click()
    assert_fits(page, width)
    page.goto("/g/00000000-0000-0000-0000-000000000000")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    assert_fits(page, width)


def assert_fits(page: Page, width: int) -> None:
    page.wait_for_load_state()  # until its style sheets are there it has other sizes
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.locator("main a.button, main button, header a, summary").evaluate_all(
        "(all) => all.filter((one) => one.checkVisibility()"
        " && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"
    )
    assert small == []


def test_a_grid_is_drawn_again_and_deleted_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    page.get_by_label("Your prompt").focus()
    page.keyboard.type("a cat")
    page.keyboard.press("Enter")
    page.wait_for_url(GRID)
    wait_until_done(page)
    first = page.url
    press(page, "Draw again")
    assert GRID.search(page.url)
    assert page.url != first
    wait_until_done(page)
    press(page, "Delete this grid")
    press(page, "Delete it")
    expect(page.get_by_role("heading", name="This grid is deleted")).to_be_visible()
    press(page, "Bring it back")
    expect(page.locator("img[data-position]")).to_have_count(9)


def press(page: Page, name: str) -> None:
    """Goes to a link or button with Tab, sees that the focus shows, and presses Enter."""
    page.wait_for_load_state()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "({text: document.activeElement.textContent.trim(),"
            " outline: getComputedStyle(document.activeElement).outlineStyle})"
        )
        if focused["text"] == name:
            assert focused["outline"] != "none"
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    raise AssertionError(f"{name} cannot be reached with Tab")


def test_stopping_shows_at_once(visit: Visit, site: RunningSite) -> None:
    page = visit()
    site.pause_worker()  # else the grid may be done before it is stopped
    try:
        draw(page)
        page.get_by_role("button", name="Stop this grid").click()
        page.wait_for_selector("#job[data-status=cancelled]", state="attached")
        expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
    finally:
        site.resume_worker()


def test_an_edited_sample_outlives_a_reload_and_makes_way_for_another(visit: Visit) -> None:
    page = visit()
    prompt = page.get_by_label("Your prompt")
    page.goto("/?prompt=a%20red%20fox")
    prompt.fill("a red fox in a hat")
    page.reload()
    expect(prompt).to_have_value("a red fox in a hat")
    page.goto("/?prompt=a%20house")
    expect(prompt).to_have_value("a house")
    page.goto("/?prompt=a%20red%20fox")
    expect(prompt).to_have_value("a red fox")
    page.goto("/")
    expect(prompt).to_have_value("a red fox in a hat")


def test_a_refusal_keeps_what_was_typed(visit: Visit) -> None:
    page = visit()
    long = "x" * 1001
    page.get_by_label("Your prompt").fill(long)
    with page.expect_navigation() as went:
        page.get_by_role("button", name="Draw", exact=True).click()
    assert went.value.status == 400
    expect(page.get_by_role("alert")).to_contain_text("1001 characters")
    assert page.get_by_label("Your prompt").input_value() == long
