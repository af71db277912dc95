"""Who signs in here, and how their browsers go about it."""

import re
from typing import Any

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User

PASSWORD = "a fox under a blue moon"


def member(name: str, **columns: Any) -> User:
    """Somebody with an account whose address is confirmed."""
    address = f"{name}@example.org"
    user = User.objects.create_user(name, address, PASSWORD, **columns)
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


def sign_in(browser: Client, name: str, password: str = PASSWORD) -> Any:
    """Sends the form, and returns the answer."""
    return browser.post("/account/login/", {"login": f"{name}@example.org", "password": password})


def sign_up(browser: Client, name: str, **said: str) -> Any:
    """Sends the form, and returns the answer."""
    sent = {"email": f"{name}@example.org", "password1": PASSWORD, **said}
    return browser.post("/account/signup/", sent)


def code_in(mail: Any) -> str:
    """The code in a mail: a line of its own."""
    found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", mail.body, re.MULTILINE)
    assert found, mail.body
    return found[1]


def prove(browser: Client) -> None:
    """Says the password once more, which the pages that change much ask for."""
    assert browser.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302


def is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session
