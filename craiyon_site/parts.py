"""The parts that one address each exchanges: database, broker, cache, files, mail.

Each function turns an address into what Django or Celery wants for it; the empty address means the
part that comes along. A wrong address raises ValueError with a sentence for the operator, in which
no password can stand.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import dj_database_url
from botocore.config import Config

from craiyon_site.environment import writable

CONNECTIONS = 8
"""PostgreSQL connections that one process keeps at most."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""What only this machine can reach."""

FOLDERS = (("masters", "masters"), ("default", "renditions"), ("exports", "exports"))
"""Each storage, and the folder or the beginning of the names that is its own."""

BROKER_LIMIT = 2
"""Seconds that a submit waits for a broker that does not answer."""


def site(url: str) -> SplitResult:
    """The parts of the site's own address."""
    address = _split(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError(f"{url!r} must look like https://example.org.")
    return address


def database(url: str, folder: Path) -> dict[str, Any]:
    """Django's settings of a database: postgresql://…, sqlite:///FILE, or one in a folder."""
    if not url:
        return _sqlite({"NAME": str(writable(folder) / "craiyon.sqlite3")})
    match _split(url).scheme:
        case "postgres" | "postgresql":
            return _postgresql(url)
        case "sqlite":
            return _sqlite({**dj_database_url.parse(url)})
        case other:
            raise _unknown(other, "postgresql://USER:PASSWORD@HOST/NAME, sqlite:///FILE")


def _postgresql(url: str) -> dict[str, Any]:
    settings: dict[str, Any] = {**dj_database_url.parse(url)}
    settings["CONN_HEALTH_CHECKS"] = True
    settings["OPTIONS"] = {
        "application_name": "craiyon",
        "connect_timeout": 5,
        # A server that vanished without a word is noticed within some fifteen seconds.
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 15_000,  # while something that was sent is not acknowledged
        **settings.get("OPTIONS", {}),
        "pool": {"min_size": 1, "max_size": CONNECTIONS, "timeout": 5},
    }
    return settings


def _sqlite(place: dict[str, Any]) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        **place,
        "OPTIONS": {
            "timeout": 20,
            # A transaction that writes takes its lock at the start, where waiting for it works.
            "transaction_mode": "IMMEDIATE",
            # FULL: a commit survives the plug being pulled. NORMAL may lose the last ones.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


SIGN_IN_ADDRESSES = {"google": "https://accounts.google.com", "github": "https://github.com"}
"""Where people are sent who sign in with an account of another site."""


@dataclass(frozen=True)
class Broker:
    """Where Celery's messages go."""

    url: str
    options: dict[str, Any]


def broker(url: str, folder: Path) -> Broker:
    """The broker at redis://… or amqp://…, by default files in a folder."""
    url = url or "filesystem://localhost//"
    # Without a bound on retries Celery would hold a submit until the broker is back.
    once = {"max_retries": 0, "interval_start": 0, "connect_retries_timeout": BROKER_LIMIT}
    match _split(url).scheme:
        case "filesystem":
            return Broker(url, {**once, **_message_folders(folder)})
        case "redis" | "rediss":
            sockets = {
                "socket_connect_timeout": BROKER_LIMIT,
                "socket_timeout": 2.5,  # above the second that a worker's BRPOP waits
                "retry_on_timeout": False,
            }
            return Broker(url, {**once, **sockets})
        case "amqp" | "amqps":
            return Broker(url, {**once, "read_timeout": 5.0, "write_timeout": BROKER_LIMIT})
        case other:
            raise _unknown(other, "redis://HOST:6379/0, amqp://USER:PASSWORD@HOST//")


def _message_folders(folder: Path) -> dict[str, Any]:
    messages = str(writable(folder / "messages"))
    return {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(writable(folder / "control")),
        "polling_interval": 0.2,
    }


def cache(url: str) -> dict[str, Any]:
    """Django's settings of a cache: redis://…, by default a table of the database."""
    if not url:
        return {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    if _split(url).scheme in {"redis", "rediss"}:
        return {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": url,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
    raise _unknown(_split(url).scheme, "redis://HOST:6379/1")


def storage(url: str, folder: Path, **credentials: str) -> dict[str, dict[str, Any]]:
    """The storages of files: private ``masters`` and ``exports``, ``default`` for what is shown.

    Args:
        url: ``s3://BUCKET?endpoint=ADDRESS&region=NAME``, ``file:///FOLDER``, or empty.
        folder: for the files when the address is empty.
        credentials: access_key and secret_key of S3; empty ones are looked for by boto3 itself.
    """
    if not url:
        return _folders(folder)
    address = _split(url)
    match address.scheme:
        case "file" if not address.netloc and address.path.startswith("/"):
            return _folders(Path(unquote(address.path)))
        case "file":
            raise ValueError("a folder is named from the root: file:///FOLDER.")
        case "s3":
            return _buckets(address, credentials)
        case other:
            raise _unknown(other, "s3://BUCKET?endpoint=ADDRESS, file:///FOLDER")


def _folders(folder: Path) -> dict[str, dict[str, Any]]:
    return {
        alias: {
            "BACKEND": "craiyon_site.durable.DurableFiles",
            "OPTIONS": {"location": writable(folder / name)},
        }
        for alias, name in FOLDERS
    }


def _buckets(address: SplitResult, credentials: dict[str, str]) -> dict[str, dict[str, Any]]:
    query = dict(parse_qsl(address.query))
    endpoint, region = query.pop("endpoint", None), query.pop("region", None)
    if query:
        raise ValueError(f"{', '.join(query)} is unknown: an s3:// address takes endpoint, region.")
    if not address.hostname or address.path.strip("/") or address.username:
        raise ValueError("it must look like s3://BUCKET?endpoint=ADDRESS.")
    options: dict[str, Any] = {
        "bucket_name": address.hostname,
        "endpoint_url": endpoint,
        "region_name": region,
        "default_acl": None,
        "querystring_auth": True,
        "querystring_expire": 60,
        "file_overwrite": False,
        "client_config": Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"total_max_attempts": 3, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
        ),
        **{name: value for name, value in credentials.items() if value},
    }
    return {
        alias: {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {**options, "location": name},
        }
        for alias, name in FOLDERS
    }


def mail(url: str) -> dict[str, Any]:
    """Django's settings of mail: smtp://USER:PASSWORD@HOST:PORT, smtps://…, or the console."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    address = _split(url)
    if address.scheme not in {"smtp", "smtps"} or not address.hostname:
        raise _unknown(address.scheme, "smtp://USER:PASSWORD@HOST:587, smtps://…@HOST:465")
    safe = address.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": address.hostname,
        "EMAIL_PORT": address.port or (465 if safe else 587),
        "EMAIL_HOST_USER": unquote(address.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(address.password or ""),
        "EMAIL_USE_SSL": safe,
        "EMAIL_USE_TLS": not safe and bool(address.username),
        "EMAIL_TIMEOUT": 10,
    }


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, since a wrong one raises only when it is read
    except ValueError as error:
        raise ValueError("it is no address.") from error
    return parts


def _unknown(scheme: str, known: str) -> ValueError:
    return ValueError(f"{scheme or 'an address without a scheme'} is unknown here; known: {known}.")
