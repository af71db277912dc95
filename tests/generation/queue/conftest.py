"""Two made-up checkpoints, so that these tests depend on no real one's settings."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections

from generation.checkpoints import Checkpoint
from tests.generation.queue.cast import a_checkpoint


@pytest.fixture(autouse=True)
def checkpoints(monkeypatch: pytest.MonkeyPatch) -> dict[str, Checkpoint]:
    """The checkpoints on offer, the default first; a test may change them."""
    offered = {name: a_checkpoint(name) for name in ("ink", "oil")}
    monkeypatch.setattr("generation.catalogue.offered", lambda: offered)
    return offered


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is sent away for a long queue, where that is not the subject."""
    monkeypatch.setattr("django.conf.settings.FREE_WAIT_LIMIT", 10**9)


@pytest.fixture
def a_connection_each(transactional_db: None) -> Iterator[None]:
    """Contestants of a race connect by themselves: the site's pool lets a few in at a time."""
    options = connection.settings_dict["OPTIONS"]
    if "pool" not in options:
        yield
        return
    connections.close_all()
    connection.close_pool()
    before = dict(options)
    options.pop("pool")
    options["connect_timeout"] = 120  # a hundred are let in one after the other
    yield
    connections.close_all()
    options.update(before)
