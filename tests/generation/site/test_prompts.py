"""Whatever is typed: a job or a sentence, never an error of ours and never markup."""

from urllib.parse import quote, quote_from_bytes

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import Plan
from generation.models import Job
from tests.generation.site.cast import Page, job_behind

FORM = "application/x-www-form-urlencoded"

markup = st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'\"`{{7*7}}{% csrf_token %}",
     "</textarea><svg/onload=alert(1)>", "<!--", "&lt;b&gt;", "javascript:alert(1)", "]]>"]
)  # fmt: skip
strange = st.sampled_from(
    ["\0", "\u202e", "\u2066", "\ufeff", "\U0001f98a", "\U0010ffff", "\u200fشجرة", "\x1b[31m",
     "e\u0301" * 40, "\r\n", "\u2028", "\ufdfa" * 60, "\U0001f469\u200d\U0001f467", "Z\u0334\u0321",
     "%00", "${jndi:ldap://x}", "../../etc/passwd"]
)  # fmt: skip
prompts = st.lists(markup | strange | st.text(max_size=200), max_size=8).map("".join)


def surrogates(text: str) -> str:
    """The text as a browser would never send it: lone surrogates encoded one by one."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"))


class TestAnyPrompt(TestCase):
    def setUp(self) -> None:
        Plan.objects.update(in_flight=10**6, per_minute=10**6, per_day=10**6)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(prompts, prompts)
    @example("", "")
    @example("\0", "")
    @example(" \u202e\u2066 ", "")
    @example("x" * 1001, "")
    @example("x", "y" * 1001)
    @example("🦊" * 1000, "")
    @example("<script>alert(1)</script>", "</textarea>")
    @example("شجرة حمراء", "\u200fبيت")
    def test_is_a_job_or_a_sentence_and_never_markup(self, prompt: str, negative: str) -> None:
        client = Client(raise_request_exception=False)
        sent = f"prompt={surrogates(prompt)}&negative_prompt={surrogates(negative)}"
        response = client.post("/", sent, content_type=FORM)
        assert response.status_code in (303, 400)
        if response.status_code == 303:
            job = job_behind(response["Location"])
            assert job.prompt
            response = client.get(response["Location"])
            assert response.status_code == 200
            page = Page(response)
            assert job.prompt in page.text
        else:
            page = Page(response)
            assert page.one("div", role="alert")
        assert_only_our_markup(page)

    @settings(max_examples=25, deadline=None)
    @given(prompts)
    def test_in_a_link_is_text_in_the_form(self, prompt: str) -> None:
        response = Client(raise_request_exception=False).get(
            f"/?prompt={surrogates(prompt)}&size={surrogates(prompt)}&seed={surrogates(prompt)}"
        )
        assert response.status_code == 200
        assert_only_our_markup(Page(response))


def assert_only_our_markup(page: Page) -> None:
    """No script, style or handler but those of the templates, which are in files of their own."""
    for script in page.all("script"):
        assert script["src"].startswith("/static/")
    assert not page.all("style")
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "object", "embed", "base", "b")
        assert not any(name.startswith("on") or name == "style" for name in attributes)


@pytest.mark.django_db
@pytest.mark.parametrize("prompt", ["\ud800", "a fox \udfff", "\udc00\ud800"])
def test_lone_surrogates_are_not_text(client: Client, prompt: str) -> None:
    response = client.post("/", f"prompt={surrogates(prompt)}", content_type=FORM)
    assert response.status_code in (303, 400)
    for job in Job.objects.all():
        assert job.prompt.encode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("prompt", "drawn"),
    [
        ("a\0 fox", None),
        ("a \u202efox\u2066", "a fox"),
        ("a\r\n\tfox ", "a fox"),
        ("cafe\u0301", "café"),
        ("🦊", "🦊"),
        ("ثعلب", "ثعلب"),
        ("<b>fox</b>", "<b>fox</b>"),
    ],
)
def test_what_is_drawn_is_what_was_meant(client: Client, prompt: str, drawn: str | None) -> None:
    response = client.post("/", {"prompt": prompt})
    if drawn is None:
        assert response.status_code == 400
    else:
        assert job_behind(response["Location"]).prompt == drawn


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"prompt=%ff%fe", FORM),
        (b"prompt=" + quote("a fox").encode() + b"&count=%00", FORM),
        (b"\xff\xfe", FORM),
        (b"prompt=a", f"{FORM}; charset=utf-7"),
        (b"prompt=a", f"{FORM}; charset=no-such-thing"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\nbroken", "multipart/form-data"),
        (b'{"prompt": "a fox"}', "application/json"),
        (b"prompt=" + b"x" * 300_000, FORM),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body: bytes, type_: str) -> None:
    client = Client(raise_request_exception=False)
    response = client.generic("POST", "/", body, content_type=type_)
    assert response.status_code in (303, 400)
