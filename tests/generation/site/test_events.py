"""The stream of a grid's news, as a browser reads it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient

from accounts.models import Owner, Plan, User, Visitor
from generation import services
from generation.events import the_hub
from generation.models import Job, Worker
from generation.queue import deletion
from tests.generation.site.cast import ask, claimed, client_of, easel

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PATIENCE = 60.0
"""Seconds in which a stream says something, on a machine that does much else."""


async def opened(job: Job, headers: dict[str, str] | None = None) -> Any:
    return await AsyncClient().get(f"/g/{job.pk}/events", headers=headers or {})


async def events(response: Any) -> AsyncIterator[tuple[str, str]]:
    """Yields name and data of each event; those that the page shows have no name."""
    async for part in response.streaming_content:
        fields: dict[str, str] = {}
        for line in part.decode().splitlines():
            name, _, value = line.partition(": ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        if fields.keys() & {"event", "data"}:
            yield fields.get("event", ""), fields["data"]


async def test_says_what_changes_until_the_end() -> None:
    job = await sync_to_async(ask)(None)
    response = await opened(job)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    async with asyncio.timeout(PATIENCE):
        said = events(response)
        name, news = await anext(said)
        assert name == ""
        assert "1st" in news
        assert "It starts" in news
        held = await sync_to_async(claimed)(job, progress=0.42)
        _, news = await anext(said)
        assert '<progress max="100" value="42"' in news
        assert "42% drawn." in news
        await sync_to_async(services.cancel)(held)
        assert await anext(said) == ("done", "done")
        assert [more async for more in said] == []
    assert not the_hub().watched


async def test_says_what_the_page_shows() -> None:
    job = await sync_to_async(ask)(None)
    async with asyncio.timeout(PATIENCE):
        _, news = await anext(events(await opened(job)))
    page = (await AsyncClient().get(f"/g/{job.pk}")).content.decode()
    assert "".join(news.split()) in "".join(page.split())


async def test_of_a_grid_that_has_ended_says_so_and_ends() -> None:
    job = await sync_to_async(ask)(None)
    await sync_to_async(services.cancel)(job)
    async with asyncio.timeout(PATIENCE):
        said = [event async for event in events(await opened(job))]
    assert said == [("done", "done")]


@pytest.mark.parametrize("end", [services.erase, deletion.delete])
async def test_of_a_grid_that_is_deleted_meanwhile_ends(end: Callable[[Job], object]) -> None:
    job = await sync_to_async(ask)(None)
    async with asyncio.timeout(PATIENCE):
        said = events(await opened(job))
        await anext(said)
        await sync_to_async(end)(job)
        assert [name async for name, _ in said] == ["done"]


async def test_where_nothing_happens_it_says_so_once_more_and_the_promise_comes_nearer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("generation.events.stream.__kwdefaults__", {"keep_alive": 0.2})
    await sync_to_async(easel)()
    job = await sync_to_async(ask)(None)
    await Job.objects.filter(pk=job.pk).aupdate(quoted_low=2, quoted_high=40)
    async with asyncio.timeout(PATIENCE):
        said = events(await opened(job))
        first = promised((await anext(said))[1])
        assert 0 < first <= 40
        while (nearer := promised((await anext(said))[1])) == first:
            pass
        assert nearer < first


def promised(news: str) -> int:
    """The seconds within which it starts; none where that may be at any moment."""
    if "It starts any moment." in news:
        return 0
    found = re.search(r"It starts within (\d+) seconds\.", news)
    assert found, news
    return int(found[1])


async def test_says_when_somebody_draws_again() -> None:
    job = await sync_to_async(ask)(None)
    async with asyncio.timeout(PATIENCE):
        said = events(await opened(job))
        assert "No machine is drawing" in (await anext(said))[1]
        worker = await sync_to_async(easel)("loading", kind="")
        assert "The model is being loaded" in (await anext(said))[1]
        await Worker.objects.filter(pk=worker.pk).aupdate(state="ready", kind="paint")
        assert "It starts" in (await anext(said))[1]


async def test_speaks_the_browsers_language() -> None:
    job = await sync_to_async(ask)(None)
    async with asyncio.timeout(PATIENCE):
        said = events(await opened(job, {"Accept-Language": "fr"}))
        assert "1er" in (await anext(said))[1]


async def test_is_not_there_for_whom_the_grid_is_not() -> None:
    def made() -> tuple[Job, list[Job], dict[str, AsyncClient]]:
        carol = User.objects.create(username="carol", plan_id=Plan.PREMIUM)
        private = ask(carol, visibility=Job.Visibility.PRIVATE)
        gone = [ask(None), ask(None)]
        services.erase(gone[0])
        deletion.delete(gone[1])
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
    for job in gone:
        assert (await clients["nobody"].get(f"/g/{job.pk}/events")).status_code == 410
    assert (await clients["nobody"].get(f"/g/{uuid4()}/events")).status_code == 404
    assert (await clients["nobody"].post(f"/g/{private.pk}/events")).status_code == 405
