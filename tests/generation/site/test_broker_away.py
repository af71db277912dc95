"""Nobody who draws has to wait for a broker that is away."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.running_site import running_site

pytestmark = pytest.mark.alone

PATIENCE = 20.0
"""Seconds in which an answer must come: far less than what a broker may stay away."""


@pytest.fixture(params=["refuses", "is silent"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a port where nobody listens, or where somebody does and says nothing."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        if request.param == "is silent":
            listener.listen(100)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_submits_are_answered_while_the_broker_is_away(tmp_path: Path, broker: str) -> None:
    with running_site(tmp_path, CELERY_BROKER_URL=broker) as site:
        site.manage("plan", "visitor", "in_flight=9", "per_minute=9")
        site.start_web()
        with httpx.Client(base_url=site.url, timeout=PATIENCE) as browser:
            browser.get("/")
            sent = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
            for prompt in ("a red fox", "a blue fox", "a green fox"):
                answer = browser.post("/", data=sent | {"prompt": prompt})
                assert answer.status_code == 303
                assert browser.get(answer.headers["location"]).status_code == 200
        assert "doorbell.silent" in site.log("web")
