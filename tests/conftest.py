"""What every test may ask for."""

import importlib
import os
from collections.abc import Generator, Iterator

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings

from tests import secret_scan
from tests.services import Postgres, Redis, running

# What Hypothesis would time by default is the machine, which does other things as well.
settings.register_profile(
    "any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def known_secrets() -> None:
    """From the first test on, every secret that is made is known to the scan."""
    secret_scan.watch()


@pytest.fixture(autouse=True)
def everybody_begins_in_english() -> Iterator[None]:
    """A request in French leaves its language behind, in the thread that all tests share."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def logs_without_secrets(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that logged a secret, at whatever level."""
    if not secret_scan.is_watched(request.node):
        yield
        return
    with secret_scan.recorded() as written:
        yield
    leaked = secret_scan.leaks(written.getvalue(), secret_scan.known)
    assert not leaked, f"{len(leaked)} secrets were logged"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a test that printed a secret."""
    report = yield
    if report.when == "teardown" and report.passed and secret_scan.is_watched(item):
        printed = report.capstdout + report.capstderr
        if leaked := secret_scan.leaks(printed, secret_scan.known):
            report.outcome, report.longrepr = "failed", f"{len(leaked)} secrets were printed"
    return report


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server: the one DATABASE_URL names, else one of our own."""
    named = os.environ.get("DATABASE_URL", "")
    if named.startswith("postgres"):
        yield named
        return
    with running(Postgres) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis server: the one CELERY_BROKER_URL names, else one of our own."""
    named = os.environ.get("CELERY_BROKER_URL", "")
    if named.startswith("redis"):
        yield named
        return
    with running(Redis) as server:
        yield server.url


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL server that the test may kill and start again."""
    with running(Postgres) as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    """A Redis server that the test may kill and start again, which empties it."""
    with running(Redis) as server:
        yield server


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether the fault suites run at their published counts rather than at a tenth."""
    return os.environ.get("CRAIYON_FULL") == "1"


@pytest.fixture(autouse=True)
def plans(request: pytest.FixtureRequest) -> None:
    """Puts the plans back, which the end of a test with real transactions takes away."""
    asked = {"db", "transactional_db", "django_db_setup"} & set(request.fixturenames)
    if asked or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        from django.contrib.contenttypes.models import ContentType  # noqa: PLC0415

        from accounts.models import Plan  # noqa: PLC0415

        # Their rows may have come back under other keys than those that are remembered.
        ContentType.objects.clear_cache()

        first = importlib.import_module("accounts.migrations.0002_plans").PLANS
        later = importlib.import_module("accounts.migrations.0006_api_rights").PLANS
        included = importlib.import_module("accounts.migrations.0008_monthly_grids").INCLUDED
        for name, columns in first.items():
            columns = columns | later.get(name, {})  # noqa: PLW2901
            if name in included:
                columns["monthly_grids"] = included[name]
            Plan.objects.get_or_create(name=name, defaults=columns)
