"""A grid that is watched while it is drawn, whatever becomes of page, stream and server."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PATIENCE, Complaints
from tests.browser.test_drawing import draw, wait_until_done
from tests.running_site import RunningSite, running_site

pytestmark = pytest.mark.alone

Visit = Callable[..., Page]

SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(one.value);
    }).observe({type: "layout-shift", buffered: true});
"""
SUBMITS = """
import django; django.setup()
from generation.submission import GridRequest, submit
print(submit(GridRequest(prompt="a red fox"), owner=None).pk)
"""
CLAIMS = """
import django; django.setup()
from generation import services
services.claim("easel", {"doodle": 9})
"""
CANCELS = """
import sys, django; django.setup()
from generation import services
from generation.models import Job
services.cancel(Job.objects.get(pk=sys.argv[1]))
"""
SHARES = """
    navigator.share = async ({ url }) => { document.documentElement.dataset.shared = url; };
"""
FOCUSED = "document.activeElement.querySelector('img')?.dataset.position"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_between_the_empty_frames_and_the_pictures(visit: Visit, width: int) -> None:
    page = visit(width)
    page.add_init_script(SHIFTS)
    draw(page)
    page.evaluate("window.notReloaded = true")
    wait_until_done(page)
    page.wait_for_timeout(300)
    assert page.evaluate("window.notReloaded")
    assert page.evaluate("window.shifts") == []


def test_reloaded_and_reopened_in_the_middle_it_goes_on_in_every_tab(visit: Visit) -> None:
    page = visit()
    draw(page)
    page.reload()
    other = page.context.new_page()
    other.goto(page.url)
    address = page.url
    page.close()
    again = other.context.new_page()
    again.goto(address)
    for tab in (other, again):
        wait_until_done(tab)


class TestAServerOfItsOwn:
    @pytest.fixture
    def own(self, tmp_path: Path) -> Iterator[RunningSite]:
        with running_site(tmp_path) as made:
            yield made

    def test_restarted_the_end_still_comes_and_what_was_typed_elsewhere_is_kept(
        self, own: RunningSite, browser: Browser
    ) -> None:
        web = own.start_web()
        context = browser.new_context(base_url=own.url)
        context.set_default_timeout(PATIENCE)
        page, other = context.new_page(), context.new_page()
        job = own.run("-c", SUBMITS).strip()
        page.goto(f"/g/{job}")
        page.evaluate("window.notReloaded = true")
        other.goto("/")
        other.evaluate("navigator.serviceWorker.ready.then(() => true)")
        other.get_by_label("Your prompt").fill("a boat in a bottle")
        web.send_signal(signal.SIGTERM)
        web.wait(timeout=30)

        other.reload()
        expect(other.get_by_role("heading", name="No connection")).to_be_visible()
        own.run("-c", CANCELS, job)
        own.start_web()
        stopped = page.get_by_role("heading", name="Stopped")
        expect(stopped).to_be_visible(timeout=2 * PATIENCE)
        assert page.evaluate("window.notReloaded")
        other.get_by_role("link", name="Try again").click()
        expect(other.get_by_label("Your prompt")).to_have_value("a boat in a bottle")
        context.close()

    def test_the_page_keeps_up_with_its_grid_and_leaves_open_what_is_read(
        self, own: RunningSite, browser: Browser
    ) -> None:
        own.start_web()
        context = browser.new_context(base_url=own.url)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        before, job = (own.run("-c", SUBMITS).strip() for _ in range(2))
        with page.expect_response("**/events"):
            page.goto(f"/g/{job}")
        page.evaluate("window.outcome = document.getElementById('outcome')")
        page.get_by_text("Why am I 2nd?").click()
        expect(page.get_by_text("is drawn before yours")).to_be_visible()

        own.run("-c", CANCELS, before)
        expect(page.get_by_text("Why must I wait?")).to_be_visible()
        expect(page.locator("#why")).to_have_attribute("open", "")
        own.run("-c", CLAIMS)
        expect(page.locator(".frame[data-state=drawing]")).to_have_count(9)
        own.run("-c", CANCELS, job)
        expect(page.get_by_role("heading", name="Stopped")).to_be_visible()
        assert page.evaluate("window.outcome === document.getElementById('outcome')")
        context.close()


def test_where_streams_are_blocked_the_page_asks(visit: Visit, complaints: Complaints) -> None:
    page = visit()

    def silent(route: Route) -> None:
        route.fulfill(status=200, headers={"Content-Type": "text/event-stream"}, body=":\n\n")

    page.route("**/events", silent)
    draw(page)
    page.evaluate("window.notReloaded = true")
    wait_until_done(page)
    assert page.evaluate("window.notReloaded")


def test_a_grid_deleted_in_another_tab_says_so_in_this_one(visit: Visit, site: RunningSite) -> None:
    page = visit()
    site.pause_worker()  # else the grid may be done, and its page listen no more
    try:
        with page.expect_response("**/events"):  # now it listens
            draw(page)
        other = page.context.new_page()
        other.goto(f"{page.url}/delete")
        other.get_by_role("button", name="Delete it").click()
        gone = page.get_by_role("heading", name="This grid is deleted")
        expect(gone).to_be_visible(timeout=PATIENCE)
    finally:
        site.resume_worker()


class TestTheGrid:
    @pytest.fixture
    def done(self, visit: Visit) -> Page:
        page = visit()
        draw(page)
        wait_until_done(page)
        return page

    def test_is_walked_through_and_enlarged_with_the_keyboard_alone(self, done: Page) -> None:
        done.locator(".enlarge").first.focus()
        for key, position in (
            ("ArrowRight", "1"), ("ArrowDown", "4"), ("End", "5"), ("ArrowDown", "8"),
            ("ArrowDown", "8"), ("Home", "6"), ("Control+Home", "0"), ("Control+End", "8"),
            ("ArrowUp", "5"), ("ArrowLeft", "4"),
        ):  # fmt: skip
            done.keyboard.press(key)
            assert done.evaluate(FOCUSED) == position, key
        assert done.locator("#job .frame [tabindex='0']").count() == 1
        done.keyboard.press("Enter")
        viewer = done.get_by_role("dialog", name="Picture 5 of 9")
        expect(viewer.locator("img")).to_have_attribute("src", f"{path_of(done)}/4.webp")
        done.keyboard.press("ArrowRight")
        expect(done.get_by_role("dialog", name="Picture 6 of 9")).to_be_visible()
        done.keyboard.press("End")
        expect(done.get_by_role("dialog", name="Picture 9 of 9")).to_be_visible()
        with done.expect_download() as saved:
            done.get_by_role("link", name="PNG").click()
        assert saved.value.suggested_filename.endswith("-9.png")
        done.keyboard.press("Escape")
        expect(done.get_by_role("dialog")).to_have_count(0)
        expect(done.locator(".enlarge").last).to_be_focused()

    def test_is_swiped_through_on_a_phone_and_shared(self, done: Page, visit: Visit) -> None:
        phone = visit(
            390, has_touch=True, is_mobile=True, storage_state=done.context.storage_state()
        )
        phone.add_init_script(SHARES)
        phone.goto(done.url)
        phone.get_by_role("button", name="Share").tap()
        expect(phone.locator("html")).to_have_attribute("data-shared", done.url)
        phone.locator(".enlarge").first.tap()
        expect(phone.get_by_role("dialog", name="Picture 1 of 9")).to_be_visible()
        phone.get_by_role("button", name="Close").tap()
        expect(phone.get_by_role("dialog")).to_have_count(0)
        phone.locator(".enlarge").first.tap()
        expect(phone.get_by_role("dialog", name="Picture 1 of 9")).to_be_visible()
        # While the picture moves to its place, under a name, nothing on the page can be touched.
        expect(phone.locator("#viewer img")).to_have_css("view-transition-name", "none")
        swipe(phone, by=-200)
        expect(phone.get_by_role("dialog", name="Picture 2 of 9")).to_be_visible()
        swipe(phone, by=200)
        expect(phone.get_by_role("dialog", name="Picture 1 of 9")).to_be_visible()
        phone.get_by_role("button", name="Close").tap()
        expect(phone.get_by_role("dialog")).to_have_count(0)

    def test_its_link_is_copied(self, done: Page) -> None:
        done.context.grant_permissions(["clipboard-read", "clipboard-write"])
        # The button says so for two seconds. Here it does for good: a slow machine may miss them.
        done.evaluate("() => { window.setTimeout = () => {}; }")
        done.get_by_role("button", name="Copy link").click()
        expect(done.get_by_role("button", name="Link copied")).to_be_visible()
        assert done.evaluate("navigator.clipboard.readText()") == done.url


def path_of(page: Page) -> str:
    return "/g/" + page.url.rsplit("/", 1)[1]


def swipe(page: Page, *, by: int) -> None:
    """Draws a finger across the middle of the page."""
    touch = page.context.new_cdp_session(page)
    steps = [{"x": 195 + by * step / 4, "y": 400} for step in range(5)]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": steps[:1]})
    for step in steps[1:]:
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [step]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
