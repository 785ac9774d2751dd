"""Writing files so that a reader sees the old or the new content, whenever the writer is killed."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_atomic(path: Path, content: bytes, mode: int | None = None) -> None:
    """Replaces `path` by a flushed temporary file beside it; folders are made (0700) where missing.

    `mode` defaults to that of the file replaced, else 0600. Raises OSError, and leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if mode is None:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    target = path.resolve()  # a link is kept, and what it points to replaced
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Flushes a folder, so that names made or removed in it survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
