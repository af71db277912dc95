"""What the scan for secrets must catch; run by its test alone, since every one of these fails."""

import logging

import structlog
from django.test import Client

from accounts import keys
from accounts.models import User
from tests.accounts.people import PASSWORD, member, sign_in

log = structlog.get_logger(__name__)


def a_key() -> str:
    user = User.objects.create(username="mallory")
    return keys.make(user, keys.KeyWish(name="leaky"))[1]


def test_logs_a_key_at_debug(db):
    logging.getLogger("some.library").debug("asked with %s", a_key())


def test_logs_a_part_of_a_key_in_a_structured_line(db):
    log.info("asked", header=a_key()[15:])


def test_logs_a_password(db):
    member("alice")
    log.warning("signed in", said=PASSWORD)


def test_logs_a_cookie(db):
    member("alice")
    browser = Client()
    sign_in(browser, "alice")
    log.debug("request", session=browser.cookies["sessionid"].value)


def test_prints_a_key(db):
    print(a_key())  # noqa: T201
