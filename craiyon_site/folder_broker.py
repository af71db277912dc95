"""Kombu's filesystem transport, for which folders that vanish are a lost connection.

Without this a worker whose message folder is removed, or who meets a message that is only half
written, ends and loads its checkpoints again; with it the folders are made anew, messages come
whole, and the consumer goes on.
"""

from pathlib import Path
from queue import Empty
from time import monotonic_ns
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Messages are files in one folder, bindings are files in another."""

    def _get(self, queue: str) -> Any:  # type: ignore[override]
        try:
            return super()._get(queue)
        except FileNotFoundError:
            make_folders(self.transport_options)
            raise Empty from None

    def _size(self, queue: str) -> int:
        make_folders(self.transport_options)
        return int(super()._size(queue))

    def _put(  # type: ignore[override]
        self, queue: str, payload: Any, **kwargs: Any
    ) -> None:
        """Writes a message beside its place and moves it there: no reader meets half of one.

        Raises:
            ChannelError: the folder takes no file.
        """
        name = uuid4().hex
        folder = Path(self.data_folder_out)
        draft = folder / f"{name}.draft"
        try:
            make_folders(self.transport_options)
            draft.write_text(dumps(payload), encoding="utf-8")
            draft.rename(folder / f"{monotonic_ns():020d}_{name}.{queue}.msg")
        except OSError as error:
            raise ChannelError(f"{folder} takes no message") from error

    def get_table(self, exchange: str) -> list[Any]:
        """What is bound to an exchange; a file that a kill left empty binds nothing."""
        try:
            return list(super().get_table(exchange))
        except ValueError:
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str | None, queue: str) -> None:
        """Writes the bindings beside their place and moves them there, one process at a time.

        Raises:
            ChannelError: the folder takes no file.
        """
        make_folders(self.transport_options)
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        bound = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        try:
            with file.with_suffix(".lock").open("a") as alone:
                filesystem.lock(alone, filesystem.LOCK_EX)  # type: ignore[attr-defined]
                table = self.get_table(exchange)
                if bound not in table:
                    draft = file.with_suffix(".draft")
                    draft.write_text(dumps([bound, *table]), encoding="utf-8")
                    draft.replace(file)
        except OSError as error:
            raise ChannelError(f"{file} cannot be written") from error

    def _lookup(self, exchange: str, routing_key: str, default: str | None = None) -> list[str]:
        """Celery names a queue's exchange and its routing key after the queue: where the binding
        is gone, the key still says where to.
        """
        if exchange and not self.get_table(exchange):
            return [routing_key]
        return list(super()._lookup(exchange, routing_key, default))

    @property
    def transport_options(self) -> dict[str, Any]:
        return options_of(self.connection)


class Transport(filesystem.Transport):
    """What the scheme `filesystem` means here."""

    Channel = Channel
    connection_errors = (*filesystem.Transport.connection_errors, OSError)

    def establish_connection(self) -> Any:
        """Connects.

        Raises:
            OSError: the folders cannot be made.
        """
        make_folders(options_of(self))
        return super().establish_connection()


def options_of(transport: Any) -> dict[str, Any]:
    """The options that the connection of a transport was made with."""
    options: dict[str, Any] = transport.client.transport_options
    return options


def make_folders(options: dict[str, Any]) -> None:
    """Makes the folders that the options name, unless they are there."""
    for name in ("data_folder_in", "data_folder_out", "control_folder"):
        Path(options[name]).mkdir(parents=True, exist_ok=True)
