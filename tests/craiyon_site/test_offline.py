"""What is kept for somebody without a connection: one page, and nothing of anybody's."""

import re

from django.contrib.staticfiles import finders
from django.test import Client


def test_the_worker_speaks_for_every_page(client: Client) -> None:
    response = client.get("/sw.js")
    assert response["Content-Type"].startswith("text/javascript")
    assert "no-cache" in response["Cache-Control"]


def test_it_keeps_one_page_and_files_of_our_own(client: Client) -> None:
    script = client.get("/sw.js").content.decode()
    kept = re.findall(r'"(/[^"]*)"', script)
    assert kept[0] == "/offline"
    assert len(kept) == 5
    assert all(finders.find(path.removeprefix("/static/")) for path in kept[1:])
    assert ".put(" not in script


def test_the_page_is_nobodys(client: Client) -> None:
    response = client.get("/offline")
    assert response.status_code == 200
    assert b"No connection" in response.content
    assert not response.cookies


def test_in_another_language_the_page_is_kept_anew(client: Client) -> None:
    french = {"Accept-Language": "fr"}
    assert client.get("/sw.js").content != client.get("/sw.js", headers=french).content
    assert "Pas de connexion" in client.get("/offline", headers=french).content.decode()
