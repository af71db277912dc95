"""The client's address cannot be forged."""

from ipaddress import ip_network
from typing import Any, cast

import httpx
import pytest
from django.test import RequestFactory

from accounts.models import Network
from accounts.visitors import network_from
from craiyon_site.asgi import behind
from craiyon_site.sign_in import AccountAdapter

CLIENT, PROXY, OTHER_PROXY = "203.0.113.7", "10.0.0.2", "10.0.0.3"


async def seen(came_from: str, *forwarded_for: str, scheme: str = "") -> tuple[str, str]:
    """The address and the scheme that the site sees."""
    scopes: list[Any] = []

    async def site(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    headers = [("X-Forwarded-For", value) for value in forwarded_for]
    headers += [("X-Forwarded-Proto", scheme)] if scheme else []
    transport = httpx.ASGITransport(
        app=cast("Any", behind([ip_network("10.0.0.0/8")], site)), client=(came_from, 4711)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        await client.get("/", headers=headers)
    return scopes[0]["client"][0], scopes[0]["scheme"]


async def test_a_stranger_cannot_say_who_it_is() -> None:
    assert await seen(CLIENT, "198.51.100.1", scheme="https") == (CLIENT, "http")


async def test_a_trusted_proxy_says_who_asks_and_how() -> None:
    assert await seen(PROXY, CLIENT, scheme="https") == (CLIENT, "https")


@pytest.mark.parametrize(
    "header",
    [
        (f"198.51.100.1, {CLIENT}",),
        (f"10.0.0.9, 198.51.100.1, {CLIENT}, {OTHER_PROXY}",),
        ("198.51.100.1", CLIENT),
        ("198.51.100.1", f"{CLIENT}, {OTHER_PROXY}"),
    ],
)
async def test_what_a_client_forged_before_the_proxy_is_not_believed(header: tuple[str]) -> None:
    assert (await seen(PROXY, *header))[0] == CLIENT


async def test_without_a_header_the_proxy_itself_asks() -> None:
    assert (await seen(PROXY))[0] == PROXY


async def test_a_scheme_that_is_none_is_not_believed() -> None:
    assert (await seen(PROXY, CLIENT, scheme="javascript"))[1] == "http"


FORGERIES = [
    (name, template.format(address=f"198.51.{n}.{10 + n}", n=n))
    for name, template in (
        ("X-Forwarded-For", "{address}"),
        ("X-Forwarded-For", "{address}, 127.0.0.1"),
        ("X-Real-IP", "{address}"),
        ("Forwarded", "for={address};proto=https"),
        ("Forwarded", 'for="[2001:db8:{n}::1]"'),
        ("CF-Connecting-IP", "{address}"),
        ("True-Client-IP", "{address}"),
        ("X-Client-IP", "{address}"),
        ("X-Cluster-Client-IP", "2001:db8:{n}::1"),
        ("Via", "1.1 {address}"),
    )
    for n in range(20)
]


@pytest.mark.django_db
def test_no_forged_header_of_two_hundred_changes_the_bucket() -> None:
    assert len(FORGERIES) == 200
    requests = [
        RequestFactory(REMOTE_ADDR=CLIENT).get("/", headers={name: value})
        for name, value in FORGERIES
    ]
    assert {network_from(request).prefix for request in requests} == {CLIENT}
    assert {AccountAdapter().get_client_ip(request) for request in requests} == {CLIENT}
    assert Network.objects.count() == 1


async def test_nor_does_one_get_past_the_server_that_hands_requests_over() -> None:
    for name, value in FORGERIES:
        if name == "X-Forwarded-For":
            assert (await seen(CLIENT, value))[0] == CLIENT
