"""What a crowd asks for is rendered once every few seconds; nobody gets what is not for all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from pytest_django import Settings

from accounts.visitors import COOKIE
from craiyon_site import shared_answers
from craiyon_site.shared_answers import LARGEST_ANSWER, LARGEST_SHELF, shelf

Asked = Callable[..., Any]


@pytest.fixture(autouse=True)
def an_empty_shelf(settings: Settings) -> Iterator[None]:
    settings.SHARED_ANSWERS_SECONDS = 5
    shelf.clear()
    yield
    shelf.clear()


class Site:
    """A view that counts how often it is asked, behind the shelf."""

    def __init__(self, **headers: str) -> None:
        self.asked = 0
        self.headers = {"Cache-Control": "public, max-age=60", "ETag": '"1"'} | headers
        self.content = b"nine pictures"
        self.status = 200
        self._answers: Any = shared_answers.shared_answers(self._answer)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        self.asked += 1
        return HttpResponse(self.content, status=self.status, headers=self.headers)

    def get(self, path: str = "/g/1", *, cookies: str = "", **headers: str) -> Any:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        request = RequestFactory(headers={"Cookie": cookies, **said}).get(path)
        return shared_answers.from_shelf(request) or self._answers(request)


def test_a_crowd_costs_one_rendering() -> None:
    site = Site(Vary="Cookie, Accept-Language")
    first = site.get()
    crowd = [site.get() for _ in range(100)]
    assert site.asked == 1
    assert {answer.content for answer in crowd} == {first.content}
    assert crowd[-1]["ETag"] == '"1"'
    assert crowd[-1]["Age"] == "0"


def test_after_a_few_seconds_it_is_rendered_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    site, now = Site(), 1000.0
    monkeypatch.setattr("craiyon_site.shared_answers.time.monotonic", lambda: now)
    site.get()
    now += 4.9
    assert site.get()["Age"] == "4"
    assert site.asked == 1
    now += 0.1
    site.get()
    assert site.asked == 2
    assert site.get()["Age"] == "0"


def test_while_one_waits_for_a_new_answer_the_crowd_gets_the_last_one_for_as_long_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site, now, request = Site(), 1000.0, RequestFactory().get("/g/1")
    monkeypatch.setattr("craiyon_site.shared_answers.time.monotonic", lambda: now)
    site.get()
    now += 5
    assert shared_answers.from_shelf(request) is None
    for _ in range(3):
        assert shared_answers.from_shelf(request) is not None
    now += 4.9
    assert shared_answers.from_shelf(request)["Age"] == "9"  # type: ignore[index]
    now += 0.1
    for _ in range(3):
        assert shared_answers.from_shelf(request) is None


def test_who_has_it_already_is_not_sent_it_again() -> None:
    site = Site()
    site.get()
    answer = site.get(if_none_match='"1"')
    assert (answer.status_code, answer.content, site.asked) == (304, b"", 1)


@pytest.mark.parametrize("cookies", [f"{COOKIE}=x", "sessionid=x"])
def test_who_is_known_is_never_answered_from_the_shelf(cookies: str) -> None:
    site = Site()
    site.get()
    site.get(cookies=cookies)
    site.get(cookies=cookies)
    assert site.asked == 3


@pytest.mark.parametrize(
    "difference",
    [{"path": "/g/2"}, {"path": "/g/1?save"}, {"path": "/g/1?lang=fr"}, {"accept_language": "fr"},
     {"host": "localhost:1"}, {"cookies": "django_language=fr"}],
)  # fmt: skip
def test_another_request_gets_another_answer(difference: dict[str, str]) -> None:
    site = Site()
    site.get()
    site.get(**difference)
    assert site.asked == 2


def test_cookies_that_say_nothing_of_who_asks_do_not_matter() -> None:
    site = Site()
    site.get()
    site.get(cookies="csrftoken=x; consent=yes")
    assert site.asked == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "private, no-store"},
        {"Cache-Control": "no-store"},
        {"Cache-Control": ""},
        {"Vary": "Cookie, User-Agent"},
        {"Set-Cookie": "visitor=1"},
    ],
)
def test_what_is_not_for_everybody_is_not_kept(headers: dict[str, str]) -> None:
    site = Site(**headers)
    if cookie := headers.get("Set-Cookie"):
        plain = site._answer

        def with_cookie(request: HttpRequest) -> HttpResponse:
            response = plain(request)
            del response["Set-Cookie"]
            name, _, value = cookie.partition("=")
            response.set_cookie(name, value)
            return response

        site._answers = shared_answers.shared_answers(with_cookie)
    site.get()
    site.get()
    assert site.asked == 2


def test_errors_and_what_is_too_large_are_not_kept() -> None:
    for status, content in ((404, b"nothing"), (200, b"x" * (LARGEST_ANSWER + 1))):
        site = Site()
        site.status, site.content = status, content
        site.get()
        site.get()
        assert site.asked == 2


def test_the_shelf_holds_so_much_and_no_more() -> None:
    site = Site()
    site.content = b"x" * LARGEST_ANSWER
    room = LARGEST_SHELF // LARGEST_ANSWER
    for number in range(room + 1):
        site.get(f"/g/{number}")
    assert site.asked == room + 1
    site.get(f"/g/{room}")
    assert site.asked == room + 1
    site.get("/g/0")
    assert site.asked == room + 2


async def test_it_works_without_a_thread_too() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(b"x", headers={"Cache-Control": "public, max-age=60"})

    answers: Any = shared_answers.shared_answers(answer)
    request = RequestFactory().get("/g/1")
    assert (await answers(request)).content == b"x"
    kept: Any = shared_answers.from_shelf(request)
    assert kept.content == b"x"


class TestBeforeTheRest:
    """What the server is given: the shelf first, and the site for everything else."""

    @pytest.fixture
    def woken(self) -> list[str]:
        return []

    @pytest.fixture
    def server(self, woken: list[str]) -> Any:
        async def site(scope: Any, receive: Any, send: Any) -> None:
            woken.append(scope["type"])

        return shared_answers.FromTheShelf(site)

    async def get(self, server: Any, path: str = "/g/1", **headers: str) -> list[Any]:
        said: list[Any] = []

        async def send(message: Any) -> None:
            said.append(message)

        sent = [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()]
        request = AsyncRequestFactory().get(path)
        scope = dict(request.scope) | {"headers": [(b"host", b"testserver"), *sent]}
        await server(scope, None, send)
        return said

    async def test_a_crowd_is_answered_without_the_site(
        self, server: Any, woken: list[str]
    ) -> None:
        site = Site(Vary="Cookie, Accept-Language")
        site.get(host="testserver")
        start, body = await self.get(server)
        headers = dict(start["headers"])
        assert (start["status"], body["body"]) == (200, b"nine pictures")
        assert headers[b"age"] == b"0"
        assert len(headers[b"x-request-id"]) == 32
        start, body = await self.get(server, if_none_match='"1"')
        assert (start["status"], body["body"]) == (304, b"")
        assert (site.asked, woken) == (1, [])

    @pytest.mark.parametrize(
        "difference", [{"path": "/g/2"}, {"cookie": f"{COOKIE}=x"}, {"accept_language": "fr"}]
    )
    async def test_everything_else_is_the_sites(
        self, server: Any, woken: list[str], difference: dict[str, str]
    ) -> None:
        Site().get(host="testserver")
        assert await self.get(server, **difference) == []
        assert woken == ["http"]
