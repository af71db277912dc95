"""House ads: who sees them, where, how often, and that each view and click counts once."""

import random
import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from billing import ads
from billing.ads import running
from billing.models import AdDay, AdSight, HouseAd

pytestmark = pytest.mark.django_db

ADDRESS = re.compile(r"/ads/[^/\"]+/(?:picture|follow)")


@pytest.fixture(autouse=True)
def fresh() -> None:
    running.read = -ads.KEPT


def ad_of(name: str = "crayons", **columns: object) -> HouseAd:
    running.read = -ads.KEPT
    given = {"headline": "Real crayons", "text": "For real paper.", **columns}
    return HouseAd.objects.create(name=name, target="https://crayons.example/", **given)


def addresses(browser: Client, page: str = "/", **headers: str) -> list[str]:
    return ADDRESS.findall(browser.get(page, **headers).content.decode())


def test_visitors_see_an_ad_and_subscribers_ask_for_none(client: Client, alice: User) -> None:
    ad_of()
    assert len(addresses(client)) == 2
    client.force_login(alice)
    assert addresses(client)
    User.objects.update(plan="premium")
    page = client.get("/").content.decode()
    assert "/ads/" not in page
    assert 'class="ad' not in page


def test_without_an_ad_no_place_is_kept(client: Client) -> None:
    assert 'class="ad' not in client.get("/").content.decode()


def test_a_view_and_a_click_count_once_each(client: Client) -> None:
    ad = ad_of()
    follow, picture = addresses(client)
    for _ in range(5):
        assert client.get(picture).status_code == 200
        answer = client.get(follow)
        assert (answer.status_code, answer["Location"]) == (302, "https://crayons.example/")
    day = AdDay.objects.get(ad=ad)
    assert (day.views, day.clicks) == (1, 1)
    follow, _ = addresses(client)
    client.get(follow)  # a click without its picture was a view as well
    day.refresh_from_db()
    assert (day.views, day.clicks) == (2, 2)


def test_forged_and_old_addresses_count_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ad_of()
    follow, picture = addresses(client)
    for address in (follow, picture):
        token = address.split("/")[2]
        assert client.get(address.replace(token, token[:-1] + "!")).status_code == 404
        assert client.get(address.replace(token, "x")).status_code == 404
    monkeypatch.setattr(ads, "GOOD_FOR", -1)
    assert client.get(picture).status_code == 404
    assert not AdDay.objects.exists()


def test_only_ads_that_run_are_shown(client: Client) -> None:
    now = timezone.now()
    ad_of("off", active=False)
    ad_of("later", starts=now + timedelta(days=1))
    ad_of("over", starts=now - timedelta(days=2), ends=now - timedelta(days=1))
    ad_of("elsewhere", on_home=False)
    assert addresses(client) == []


def test_a_cap_holds_for_a_browser_and_a_day(client: Client) -> None:
    ad_of(per_day=2)
    for shown in (True, True, False):
        found = addresses(client)
        assert bool(found) == shown
        for address in found[1:]:
            client.get(address)


@pytest.mark.parametrize("header", ["HTTP_SEC_GPC", "HTTP_DNT"])
def test_who_asks_to_be_left_alone_gets_no_cookie(client: Client, header: str) -> None:
    ad_of("capped", per_day=2)
    assert addresses(client, **{header: "1"}) == []
    ad_of("free")
    _, picture = addresses(client, **{header: "1"})
    assert client.get(picture, **{header: "1"}).cookies == {}


def test_ads_are_shown_by_their_weight(rf: RequestFactory) -> None:
    ad_of("light")
    ad_of("heavy", weight=9)
    request = rf.get("/")
    request.sees_ads = True  # type: ignore[attr-defined]
    chance = random.Random(3)
    shown = [ads.chosen(request, "home", chance) for _ in range(400)]
    heavy = sum(one is not None and one.ad.name == "heavy" for one in shown)
    assert 330 < heavy < 390


def test_old_showings_are_forgotten_and_their_sums_kept(client: Client) -> None:
    ad_of()
    client.get(addresses(client)[1])
    AdSight.objects.update(seen=timezone.now() - timedelta(days=3))
    assert ads.forget_old() == 1
    assert AdDay.objects.get().views == 1


def test_a_picture_is_made_to_fit_in_the_admin(admin_client: Client, client: Client) -> None:
    file = BytesIO()
    Image.new("RGBA", (900, 900), (200, 30, 30, 90)).save(file, "PNG")
    said = {
        "name": "red", "alt": "Something red", "target": "https://red.example/", "weight": "1",
        "starts_0": "2026-01-01", "starts_1": "00:00", "per_day": "0", "on_home": "on",
        "active": "on",
        "picture_file": SimpleUploadedFile("a.png", file.getvalue(), "image/png"),
    }  # fmt: skip
    answer = admin_client.post("/admin/billing/housead/add/", said)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    page = client.get("/").content.decode()
    assert 'alt="Something red"' in page
    assert 'width="300" height="100"' in page
    picture = client.get(ADDRESS.findall(page)[1])
    assert picture["Content-Type"] == "image/webp"
    assert Image.open(BytesIO(picture.content)).size == (600, 200)
    edited = admin_client.get(f"/admin/billing/housead/{HouseAd.objects.get().pk}/change/")
    assert "1 views, 0 clicks" in edited.content.decode()


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"", b"GIF89a"])
def test_what_is_no_picture_is_refused(admin_client: Client, content: bytes) -> None:
    said = {"name": "bad", "alt": "bad", "target": "https://bad.example/", "weight": "1",
            "starts_0": "2026-01-01", "starts_1": "00:00", "per_day": "0",
            "picture_file": SimpleUploadedFile("a.png", content)}  # fmt: skip
    assert admin_client.post("/admin/billing/housead/add/", said).status_code == 200
    assert not HouseAd.objects.exists()


def test_nobody_may_sell_places_until_adsense_is_on(client: Client, settings: Settings) -> None:
    assert "google" not in client.get("/ads.txt").content.decode()
    settings.ADSENSE_CLIENT = "ca-pub-1234567890123456"
    said = client.get("/ads.txt").content.decode()
    assert said == "google.com, pub-1234567890123456, DIRECT, f08c47fec0942fa0\n"
