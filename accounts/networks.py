"""The bucket of an address."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from accounts.models import Network


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


def network_of(address: str) -> Network:
    """Returns the row of an address, made at its first visit."""
    network, _ = Network.objects.get_or_create(prefix=prefix_of(address))
    return network
