"""The stream of a grid's news, as a browser reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient

from accounts.models import Owner, Plan, User, Visitor
from generation import services
from generation.events import the_hub
from generation.models import Job
from tests.generation.site.cast import ask, claimed, client_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


async def opened(job: Job, headers: dict[str, str] | None = None) -> Any:
    return await AsyncClient().get(f"/g/{job.pk}/events", headers=headers or {})


async def events(response: Any) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Yields name and data of each event."""
    async for part in response.streaming_content:
        fields = dict(line.split(": ", 1) for line in part.decode().splitlines() if ": " in line)
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])


async def test_says_what_changes_until_the_end() -> None:
    job = await sync_to_async(ask)(None)
    response = await opened(job)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    async with asyncio.timeout(20):
        said = events(response)
        name, news = await anext(said)
        assert (name, news["status"], news["place"], news["place_said"]) == (
            "job", "queued", 1, "1st",
        )  # fmt: skip
        assert news["sentence"].startswith("It starts")
        held = await sync_to_async(claimed)(job, progress=0.42)
        _, news = await anext(said)
        assert (news["status"], news["progress"], news["place"]) == ("running", 0.42, None)
        assert news["sentence"] == "42% drawn."
        await sync_to_async(services.cancel)(held)
        assert (await anext(said))[1]["status"] == "cancelled"
        assert await anext(said) == ("done", {})
        assert [more async for more in said] == []
    assert not the_hub().watched


async def test_of_a_grid_that_has_ended_says_so_and_ends() -> None:
    job = await sync_to_async(ask)(None)
    await sync_to_async(services.cancel)(job)
    async with asyncio.timeout(20):
        said = [event async for event in events(await opened(job))]
    assert [(name, news.get("status")) for name, news in said] == [
        ("job", "cancelled"),
        ("done", None),
    ]


async def test_of_a_grid_that_is_deleted_meanwhile_ends() -> None:
    job = await sync_to_async(ask)(None)
    async with asyncio.timeout(20):
        said = events(await opened(job))
        await anext(said)
        await sync_to_async(services.erase)(job)
        assert [name async for name, _ in said][-1] == "done"


async def test_speaks_the_browsers_language() -> None:
    job = await sync_to_async(ask)(None)
    async with asyncio.timeout(20):
        said = events(await opened(job, {"Accept-Language": "fr"}))
        assert (await anext(said))[1]["place_said"] == "1er"


async def test_is_not_there_for_whom_the_grid_is_not() -> None:
    def made() -> tuple[Job, Job, dict[str, AsyncClient]]:
        carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
        private = ask(carol, visibility=Job.Visibility.PRIVATE)
        gone = ask(None)
        services.erase(gone)
        clients = {"nobody": AsyncClient()}
        owners: dict[str, Owner] = {"carol": carol, "bob": Visitor.objects.create()}
        for name, owner in owners.items():
            clients[name] = AsyncClient()
            clients[name].cookies = client_of(owner).cookies
        return private, gone, clients

    private, gone, clients = await sync_to_async(made)()
    statuses = {
        name: (await browser.get(f"/g/{private.pk}/events")).status_code
        for name, browser in clients.items()
    }
    assert statuses == {"carol": 200, "bob": 404, "nobody": 404}
    assert (await clients["nobody"].get(f"/g/{gone.pk}/events")).status_code == 410
    assert (await clients["nobody"].get(f"/g/{uuid4()}/events")).status_code == 404
    assert (await clients["nobody"].post(f"/g/{private.pk}/events")).status_code == 405
