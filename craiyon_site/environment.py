"""What the environment says, read with a type, a default and one clear error."""

import ipaddress
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})

T = TypeVar("T")
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Environment:
    """A mapping of variables, read by type.

    Each value may stand in NAME, or in the file that NAME_FILE names. A bad one raises
    ImproperlyConfigured with a line that names the variable and, since it may be a secret, does
    not repeat the value of a text.
    """

    variables: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """The value of NAME, else what the file NAME_FILE holds, else the default."""
        value = self.variables.get(name, "").strip()
        file = self.variables.get(f"{name}_FILE", "").strip()
        if value and file:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one of them.")
        if file:
            return _contents(f"{name}_FILE", Path(file))
        return value or default

    def flag(self, name: str, *, default: bool) -> bool:
        """True for 1, true, yes and on; False for 0, false, no and off."""
        value = self.text(name, "1" if default else "0").lower()
        if value in YES | NO:
            return value in YES
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be 1 or 0.")

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
        """A whole number from least to most."""
        value = self.text(name, str(default))
        if value.isascii() and value.isdigit() and least <= int(value) <= most:
            return int(value)
        raise ImproperlyConfigured(
            f"{name} is {value!r}: it must be a whole number from {least} to {most}."
        )

    def words(self, name: str, default: str = "") -> list[str]:
        """The parts of a list separated by commas or blanks."""
        return self.text(name, default).replace(",", " ").split()

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        """One of the choices, which are lower case."""
        value = self.text(name, default).lower()
        if value in choices:
            return value
        raise ImproperlyConfigured(f"{name} is {value!r}: it must be one of {', '.join(choices)}.")

    def networks(self, name: str) -> list[IPNetwork]:
        """A list of addresses and networks such as 10.0.0.0/8."""
        try:
            return [ipaddress.ip_network(word) for word in self.words(name)]
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}.") from error

    def parsed(self, name: str, parse: Callable[[str], T], default: str = "") -> T:
        """What `parse` makes of the value; the sentence of its ValueError follows the name."""
        try:
            return parse(self.text(name, default))
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {error}") from error


def guessable(secret: str) -> bool:
    """Whether a secret is short, monotonous, repeats itself or was never changed.

    The first two are what Django's own check of a deployment asks for.
    """
    repeats = secret in (secret + secret)[1:-1]
    unchanged = secret.startswith("django-insecure-") or "change" in secret.lower()
    return len(secret) < 50 or len(set(secret)) < 8 or repeats or unchanged


def writable(folder: Path) -> Path:
    """Returns the folder, made if need be.

    Raises:
        ImproperlyConfigured: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"{folder} cannot be made: {error.strerror}.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{folder} cannot be written. CRAIYON_DATA names another place.")
    return folder


def kept(file: Path | None) -> str:
    """Returns what a file of the site's own holds, or the empty text where there is none."""
    return _contents(file.name, file) if file is not None and file.exists() else ""


def kept_secret(file: Path) -> str:
    """Returns the secret in a file that only its owner may read, made at the first call."""
    if not file.exists():
        draft = writable(file.parent) / f"{file.name}.{os.getpid()}"
        try:
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(50), encoding="ascii")
            sync(draft)  # An empty file after a power cut would stop every later start.
            # A link is made whole or not at all, and never over what another process made.
            with suppress(FileExistsError):
                file.hardlink_to(draft)
        except OSError as error:
            raise ImproperlyConfigured(f"{file} cannot be made: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
    return _contents("SECRET_KEY", file)


def sync(path: Path) -> None:
    """Writes a file, or the names in a folder, to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _contents(name: str, file: Path) -> str:
    try:
        value = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name} names {file}, which cannot be read: {error}."
        ) from error
    if not value:
        raise ImproperlyConfigured(f"{name} names {file}, which is empty.")
    return value
