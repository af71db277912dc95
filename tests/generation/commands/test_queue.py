"""The queue at a glance."""

import json
import re
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from generation import services
from generation.models import Job, Lane, Worker
from generation.queue.paces import observe
from tests.generation.queue.cast import a_checkpoint, a_visitor, allow_everything, ask, claimed

pytestmark = pytest.mark.django_db


def queue(capsys: pytest.CaptureFixture[str]) -> str:
    call_command("queue")
    return capsys.readouterr().out


def queue_as_json(capsys: pytest.CaptureFixture[str]) -> dict:
    call_command("queue", "--json")
    return json.loads(capsys.readouterr().out)


def a_worker(name: str, *, seen: float = 1, **columns) -> Worker:
    now = timezone.now()
    return Worker.objects.create(**{
        "id": name, "kind": "paint", "host": "easel", "pid": 1, "checkpoints": ["ink"],
        "state": "drawing", "started": now - timedelta(hours=2),
        "seen_at": now - timedelta(seconds=seen), **columns,
    })  # fmt: skip


def test_an_empty_queue_says_so(capsys):
    assert queue(capsys).split("\n\n") == [
        "Nothing was ever asked for.",
        "There is no worker.",
        "0 waiting, 0 being drawn.\n",
    ]
    assert queue_as_json(capsys) == {
        "waiting": 0, "drawing": 0, "oldest": None, "lanes": [], "workers": [],
    }  # fmt: skip


def test_the_audit_of_an_empty_site_is_clean(capsys):
    call_command("audit", "--files")
    assert "checks hold." in capsys.readouterr().out


def test_a_lane_shows_what_waits_and_how_much_work_it_is(capsys):
    allow_everything()
    alice, bob = a_visitor(), a_visitor()
    ask(alice, count=2)
    ask(bob, count=3)
    ask(None, count=1)
    paid, free = queue_as_json(capsys)["lanes"]
    assert (paid["tier"], paid["waiting"]) == ("paid", 1)
    assert (free["tier"], free["waiting"]) == ("free", 2)
    assert free["pixel_steps"] == 5 * 64 * 64 * 4


def test_the_wait_is_that_of_a_newcomer_as_submit_would_quote_it(capsys):
    allow_everything()
    a_worker("easel:1")
    observe("paint", "ink", width=64, height=64, steps=4, images=9, seconds=9.0)
    for _ in range(4):
        ask(a_visitor(), count=9)
    wait = queue_as_json(capsys)["lanes"][1]["wait"]
    quoted = ask(a_visitor(), count=1)
    assert wait["low"] == pytest.approx(quoted.quoted_low, rel=0.05)
    assert wait["high"] == pytest.approx(quoted.quoted_high, rel=0.05)
    assert 30 < wait["low"] < wait["high"] < 120


def test_a_lane_whose_checkpoint_is_not_offered_any_more_has_no_wait(capsys, offered):
    ask(None)
    offered["oil"] = a_checkpoint("oil")
    del offered["ink"]
    assert "not offered" in queue(capsys)
    assert queue_as_json(capsys)["lanes"][0]["wait"] is None


def test_workers_are_alive_or_have_vanished_and_those_that_stopped_are_left_out(capsys):
    a_worker("alive")
    a_worker("vanished", seen=60)
    a_worker("stopped", state="stopped")
    a_worker("forgotten", seen=2 * 86400)
    told = {worker["id"]: worker["alive"] for worker in queue_as_json(capsys)["workers"]}
    assert told == {"alive": True, "vanished": False}


def test_a_worker_is_shown_with_what_it_does(capsys):
    a_worker("easel:1:abc", seen=3, checkpoints=["ink", "oil"], kind="")
    row = next(line for line in queue(capsys).splitlines() if line.startswith("easel:1:abc"))
    assert re.split(r"\s{2,}", row) == [
        "easel:1:abc", "yes", "drawing", "ink, oil", "3 s ago", "not known yet",
    ]  # fmt: skip


def test_a_checkpoint_that_could_not_be_loaded_is_told_with_its_reason(capsys):
    a_worker("easel", state="broken", kind="", broken={"ink": "ink holds no model_index.json"})
    a_worker("gone", seen=60, broken={"ink": "what it was yesterday"})
    told = queue(capsys)
    assert re.search(r"easel +yes +broken +ink", told)
    assert "\n\nink is broken on easel: ink holds no model_index.json\n\n" in told
    assert "yesterday" not in told


def test_the_oldest_is_what_waits_longest_or_is_drawn_longest(capsys):
    allow_everything()
    first, second = ask(a_visitor()), ask(a_visitor())
    an_hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(pk=first.pk).update(created=an_hour_ago)
    oldest = queue_as_json(capsys)["oldest"]
    assert (oldest["id"], oldest["status"]) == (str(first.pk), "queued")
    assert oldest["age"] == pytest.approx(3600, abs=60)
    claimed("easel:1", room=9)
    assert "The oldest was asked for 60 min ago" in queue(capsys)
    assert f"{first.pk} (ink, free), drawn by easel:1." in queue(capsys)
    services.cancel(first)
    assert queue_as_json(capsys)["oldest"]["id"] == str(second.pk)


def test_a_failed_attempt_of_the_oldest_is_told(capsys):
    ask(None)
    services.fail(claimed(), "drawing_failed")
    assert "waiting for attempt 2." in queue(capsys)


def test_what_is_drawn_is_counted_and_does_not_wait(capsys):
    ask(None)
    claimed()
    ask(None)
    told = queue_as_json(capsys)
    assert (told["waiting"], told["drawing"]) == (1, 1)
    assert Lane.objects.get(tier=1).waiting == 1


def test_a_broken_manifest_is_told_in_one_line(monkeypatch):
    def offered() -> None:
        raise ImproperlyConfigured("CHECKPOINTS: no checkpoint is called crayon; there are ink")

    ask(None)
    monkeypatch.setattr("generation.catalogue.offered", offered)
    with pytest.raises(CommandError, match=r"^CHECKPOINTS: no checkpoint is called crayon"):
        call_command("queue")


@pytest.mark.parametrize("command", ["queue", "audit"])
def test_without_tables_one_line_says_what_to_run(command):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'generation'")
    with pytest.raises(CommandError, match=r"run script/run or manage\.py migrate"):
        call_command(command)
