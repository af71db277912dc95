"""One site of real processes for all tests of the API: web, a drawing worker, a tiny checkpoint."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.faults.manifest import tiny_manifest
from tests.running_site import RunningSite, running_site

PLANS = {
    "api": ("in_flight=400", "per_minute=9000", "per_day=90000"),
    "free": ("in_flight=400", "per_minute=9000", "per_day=90000", "largest_side=512"),
    "premium": ("in_flight=400", "per_minute=9000", "per_day=90000"),
}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The site, with room for all that the tests ask for."""
    folder = tmp_path_factory.mktemp("api")
    manifest = tiny_manifest(tmp_path_factory.mktemp("checkpoint"))
    environment = {
        "CHECKPOINTS": str(manifest), "FREE_WAIT_LIMIT": "100000", "OMP_NUM_THREADS": "1",
        "GATEWAY_LIMIT": "4", "LOG_LEVEL": "debug",
    }  # fmt: skip
    with running_site(folder, **environment) as made:
        for plan, limits in PLANS.items():
            made.manage("plan", plan, *limits)
        made.start_web()
        made.start_worker("tiny")
        yield made


@pytest.fixture(scope="session")
def make_key(site: RunningSite) -> Callable[..., str]:
    """Makes a key for an account, which is made as well if need be."""

    def made(email: str = "alice@example.org", *words: str) -> str:
        return site.manage("apikey", email, "--create", *words).strip()

    return made


@pytest.fixture(scope="session")
def key(make_key: Callable[..., str]) -> str:
    """Alice's live key."""
    return make_key()


@pytest.fixture(scope="session")
def test_key(make_key: Callable[..., str]) -> str:
    """Alice's test key."""
    return make_key("alice@example.org", "--test")


@pytest.fixture
def api(site: RunningSite, key: str) -> Iterator[httpx.Client]:
    """Alice's program."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=60) as client:
        yield client
