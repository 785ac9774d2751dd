"""The stack's lock, shared with the CLI: one update at a time.

Source: pkg/backend/diy/lock.go: check, write, check again. Beyond the CLI, a lock whose process is dead on this very
host is broken, and said so.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.backend.checkpoint import now
from engine.errors import LOCKED, UNAVAILABLE, EngineError
from engine.files import write_atomic


@contextmanager
def locked(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock in `folder`. Raises EngineError (75) where another process holds it."""
    own = folder / f"{uuid.uuid4()}.json"
    _refuse_others(folder, own, say)
    content = {
        "pid": os.getpid(), "username": _user(), "hostname": socket.gethostname(), "timestamp": now(),
        "started": _started(os.getpid()), "namespace": _namespace(),
    }  # fmt: skip
    waiting = folder.with_name(own.name)  # whatever is in the folder is a lock to the CLI, half-written ones too
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(waiting, json.dumps(content, separators=(",", ":")).encode())
        waiting.replace(own)
    except OSError as err:
        raise EngineError(f"the lock {own} cannot be written: {err.strerror}", UNAVAILABLE) from err
    try:
        _refuse_others(folder, own, say)
        yield
    finally:
        own.unlink(missing_ok=True)


def remove_all(folder: Path) -> int:
    """Removes every lock, as `cancel` does, with what else is in their folder; the number removed."""
    files = [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def is_held(folder: Path) -> bool:
    """Whether a process that may be alive holds a lock in `folder`."""
    return any(not _dead(lock) for _, lock in _locks(folder))


def _locks(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(folder.glob("*.json")):
        try:
            lock = json.loads(file.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            lock = {}
        yield file, lock if isinstance(lock, dict) else {}


def _refuse_others(folder: Path, own: Path, say: Callable[[str], None]) -> None:
    held = []
    for file, lock in _locks(folder):
        if file == own:
            continue
        if _dead(lock):
            say(f"the lock of process {lock['pid']}, which is dead, is removed ({file})")
            file.unlink(missing_ok=True)
        else:
            held.append((file, lock))
    if held:
        lines = [
            f"  {file}: created by {lock.get('username', '?')}@{lock.get('hostname', '?')} "
            f"(pid {lock.get('pid', '?')}) at {lock.get('timestamp', '?')}"
            for file, lock in held
        ]
        raise EngineError(
            f"the stack is currently locked by {len(held)} lock(s): another update is running. Wait for it to end; "
            "if none runs any more, remove the lock with `cancel`\n" + "\n".join(lines),
            LOCKED,
        )


def _dead(lock: dict[str, Any]) -> bool:
    """Whether the lock's process is gone from this host (or its number belongs to another process by now)."""
    pid = lock.get("pid")
    if lock.get("hostname") != socket.gethostname() or not isinstance(pid, int) or pid <= 0:
        return False
    if lock.get("namespace", "") not in ("", _namespace()):
        return False  # a container of the same host name: its process numbers mean nothing here
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    started = lock.get("started")
    return bool(started) and started != _started(pid)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return str(os.getuid())


def _namespace() -> str:
    """The process namespace, without which a process number says nothing; empty where unknown."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine's boot, with the boot's id; empty where unknown."""
    try:
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, IndexError):
        return ""
    return f"{boot}/{ticks}"
