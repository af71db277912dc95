"""The bucket of an address."""

import pytest

from accounts.models import Network
from accounts.networks import network_of, prefix_of


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
    ],
)
def test_an_address_has_one_prefix_however_it_is_spelt(address, prefix):
    assert prefix_of(address) == prefix


def test_the_next_64_is_another_bucket():
    assert prefix_of("2001:db8:1:2::1") != prefix_of("2001:db8:1:3::1")


@pytest.mark.parametrize(
    "text", ["", "localhost", "192.0.2", "192.0.2.7:80", "192.0.2.7, 10.0.0.1"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="does not appear to be"):
        prefix_of(text)


@pytest.mark.django_db
def test_every_address_of_a_64_shares_one_row():
    first = network_of("2001:db8:1:2::1")
    assert network_of("2001:db8:1:2:ffff::9") == first
    assert network_of("192.0.2.7") == network_of("::ffff:192.0.2.7")
    assert Network.objects.count() == 2


@pytest.mark.django_db
def test_the_longest_prefix_fits_its_column():
    longest = "2001:1db8:ffff:1fff:ffff:ffff:ffff:ffff"
    network_of(longest)
    room = Network._meta.get_field("prefix").max_length
    assert len(prefix_of(longest)) <= room
