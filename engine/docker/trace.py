"""Reads what a build says: the classic builder's lines, and BuildKit's trace.

Source: the daemon's build stream; BuildKit's StatusResponse (moby.buildkit.v1.control.proto), of which only the fields
below are read, from the protocol buffers' wire form.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

KEPT_LINES = 20

_VERTEX, _LOG = 1, 3
_VERTEX_DIGEST, _VERTEX_NAME, _VERTEX_ERROR = 1, 3, 7
_LOG_VERTEX, _LOG_TEXT = 1, 4
_STEP = re.compile(r"^Step \d+/\d+ : (.*)$")


@dataclass
class Trace:
    """What a build has said so far."""

    image_id: str = ""
    step: str = ""
    """The instruction that runs, or that failed."""
    error: str = ""
    lines: list[str] = field(default_factory=list)
    """The last lines of output."""
    _names: dict[str, str] = field(default_factory=dict)
    _output: dict[str, list[str]] = field(default_factory=dict)

    def take(self, message: dict[str, Any]) -> str:
        """Takes one message of the stream; returns a line worth showing, or nothing."""
        if message.get("error"):
            self.error = self.error or str((message.get("errorDetail") or {}).get("message") or message["error"])
            return ""
        aux = message.get("aux")
        if message.get("id") == "moby.buildkit.trace" and isinstance(aux, str):
            return self._take_trace(base64.b64decode(aux))
        if isinstance(aux, dict) and aux.get("ID"):
            self.image_id = str(aux["ID"])
            return ""
        return self._take_text(str(message.get("stream") or message.get("status") or "").strip())

    def _take_text(self, text: str) -> str:
        match = _STEP.match(text)
        if match:
            self.step = match.group(1)
            return text
        if text and not text.startswith("--->"):
            self.lines = [*self.lines, text][-KEPT_LINES:]
            return text
        return ""

    def _take_trace(self, raw: bytes) -> str:
        shown = ""
        for number, value in fields(raw):
            if not isinstance(value, bytes):
                continue
            part = {key: item for key, item in fields(value) if isinstance(item, bytes)}
            if number == _VERTEX:
                digest, name = _text(part.get(_VERTEX_DIGEST)), _text(part.get(_VERTEX_NAME))
                if digest not in self._names and not name.startswith("[internal]"):
                    shown = name
                self._names[digest] = name
                error = _text(part.get(_VERTEX_ERROR))
                if error and "context canceled" not in error:
                    self.error, self.step = error, name
                    self.lines = self._output.get(digest, [])
            elif number == _LOG:
                said = [line for line in _text(part.get(_LOG_TEXT)).splitlines() if line.strip()]
                owner = _text(part.get(_LOG_VERTEX))
                self._output[owner] = [*self._output.get(owner, []), *said][-KEPT_LINES:]
                shown = said[-1] if said else shown
        return shown


def fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of one protocol buffer message: number and value. Ends at what it cannot read."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(raw, at)
            yield key >> 3, value
        elif kind == 2:
            size, at = _varint(raw, at)
            yield key >> 3, raw[at : at + size]
            at += size
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            return


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw):
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, at


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode(errors="replace")
