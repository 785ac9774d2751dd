"""Logs as JSON, one object per line on standard output, from the application and from the server alike."""

from __future__ import annotations

import json
import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

LEVELS = ("debug", "info", "warning", "error")


class JsonFormatter(logging.Formatter):
    """time (UTC), level, logger, message; the record's `fields`; and a traceback as one string."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def settings(level: str) -> dict[str, Any]:
    """A `logging.config.dictConfig` for the level; an unknown one counts as info, and is told."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
        "root": {"level": (level if level in LEVELS else "info").upper(), "handlers": ["out"]},
        "loggers": {
            "gunicorn.error": {"handlers": [], "propagate": True},
            # Says less than the application's own line, and shows queries.
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }


def configure(level: str) -> None:
    """Sets the process's logging up."""
    logging.config.dictConfig(settings(level.lower()))
    if level.lower() not in LEVELS:
        logging.getLogger(__name__).warning("LOG_LEVEL %r: must be one of %s; info is used", level, ", ".join(LEVELS))
