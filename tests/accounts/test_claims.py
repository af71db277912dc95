"""Claim codes: typed by people, good once and for minutes, never kept in plain text."""

from datetime import timedelta

import pytest
from django.db.models import F

from accounts import claims
from accounts.models import ClaimCode, Network, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Visitor:
    return Visitor.objects.create()


@pytest.fixture
def network() -> Network:
    return Network.objects.create(prefix="192.0.2.1")


def test_a_code_stands_for_its_visitor_once(alice: Visitor, network: Network) -> None:
    code = claims.new_code(alice)
    assert claims.spend(code, network) == alice
    assert claims.spend(code, network) is None


def test_it_is_read_as_people_type_it(alice: Visitor, network: Network) -> None:
    code = claims.new_code(alice)
    assert claims.spend(f"  {code.lower().replace('-', ' ')} ", network) == alice


def test_what_looks_alike_is_read_as_what_was_meant(alice: Visitor, network: Network) -> None:
    code = claims.new_code(alice).replace("Q", "0").replace("J", "1")
    assert claims.spend(code, network) == alice


def test_it_is_not_in_the_table(alice: Visitor) -> None:
    code = claims.new_code(alice)
    row = str(ClaimCode.objects.values().get())
    assert code not in row
    assert code.replace("-", "") not in row


def test_it_ends_after_minutes(alice: Visitor, network: Network) -> None:
    code = claims.new_code(alice)
    ClaimCode.objects.update(expires=F("expires") - claims.LIFETIME - timedelta(seconds=1))
    assert claims.spend(code, network) is None


def test_a_new_one_replaces_the_earlier(alice: Visitor, network: Network) -> None:
    first, second = claims.new_code(alice), claims.new_code(alice)
    assert claims.spend(first, network) is None
    assert claims.spend(second, network) == alice


def test_it_opens_nothing_once_the_grids_are_somebody_elses(
    alice: Visitor, network: Network
) -> None:
    code = claims.new_code(alice)
    Visitor.objects.filter(pk=alice.pk).update(claimed=F("created"))
    assert claims.spend(code, network) is None


def test_a_visitor_makes_only_so_many(alice: Visitor) -> None:
    for _ in range(claims.MOST_CODES):
        claims.new_code(alice)
    with pytest.raises(claims.TooMany) as refused:
        claims.new_code(alice)
    assert 3500 < (refused.value.retry_after or 0) <= 3600


def test_a_network_tries_only_so_many_and_nobody_else_is_held_up(
    alice: Visitor, network: Network
) -> None:
    code = claims.new_code(alice)
    for number in range(claims.MOST_WRONG):
        assert claims.spend(f"BCDF-BC{number:02}", network) is None
    with pytest.raises(claims.TooMany):
        claims.spend(code, network)
    assert claims.spend(code, Network.objects.create(prefix="192.0.2.2")) == alice


@pytest.mark.parametrize("code", ["", "-", "é" * 8, "2" * 100_000, "\0", "ＢＣＤＦＢＣＤＦ"])
def test_anything_may_be_typed(network: Network, code: str) -> None:
    assert claims.spend(code, network) is None
