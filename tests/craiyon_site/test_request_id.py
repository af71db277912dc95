"""One id from the click to the picture, and no secret on the way."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

log = structlog.get_logger("test")


def draws(request: HttpRequest) -> HttpResponse:
    log.info("picture.asked", cookies=request.COOKIES, prompt="a private fox")
    logging.getLogger("driver").warning("slow: %s", "disk")
    return HttpResponse(structlog.contextvars.get_contextvars()["request_id"])


urlpatterns = [path("draws", draws)]


class Lines(io.StringIO):
    """What was logged, a line at a time."""

    def read_all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines that the site's own handler writes meanwhile."""
    written = Lines()
    handler = next(h for h in logging.getLogger().handlers if _is_ours(h))
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)


pytestmark = pytest.mark.urls(__name__)


def test_the_id_of_a_proxy_goes_through_to_every_line(client: Client, lines: Lines) -> None:
    answer = client.get("/draws", headers={"x-request-id": "proxy-0123456789"})
    assert answer.content == b"proxy-0123456789"
    assert answer["X-Request-Id"] == "proxy-0123456789"
    written = lines.read_all()
    assert {line["event"] for line in written} == {"picture.asked", "slow: disk", "request"}
    assert {line["request_id"] for line in written} == {"proxy-0123456789"}


def test_every_request_has_an_id_of_its_own(client: Client) -> None:
    first, second = client.get("/draws")["X-Request-Id"], client.get("/draws")["X-Request-Id"]
    assert first != second


@pytest.mark.parametrize("forged", ["short", "x" * 65, 'a"},{"level":"none', "tab\there-it-is"])
def test_a_malformed_id_is_replaced(client: Client, forged: str) -> None:
    answer = client.get("/draws", headers={"x-request-id": forged})
    assert answer["X-Request-Id"] != forged


def test_no_line_holds_a_cookie_or_a_prompt(client: Client, lines: Lines) -> None:
    client.cookies["sessionid"] = "s3cr3t"
    client.get("/draws?token=s3cr3t")
    assert "s3cr3t" not in lines.getvalue()
    assert "private fox" not in lines.getvalue()
    assert len(lines.read_all()) == 3


def test_nothing_is_bound_after_the_answer(client: Client) -> None:
    client.get("/draws")
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_the_site_logs_json_unless_told_otherwise() -> None:
    assert settings.LOG_FORMAT == "json"
