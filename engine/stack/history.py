"""`stack history`: the stack's updates, newest first, printed as the CLI prints them.

Source: pkg/cmd/pulumi/stack/stack_history.go; the times are those of github.com/dustin/go-humanize.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any, Final

from engine.backend.checkpoint import path_of
from engine.printable import printable
from engine.stack.stackref import Stack
from engine.workspace.config import as_text
from engine.workspace.stackconfig import holds_secure

_UNITS: Final = (
    ("year", 31_104_000), ("month", 2_592_000), ("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60),
    ("second", 1),
)  # fmt: skip


def print_history(stack: Stack, arguments: Any) -> int:
    """Prints one page of the history (`--page-size 0`: all of it); its exit code."""
    path_of(stack.backend, stack.name)
    size, page = max(0, arguments.page_size), max(1, arguments.page)
    updates = stack.backend.history(stack.name, *((page - 1) * size, size) if size else ())
    if arguments.json:
        print(json.dumps([_json(update) for update in updates], indent=2, ensure_ascii=False))
    elif not updates:
        print(f"No stack updates found on page '{page}'" if page > 1 else "Stack has never been updated")
    else:
        for update in updates:
            print(printable(_text(update, full_dates=arguments.full_dates)))
    return 0


def _json(update: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": update.get("version", 0),
        "kind": update["kind"],
        "startTime": _stamp(update["startTime"]),
        "message": update.get("message", ""),
        "environment": dict(sorted((update.get("environment") or {}).items())),
        "config": {key: _value(value) for key, value in sorted((update.get("config") or {}).items())},
        "result": update["result"],
        "endTime": _stamp(update["endTime"]),
        "resourceChanges": dict(sorted((update.get("resourceChanges") or {}).items())),
    }


def _stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _value(raw: Any) -> dict[str, Any]:
    if holds_secure(raw):
        return {"secret": True}
    if isinstance(raw, dict | list):
        return {"value": as_text(raw), "objectValue": raw, "secret": False}
    return {"value": as_text(raw), "secret": False}


def _text(update: dict[str, Any], *, full_dates: bool) -> str:
    began = update["startTime"]
    changes = update.get("resourceChanges") or {}
    counts = "".join(
        f"{sign}{changes.get(op, 0)}" for op, sign in (("create", "+"), ("delete", "-"), ("update", "~"), ("same", " "))
    )
    when = f"{datetime.fromtimestamp(began).astimezone():%Y-%m-%d %H:%M:%S %z %Z}" if full_dates else ago(began)
    lines = [
        f"Version: {update.get('version', 0)}",
        f"UpdateKind: {update['kind']}",
        f"Status: {update['result']}",
        f"Message: {update.get('message', '')}",
        f"{counts} Updated {when} took {_duration(update['endTime'] - began)}",
    ]
    environment = sorted((update.get("environment") or {}).items())
    return "\n".join([*lines, *(f"    {key}: {value}" for key, value in environment if value.strip()), ""])


def ago(began: int) -> str:
    """How long ago a time in seconds was: `2 hours ago`."""
    seconds = int(time.time()) - began
    for unit, length in _UNITS:
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "now"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{rest}s"
