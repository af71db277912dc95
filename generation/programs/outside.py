"""Requests to addresses that strangers chose: to public hosts only, and to the address checked.

A name is resolved once. Every address that it has must be public, and the connection goes to one of
those very addresses, with the name in Host and in TLS: a second answer of a name server, or a
redirect, leads nowhere.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx
from django.conf import settings

LIMIT = 10.0
"""Seconds for a request as a whole, however slowly its answer trickles in."""

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
_EMBEDDING = tuple(
    map(
        ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
    )
)
"""IPv6 that carries an IPv4 address to whoever unpacks it: never trusted."""

_SPECIAL = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24")))
"""What Python's table takes for public in part, and where one cloud keeps its metadata."""

_INSIDE = ("localhost", "local", "internal", "localdomain", "home.arpa", "lan", "intranet", "corp")
"""Names that are only said inside of some network."""


class Unreachable(Exception):
    """This address cannot be called."""


@dataclass(frozen=True)
class Target:
    """A checked address: where to connect, and what to say there."""

    address: str
    host: str
    authority: str
    url: str
    """With the address in place of the name."""


def refuse_obviously(url: str) -> None:
    """Looks at an address without asking any name server.

    Raises:
        Unreachable: it is no https address, or it names the inside of some network.
    """
    parts = _split(url)
    host = parts.hostname or ""
    try:
        numeric = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        numeric = []
    found = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in numeric]
    _refuse_inside(found)
    labels = host.rstrip(".").lower().split(".")
    if not numeric and (
        len(labels) < 2 or labels[-1] in _INSIDE or labels[-2:] == ["home", "arpa"]
    ):
        raise Unreachable(f"{host} is no public name")
    _refuse_plain(parts, found)


def target_of(url: str) -> Target:
    """Returns where a request to this address goes.

    Raises:
        Unreachable: it is no address, or not one outside.
    """
    parts = _split(url)
    host = (parts.hostname or "").encode("idna").decode()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise Unreachable(f"{host} has no address") from error
    found = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos]
    _refuse_inside(found)
    _refuse_plain(parts, found)
    address = str(found[0])
    literal = f"[{address}]" if found[0].version == 6 else address
    named = f"[{host}]" if ":" in host else host
    return Target(
        address=address,
        host=host,
        authority=f"{named}:{port}" if parts.port else named,
        url=parts._replace(netloc=f"{literal}:{port}", fragment="").geturl(),
    )


def post(url: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Returns the status that somebody's server answers with; what else it says is not read.

    Raises:
        Unreachable: the address is none outside, or nobody answers there.
    """
    target = target_of(url)
    try:
        return asyncio.run(_status_of(target, content, headers))
    except TimeoutError as error:
        raise Unreachable(f"no answer within {LIMIT:.0f} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise Unreachable(str(error)[:150] or type(error).__name__) from error


def is_outside(address: IP) -> bool:
    """Whether an address belongs to the public internet, or to a network that the site allows."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in settings.CALLBACK_NETWORKS):
        return True
    if isinstance(address, ipaddress.IPv6Address) and any(address in net for net in _EMBEDDING):
        return False
    if isinstance(address, ipaddress.IPv4Address) and any(address in net for net in _SPECIAL):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _status_of(target: Target, content: bytes, headers: Mapping[str, str]) -> int:
    # httpx's own limits begin anew with every byte.
    transport = httpx.AsyncHTTPTransport(verify=ssl.create_default_context(), retries=0)
    async with (
        asyncio.timeout(LIMIT),
        httpx.AsyncClient(transport=transport, trust_env=False, timeout=LIMIT) as client,
        client.stream(
            "POST",
            target.url,
            content=content,
            headers={**headers, "Host": target.authority},
            extensions={"sni_hostname": target.host},
            follow_redirects=False,
        ) as response,
    ):
        return response.status_code


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
        url.encode()
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise Unreachable("that is no address") from error
    strange = any(ord(letter) <= 32 or ord(letter) == 127 for letter in url) or "\\" in url
    if strange or parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise Unreachable("an address looks like https://example.org/path")
    if parts.username is not None or parts.password is not None:
        raise Unreachable("an address holds no name and no password")
    return parts


def _refuse_inside(found: Sequence[IP]) -> None:
    for address in found:
        if not is_outside(address):
            raise Unreachable(f"{address} is not on the public internet")


def _refuse_plain(parts: SplitResult, found: Sequence[IP]) -> None:
    """Plain HTTP stays inside the networks that the site itself allows."""
    ours = found and all(
        any(address in network for network in settings.CALLBACK_NETWORKS) for address in found
    )
    if parts.scheme != "https" and not ours:
        raise Unreachable("callbacks go to https addresses only")
