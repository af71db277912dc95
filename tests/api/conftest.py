"""One site of real processes for all tests of the API: web, a drawing worker, a tiny checkpoint."""

import base64
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests import secret_scan
from tests.faults.manifest import tiny_manifest
from tests.running_site import RunningSite, running_site

PLANS = {
    "api": ("in_flight=400", "per_minute=9000", "per_day=90000"),
    "free": ("in_flight=400", "per_minute=9000", "per_day=90000", "largest_side=512"),
    "premium": ("in_flight=400", "per_minute=9000", "per_day=90000"),
}
PATIENCE = 60.0
"""Seconds in which an answer comes that waits for no picture, on a machine that does much else."""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The site, with room for all that the tests ask for."""
    folder = tmp_path_factory.mktemp("api")
    manifest = tiny_manifest(
        tmp_path_factory.mktemp("checkpoint"),
        patient="steps = 500\nedits = false",
        strict="needs_check = true\nsizes = [[96, 64]]",
    )
    environment = {
        "CHECKPOINTS": str(manifest), "FREE_WAIT_LIMIT": "100000", "OMP_NUM_THREADS": "1",
        "GATEWAY_LIMIT": "4", "LOG_LEVEL": "debug", "IMAGE_CHECK": "tests.api.checks.squares_pass",
    }  # fmt: skip
    with running_site(folder, **environment) as made:
        for plan, limits in PLANS.items():
            made.manage("plan", plan, *limits)
        made.start_web()
        made.start_worker("tiny", "patient", "strict")
        yield made
        assert not leaked_by(made), "the logs hold secrets"


def leaked_by(site: RunningSite) -> list[str]:
    """The secrets in the logs of the processes: those made here, and those in the tables."""
    told = site.manage("shell", "--no-imports", "-c", SECRETS_IN_TABLES)
    for secret in told.split():
        secret_scan.note(secret)
    logs = [log.read_text(errors="replace") for log in site.folder.glob("*.log")]
    assert sum(map(len, logs)) > 10_000
    return secret_scan.leaks("\n".join(logs), secret_scan.known)


SECRETS_IN_TABLES = """
from django.conf import settings
from django.contrib.sessions.models import Session
from generation.models import Callback
print(settings.SECRET_KEY, *Session.objects.values_list("session_key", flat=True))
print(*Callback.objects.values_list("secret", flat=True))
"""


@pytest.fixture(scope="session")
def make_key(site: RunningSite) -> Callable[..., str]:
    """Makes a key for an account, which is made as well if need be."""

    def made(email: str = "alice@example.org", *words: str) -> str:
        text = site.manage("apikey", email, "--create", *words).strip()
        secret_scan.note(text)
        secret_scan.note(base64.b64encode(f"me:{text}".encode()).decode())
        return text

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
    with httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
def nobody_draws(site: RunningSite) -> Iterator[None]:
    """Stops the drawing worker while the test runs."""
    site.pause_worker()
    yield
    site.resume_worker()
