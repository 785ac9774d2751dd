"""Processes that outlive the command that started them, found again by a record and never mistaken for others.

A record is a JSON file {"pid": 123, "start": 456, "boot": "<uuid>"}: a process id, the start time of that process in
clock ticks since boot (field 22 of /proc/<pid>/stat, see proc(5)), and the kernel's boot id.
"""

from __future__ import annotations

import json
import os
import select
import signal
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def pid(record: Path) -> int | None:
    """The process id in `record` if that very process still runs, else None."""
    handle = _open(record)
    if handle is None:
        return None
    try:
        return int(json.loads(record.read_text())["pid"])
    except FileNotFoundError:
        return None
    finally:
        os.close(handle)


def end(record: Path, grace: float) -> None:
    """End the process in `record`: by SIGTERM, and after `grace` seconds by SIGKILL. Returns when it is gone.

    Where `unshare` is its parent, that is waited for as well: it holds the same mount namespace.
    """
    handle = _open(record)
    if handle is None:
        return
    parent = _unshare(record)
    try:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _gone(handle, grace):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            _gone(handle, 10.0)
        if parent is not None:
            _gone(parent, 2.0)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)
        if parent is not None:
            os.close(parent)


def _open(record: Path) -> int | None:
    """A pidfd of the process in `record`, or None if it has ended."""
    try:
        entry = json.loads(record.read_text())
        if entry["boot"] != BOOT.read_text().strip():
            return None
        handle = os.pidfd_open(entry["pid"])
    except (FileNotFoundError, ProcessLookupError, ValueError, KeyError):
        return None
    stat = _stat(entry["pid"])
    if _gone(handle, 0) or stat is None or int(stat[21]) != entry["start"]:
        os.close(handle)
        return None
    return handle


def _gone(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _unshare(record: Path) -> int | None:
    stat = _stat(json.loads(record.read_text())["pid"])
    parent = _stat(int(stat[3])) if stat else None
    if parent is None or parent[1] != "unshare":
        return None
    try:
        return os.pidfd_open(int(parent[0]))
    except ProcessLookupError:
        return None


def _stat(process: int) -> list[str] | None:
    """The fields of /proc/<process>/stat: [0] is the pid, [1] the name, [3] the parent, [21] the start time."""
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    return [str(process), name, *text[text.rindex(")") + 2 :].split()]
