"""BuildKit's trace is read from its wire form."""

from __future__ import annotations

import base64

from engine.docker.trace import Trace, fields


def field(number: int, value: bytes) -> bytes:
    """One length-delimited field."""
    size, head = len(value), b""
    while size > 0x7F:
        head += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + head + bytes([size]) + value


def message(*parts: bytes) -> dict[str, str]:
    return {"id": "moby.buildkit.trace", "aux": base64.b64encode(b"".join(parts)).decode()}


def vertex(digest: str, name: str, error: str = "") -> bytes:
    body = field(1, digest.encode()) + field(3, name.encode()) + (field(7, error.encode()) if error else b"")
    return field(1, body)


def log(digest: str, text: str) -> bytes:
    return field(3, field(1, digest.encode()) + field(4, text.encode()))


def test_the_failed_instruction_keeps_its_own_last_lines() -> None:
    trace = Trace()
    assert trace.take(message(vertex("a", "[build 1/2] RUN one"))) == "[build 1/2] RUN one"
    assert trace.take(message(log("a", "first\nsecond\n"))) == "second"
    trace.take(message(vertex("b", "[other 1/1] RUN two"), log("b", "noise " * 40)))
    trace.take(message(vertex("b", "[other 1/1] RUN two", "context canceled")))
    trace.take(message(vertex("a", "[build 1/2] RUN one", "exit code: 1")))
    trace.take({"error": "failed to solve", "errorDetail": {"message": "failed to solve"}})
    assert (trace.step, trace.error, trace.lines) == ("[build 1/2] RUN one", "exit code: 1", ["first", "second"])


def test_the_image_id_comes_from_its_own_message() -> None:
    trace = Trace()
    trace.take({"id": "moby.image.id", "aux": {"ID": "sha256:1"}})
    assert trace.image_id == "sha256:1"


def test_a_cut_message_ends_quietly() -> None:
    assert list(fields(b"\x0a")) == [(1, b"")]
    assert list(fields(b"\x0b\x01")) == []
    assert list(fields(b"\x08\x96\x01\x15\x00\x00\x00\x00\x0a\x01x")) == [(1, 150), (1, b"x")]
