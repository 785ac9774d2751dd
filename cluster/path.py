"""PATH, with the folders where Debian keeps daemons and its own tools: an ordinary user's PATH lacks these."""

from __future__ import annotations

import os
import shutil

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def search_path() -> str:
    """PATH with SBIN at its end."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN])


def which(command: str) -> str | None:
    """Where `command` is on `search_path()`; None when it isn't."""
    return shutil.which(command, path=search_path())
