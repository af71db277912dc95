"""Structured logs: one JSON object a line, with the request id from the click to the picture.

The middleware binds ``request_id`` in structlog's context, and submit stores it with the job. Every
line of a worker about a job carries the job's own, whatever else shares its call. While a job is
delivered its id is bound again, so that records of the standard library get it too.
"""

import logging
from typing import Any

import structlog
from django.utils.log import CallbackFilter
from structlog.typing import EventDict, Processor, WrappedLogger

SECRETS = frozenset({"cookie", "cookies", "authorization", "password", "secret", "token", "prompt"})
"""What a line never holds: the value is left out, whoever logs it."""

QUIET = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds by machines, and of no interest to anybody who reads the log."""


def configuration(level: str, form: str) -> dict[str, Any]:
    """Returns Django's LOGGING and tells structlog to write through the same handler.

    Args:
        level: debug, info, warning or error.
        form: ``json`` for machines, ``text`` for a person's terminal.
    """
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    quiet = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "asked by people": {"()": CallbackFilter, "callback": _asked_by_people},
        },
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *_written(form),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django": quiet,
            "django.server": quiet,
            # The middleware writes one line a request; this one would repeat each 4xx.
            "django.request": {**quiet, "level": "ERROR", "filters": ["asked by people"]},
            "django.db.backends": {**quiet, "level": "INFO"},
            # Two lines for each call, with what was sent in them at DEBUG.
            "stripe": {**quiet, "level": "WARNING"},
            "uvicorn": quiet,
            "uvicorn.error": quiet,
            "uvicorn.access": {**quiet, "level": "WARNING"},
            "celery.app.trace": {**quiet, "level": "WARNING"},
            "celery.beat": {**quiet, "level": "WARNING"},
            "celery.worker.strategy": {**quiet, "level": "WARNING"},
            "botocore": {**quiet, "level": "WARNING"},
            "httpx": {**quiet, "level": "WARNING"},
            # Every answer's head, with the cookies in it.
            "httpcore": {**quiet, "level": "WARNING"},
        },
    }


def _asked_by_people(record: logging.LogRecord) -> bool:
    return getattr(getattr(record, "request", None), "path", "") not in QUIET


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(allow=()),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _without_secrets,
    ]


def _written(form: str) -> list[Processor]:
    if form == "text":
        return [structlog.dev.ConsoleRenderer(colors=False)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]


def _without_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in SECRETS & event.keys():
        event[name] = "…"
    return event
