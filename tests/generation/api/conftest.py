"""A made-up checkpoint, and programs with keys of every kind."""

from typing import Any

import pytest

from accounts import keys
from accounts.models import Plan, User
from tests.generation.api.cast import Program
from tests.generation.site.conftest import empty_storages, ink

__all__ = ["empty_storages", "ink"]


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The checkpoints whose workers were rung for; no broker is needed."""
    bells: list[str] = []
    monkeypatch.setattr("generation.tasks.ring", bells.append)
    return bells


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create(
        username="alice", email="alice@example.org", plan=Plan.objects.get(name="api")
    )


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create(username="bob", plan=Plan.objects.get(name="api"))


def program_of(user: User, **wish: Any) -> Program:
    key, text = keys.make(user, keys.KeyWish(name="program", **wish))
    return Program(key, text)


@pytest.fixture
def program(alice: User) -> Program:
    """Alice's, with a live key."""
    return program_of(alice)


@pytest.fixture
def practising(alice: User) -> Program:
    """Alice's, with a test key."""
    return program_of(alice, live=False)


@pytest.fixture
def bobs(bob: User) -> Program:
    return program_of(bob)
