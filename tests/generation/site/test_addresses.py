"""Which bucket a request falls into: the client's own, whatever its headers say."""

import importlib
from collections.abc import Iterator

import httpx
import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from accounts.models import Network, Plan
from craiyon_site import asgi

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

FORGED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Real-IP": "198.51.100.7",
    "Forwarded": "for=198.51.100.7",
    "CF-Connecting-IP": "198.51.100.7",
    "True-Client-IP": "198.51.100.7",
    "X-Client-IP": "198.51.100.7",
}


@pytest.fixture(autouse=True)
def asgi_after(settings: Settings) -> Iterator[None]:
    """The application reads whom to trust when it is made."""
    yield
    settings.TRUSTED_PROXIES = []
    importlib.reload(asgi)


async def drawn_from(client: str, headers: dict[str, str] | None = None) -> int:
    """Draws a grid from an address and returns the status of the answer."""
    site = httpx.ASGITransport(importlib.reload(asgi).application, client=(client, 50000))
    async with httpx.AsyncClient(transport=site, base_url="http://localhost") as browser:
        await browser.get("/")
        response = await browser.post(
            "/",
            data={"prompt": "a red fox", "csrfmiddlewaretoken": browser.cookies["csrftoken"]},
            headers=headers or {},
        )
    return response.status_code


async def prefixes() -> set[str]:
    return {network.prefix async for network in Network.objects.all()}


async def test_a_forged_header_changes_nothing() -> None:
    assert await drawn_from("203.0.113.9", FORGED) == 303
    assert await prefixes() == {"203.0.113.9"}


async def test_a_new_forgery_for_each_request_gains_no_second_bucket() -> None:
    await sync_to_async(Plan.objects.filter(name=Plan.NETWORK).update)(in_flight=2)
    statuses = [
        await drawn_from("203.0.113.9", {"X-Forwarded-For": f"198.51.100.{n}"}) for n in range(4)
    ]
    assert statuses == [303, 303, 429, 429]


async def test_a_trusted_proxy_names_the_client(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["203.0.113.0/24"]
    assert await drawn_from("203.0.113.9", {"X-Forwarded-For": "198.51.100.7"}) == 303
    assert await prefixes() == {"198.51.100.7"}


async def test_what_a_client_put_before_the_proxys_word_is_not_believed(
    settings: Settings,
) -> None:
    settings.TRUSTED_PROXIES = ["203.0.113.9"]
    said = {"X-Forwarded-For": "10.0.0.1, 192.0.2.66, 198.51.100.7"}
    assert await drawn_from("203.0.113.9", said) == 303
    assert await prefixes() == {"198.51.100.7"}


async def test_all_addresses_of_one_subscriber_line_are_one_bucket() -> None:
    await drawn_from("2001:db8:1:2::1")
    await drawn_from("2001:db8:1:2:aaaa:bbbb:cccc:dddd")
    await drawn_from("2001:db8:1:3::1")
    await drawn_from("::ffff:198.51.100.7")
    assert await prefixes() == {"2001:db8:1:2::/64", "2001:db8:1:3::/64", "198.51.100.7"}


async def test_what_is_no_address_shares_one_bucket(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["203.0.113.9"]
    for said in ("unknown", "_hidden", "<script>", "1.2.3.4.5"):
        assert await drawn_from("203.0.113.9", {"X-Forwarded-For": said}) == 303
    assert await prefixes() == {"unknown"}
