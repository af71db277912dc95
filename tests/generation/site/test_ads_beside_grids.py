"""Beside a grid there is an ad once it is whole, and AdSense on public ones alone."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Visitor
from billing.models import HouseAd
from generation.models import Job
from tests.generation.site.cast import ask, claimed, finished

pytestmark = pytest.mark.django_db

Patch = pytest.MonkeyPatch


@pytest.fixture
def adsense(settings: Settings) -> None:
    settings.ADSENSE_CLIENT, settings.ADSENSE_SLOT = "ca-pub-1234567890123456", "123"
    settings.ADSENSE_CONSENT = "google"


def page_of(browser: Client, job: Job, **headers: str) -> str:
    return browser.get(f"/g/{job.pk}", **headers).content.decode()


def test_nobody_gets_an_ad_while_they_wait(
    ad: HouseAd,
    as_alice: Client,
    alice: Visitor,
    monkeypatch: Patch,
) -> None:
    job = ask(alice)
    waiting = page_of(as_alice, job)
    claimed(job)
    drawing = page_of(as_alice, job)
    for page in (waiting, drawing):
        assert "/ads/" not in page
        assert 'class="ad ad-grid"' in page  # its place is kept, so nothing moves later
    Job.objects.all().delete()
    assert "/ads/" in page_of(as_alice, finished(ask(alice), monkeypatch))


def test_no_ad_stands_next_to_a_picture_that_was_held_back(
    ad: HouseAd,
    adsense: None,
    as_alice: Client,
    alice: Visitor,
    monkeypatch: Patch,
) -> None:
    job = finished(ask(alice), monkeypatch, blocked={4})
    Job.objects.update(visibility="public")
    page = page_of(as_alice, job)
    assert "/ads/" not in page
    assert "adsbygoogle" not in page


def test_adsense_is_on_public_finished_grids_alone_with_a_policy_of_their_own(
    ad: HouseAd,
    adsense: None,
    as_alice: Client,
    alice: Visitor,
    monkeypatch: Patch,
) -> None:
    job = finished(ask(alice), monkeypatch)
    assert "adsbygoogle" not in page_of(as_alice, job)  # unlisted
    Job.objects.update(visibility="public")
    answer = as_alice.get(f"/g/{job.pk}")
    page, policy = answer.content.decode(), answer["Content-Security-Policy"]
    nonces = set(re.findall(r'nonce="([^"]+)"', page))
    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in policy
    assert "'strict-dynamic'" in policy
    assert page.count("<script") == page.count("nonce=")
    assert page.index("fundingchoices") < page.index("adsense.js")
    assert "googlesyndication" not in page  # fetched after a yes alone
    part = as_alice.get(f"/g/{job.pk}", HTTP_HX_REQUEST="true")
    assert "adsbygoogle" not in part.content.decode()
    assert "strict-dynamic" not in part["Content-Security-Policy"]
    for other in ("/", "/plans"):
        answer = as_alice.get(other)
        assert "adsbygoogle" not in answer.content.decode()
        assert "strict-dynamic" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("header", ["HTTP_SEC_GPC", "HTTP_DNT"])
@pytest.mark.usefixtures("ad", "adsense")
def test_adsense_is_not_loaded_for_who_asks_to_be_left_alone(
    as_alice: Client, alice: Visitor, monkeypatch: Patch, header: str
) -> None:
    job = finished(ask(alice), monkeypatch)
    Job.objects.update(visibility="public")
    page = page_of(as_alice, job, **{header: "1"})
    assert "adsbygoogle" not in page
    assert "Crayons" in page


@pytest.mark.parametrize("header", ["HTTP_SEC_GPC", "HTTP_DNT", "HTTP_HX_REQUEST"])
@pytest.mark.usefixtures("ad", "adsense")
def test_a_page_without_adsense_is_kept_for_nobody_who_would_have_it(
    client: Client, alice: Visitor, monkeypatch: Patch, header: str
) -> None:
    job = finished(ask(alice), monkeypatch)
    Job.objects.update(visibility="public")
    spared = client.get(f"/g/{job.pk}", **{header: "true" if header == "HTTP_HX_REQUEST" else "1"})
    assert "public" not in spared["Cache-Control"]
    assert "adsbygoogle" in page_of(client, job)


def test_a_page_that_everybody_shares_holds_nobodys_showing(
    ad: HouseAd, client: Client, alice: Visitor, monkeypatch: Patch
) -> None:
    job = finished(ask(alice), monkeypatch)
    answer = client.get(f"/g/{job.pk}")
    assert answer["Cache-Control"] == "public, max-age=60"
    assert 'hx-get="/ads/place/grid"' in answer.content.decode()
    assert "Crayons" not in answer.content.decode()
    showings = {client.get("/ads/place/grid").content for _ in range(2)}
    assert len(showings) == 2
    assert all(b"Crayons" in one for one in showings)


def test_a_page_under_a_policy_of_its_own_is_shared_with_nobody(
    ad: HouseAd, adsense: None, client: Client, alice: Visitor, monkeypatch: Patch
) -> None:
    job = finished(ask(alice), monkeypatch)
    Job.objects.update(visibility="public")
    assert client.get(f"/g/{job.pk}")["Cache-Control"] == "private, no-store"
