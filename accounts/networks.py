"""The bucket of an address."""

from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.utils.crypto import salted_hmac

from accounts.models import Network

KEPT = timedelta(days=7)
"""How long an address is kept in plain text; then a keyed hash takes its place."""

HASHED = "#"
"""What a prefix begins with that was replaced by its hash."""

UNKNOWN = "unknown"
"""The bucket of clients whose address nobody names."""

_SALT = "accounts.networks.prefix"


def prefix_of(address: str) -> str:
    """Returns the IPv4 address, or the /64 of an IPv6 address, as one spelling.

    An IPv4 address mapped into IPv6 is the IPv4 address: a client gains no second bucket by it.

    Raises:
        ValueError: the text is no address.
    """
    ip: IPv4Address | IPv6Address = ip_address(address.split("%", 1)[0])
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(IPv6Network((ip, 64), strict=False))
    return str(ip)


def hash_of(prefix: str) -> str:
    """Returns what takes a prefix's place once it is old: found again, but not read back.

    The hash is keyed by the site's secret: there are few enough addresses to try them all.
    """
    return HASHED + salted_hmac(_SALT, prefix, algorithm="sha256").hexdigest()[:40]


def network_of(address: str) -> Network:
    """Returns the row of an address, made at its first visit."""
    return bucket(prefix_of(address))


def bucket(prefix: str) -> Network:
    """Returns the row of a prefix, which may hold its hash by now."""
    known = Network.objects.filter(prefix__in=(prefix, hash_of(prefix))).order_by("pk").first()
    return known or Network.objects.get_or_create(prefix=prefix)[0]
