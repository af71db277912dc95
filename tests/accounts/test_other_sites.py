"""Signing in with an account of Google's or GitHub's: the whole dance, against a running site."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from tests.fakes.other_sites import CLIENT, SECRET, OtherSite, Person, other_site
from tests.running_site import RunningSite, running_site

pytestmark = pytest.mark.live

PROVIDERS = ("google", "github")
PATIENCE = 60.0
"""Seconds in which an answer comes, on a machine that does much else."""


@pytest.fixture(scope="module")
def there() -> Iterator[OtherSite]:
    with other_site() as site:
        yield site


@pytest.fixture(scope="module")
def site(there: OtherSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site whose pages offer both; nobody draws there."""
    environment = {"DJANGO_SETTINGS_MODULE": "tests.fakes.other_sites_settings",
                   "OTHER_SITE": there.url, "LOG_LEVEL": "debug"}  # fmt: skip
    for name in PROVIDERS:
        environment |= {f"{name.upper()}_CLIENT_ID": CLIENT,
                        f"{name.upper()}_CLIENT_SECRET": SECRET}  # fmt: skip
    with running_site(tmp_path_factory.mktemp("others"), **environment) as made:
        made.manage("plan", "network", "in_flight=99", "per_minute=999", "per_day=9999")
        made.start_web()
        yield made


@pytest.fixture(autouse=True)
def nobody(there: OtherSite) -> None:
    there.refuses = False


@pytest.fixture
def browser(site: RunningSite) -> Iterator[httpx.Client]:
    with a_browser(site) as client:
        yield client


def a_browser(site: RunningSite) -> httpx.Client:
    return httpx.Client(base_url=site.url, follow_redirects=True, timeout=PATIENCE)


def go(browser: httpx.Client, provider: str) -> httpx.Response:
    """Presses the button of another site, and returns the page where that ends."""
    page = browser.get(f"/account/{provider}/login/")
    return browser.post(f"/account/{provider}/login/", data=_hidden(page))


def draw(browser: httpx.Client, prompt: str) -> str:
    """Asks for a grid without an account, and returns its path."""
    sent = {**_hidden(browser.get("/")), "prompt": prompt}
    return browser.post("/", data=sent).url.path


def _hidden(page: httpx.Response) -> dict[str, str]:
    names = ("csrfmiddlewaretoken", "key")
    found = {name: re.search(rf'name="{name}" value="([^"]+)"', page.text) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def said(site: RunningSite, code: str) -> str:
    return site.manage("shell", "--no-imports", "-c", code).strip()


def owner_of(site: RunningSite, grid: str) -> str:
    job = grid.rpartition("/")[2]
    return said(
        site,
        "from generation.models import Job\n"
        f"job = Job.objects.get(pk={job!r}); print(job.user and job.user.email)",
    )


def is_nobody(browser: httpx.Client) -> bool:
    """Whether nobody is signed in, though perhaps asked for a code."""
    return browser.get("/account").url.path in ("/account/login/", "/account/confirm-email/")


CONFIRMED = """
from allauth.account.models import EmailAddress
from accounts.models import User
user = User.objects.get(email={address!r})
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


@pytest.mark.parametrize(("number", "provider"), list(enumerate(PROVIDERS, 10)))
def test_who_signs_up_finds_there_what_was_drawn_before(number, provider, site, there, browser):
    there.person = Person(number, f"{provider}@example.org")
    grid = draw(browser, "a fox before the account")
    assert owner_of(site, grid) == "None"
    page = go(browser, provider)
    assert page.status_code == 200
    assert page.url.host == "localhost"
    assert f"{provider}@example.org" in browser.get("/account").text
    assert owner_of(site, grid) == f"{provider}@example.org"
    assert "visitor" not in browser.cookies
    assert f"person{number}" in browser.get("/account/3rdparty/").text or provider == "google"
    assert ">Remove<" in browser.get("/account/3rdparty/").text
    with a_browser(site) as later:
        go(later, provider)
        assert f"{provider}@example.org" in later.get("/account").text
    count = f"User.objects.filter(email='{provider}@example.org').count()"
    assert said(site, f"from accounts.models import User; print({count})") == "1"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("verified", [True, False])
def test_an_address_that_has_an_account_here_is_not_taken_over(
    provider, verified, site, there, browser
):
    address = f"{provider}-{verified}@bob.example".lower()
    site.manage("apikey", address, "--create")
    said(site, CONFIRMED.format(address=address))
    there.person = Person(66, address, verified=verified)
    go(browser, provider)
    assert is_nobody(browser)
    linked = "SocialAccount.objects.filter(uid='66').count()"
    code = f"from allauth.socialaccount.models import SocialAccount; print({linked})"
    assert said(site, code) == "0"


def test_an_address_that_the_other_site_never_confirmed_is_confirmed_here(site, there, browser):
    there.person = Person(77, "unsure@example.org", verified=False)
    page = go(browser, "github")
    assert page.url.path == "/account/confirm-email/"
    assert is_nobody(browser)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_who_says_no_there_reads_so_here_and_finds_the_way_back(provider, there, browser):
    there.person = replace(there.person, id=88)
    there.refuses = True
    page = go(browser, provider)
    assert page.status_code == 200
    assert "You did not sign in" in page.text
    assert 'href="/account/login/"' in page.text
    assert is_nobody(browser)


def test_an_answer_that_nobody_asked_for_signs_nobody_in(browser):
    page = browser.get("/account/google/login/callback/?code=stolen&state=made-up")
    assert "did not work" in page.text
    assert is_nobody(browser)


def test_the_other_site_is_away(there, browser, monkeypatch):
    monkeypatch.setattr(there, "token", lambda *_: None)
    page = go(browser, "google")
    assert page.status_code < 500
    assert "did not work" in page.text


def test_the_logs_hold_neither_codes_nor_secrets(site, there):
    logs = site.log("web")
    assert "/account/google/login/callback/" in logs
    assert SECRET not in logs
    assert "?code=" not in logs
    assert not [token for token in there.tokens if token in logs]
