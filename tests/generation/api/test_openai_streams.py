"""A stream in OpenAI's dialect keeps its job from the retries of others."""

from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync

from generation import clock
from generation.api.openai import calls, streaming
from generation.models import Call

pytestmark = pytest.mark.django_db


def test_a_stream_says_again_and_again_that_somebody_waits(program, monkeypatch):
    waited_until = []

    async def news(*_):
        for _number in range(2):
            yield None

    def noted(call: Call) -> None:
        Call.objects.update(waited_until=clock.now())  # as when the gateways' limit is over
        stay(call)
        waited_until.append(Call.objects.get().waited_until)

    # What waits lets go of its connection; here it is the one that holds the test's rows.
    monkeypatch.setattr("generation.api.endpoint.connection", SimpleNamespace(close=lambda: None))
    stay = calls.stay
    monkeypatch.setattr(calls, "stay", noted)
    monkeypatch.setattr(streaming, "followed", news)
    monkeypatch.setattr(streaming, "STAYS_EVERY", -1)
    answer = program.post("/v1/images/generations", {"prompt": "a fox", "stream": True})
    async_to_sync(_read)(answer)
    assert len(waited_until) == 2
    assert min(waited_until) > clock.now()
    assert Call.objects.get().waited_until is None  # it has ended: a retry may join its job


async def _read(answer) -> list[bytes]:
    return [part async for part in answer.streaming_content]
