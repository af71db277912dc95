"""The broker that comes along loses nothing but bells when its folders vanish."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

from craiyon_site import parts
from craiyon_site.folder_broker import Channel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    broker = parts.broker("", folder)
    with Connection(broker.url, transport_options=broker.options) as made:
        assert type(made.transport).__module__ == "craiyon_site.folder_broker"
        yield made


def sent_and_heard(connection: Connection) -> str:
    queue = Queue("chores", exchange="chores", routing_key="chores")
    connection.Producer(auto_declare=False).publish(
        "sweep", exchange="chores", routing_key="chores", serializer="json"
    )
    message = queue.bind(connection.default_channel).get(no_ack=True)
    return str(message.payload) if message else ""


def test_messages_go_through_before_and_after(connection: Connection, folder: Path) -> None:
    Queue("chores", exchange="chores", routing_key="chores")(connection.default_channel).declare()
    assert sent_and_heard(connection) == "sweep"
    shutil.rmtree(folder)
    assert sent_and_heard(connection) == "sweep"


def test_an_empty_folder_that_vanished_holds_no_message(
    connection: Connection, folder: Path
) -> None:
    queue = Queue("chores", exchange="chores", routing_key="chores")(connection.default_channel)
    queue.declare()
    shutil.rmtree(folder)
    assert queue.get(no_ack=True) is None


def test_folders_that_cannot_be_made_are_a_lost_connection(
    connection: Connection, folder: Path
) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file in its place")
    with pytest.raises(OperationalError):
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=1)


def test_no_reader_meets_half_a_message(
    connection: Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message has no name that readers look for until all of it is written."""
    queue = Queue("chores", exchange="chores", routing_key="chores")(connection.default_channel)
    queue.declare()
    drafts: list[tuple[str, list[Path]]] = []
    rename = Path.rename

    def watched(self: Path, target: Path) -> Path:
        drafts.append((self.read_text(), list(folder.glob("messages/*.msg"))))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", watched)
    assert sent_and_heard(connection) == "sweep"
    [(whole, named)] = drafts
    assert json.loads(whole)["properties"]
    assert named == []


def test_a_binding_that_a_kill_left_empty_is_made_again(
    connection: Connection, folder: Path
) -> None:
    channel = cast(Channel, connection.default_channel)
    channel._queue_bind("chores", "chores", "", "chores")
    [bindings] = folder.glob("**/chores.exchange")
    bindings.write_text("")
    assert sent_and_heard(connection) == "sweep"
    channel._queue_bind("chores", "chores", "", "chores")
    assert json.loads(bindings.read_text()) == [["chores", "", "chores"]]


def test_queues_bound_at_once_are_all_bound(connection: Connection, folder: Path) -> None:
    channel = cast(Channel, connection.default_channel)
    names = [f"queue-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: channel._queue_bind("chores", name, "", name), names))
    assert sorted(row.queue for row in channel.get_table("chores")) == sorted(names)
