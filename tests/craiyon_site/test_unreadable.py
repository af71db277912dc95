"""What cannot be read is answered with 400, whatever its headers say."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded; charset=iso-8859-1",
        "application/x-www-form-urlencoded; charset=utf-7",
        "multipart/form-data; boundary=B; charset=rot13",
        "multipart/form-data; boundary=B; charset=idna",
        "multipart/form-data; boundary=B; charset=undefined",
        "multipart/form-data; boundary=B; charset=no-such",
    ],
)
def test_a_body_in_another_encoding(content_type: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    answer = browser.generic("POST", "/", b"prompt=fox", content_type=content_type)
    assert answer.status_code == 400
    assert "cannot be read" in answer.content.decode()


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8"])
def test_a_body_in_utf_8_is_read(charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    answer = Client().generic("POST", "/", b"prompt=a+fox&size=odd", content_type=kind)
    assert "A size looks like" in answer.content.decode()


@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "visitor"])
def test_a_cookie_with_a_control_character(cookie: str) -> None:
    answer = Client(HTTP_COOKIE=rf'{cookie}="\000aaaaaaaaaaaaaaaa"').get("/")
    assert answer.status_code == 400
