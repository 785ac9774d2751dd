"""Which commit the application's source is at."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

UNKNOWN: Final = "unknown"
"""Stands for a source that no commit describes."""


def revision(folder: Path) -> str:
    """The last commit (40 hex digits) that touched the folder; `unknown` when it is dirty or git knows nothing of it.

    Commits elsewhere do not change it, so they cause no build and no rollout.
    """
    if _git(folder, "status", "--porcelain", "--", ".") != "":
        return UNKNOWN
    return _git(folder, "log", "-1", "--format=%H", "--", ".") or UNKNOWN


def _git(folder: Path, *args: str) -> str | None:
    """What git prints; None when there is no git, no repository, or no answer."""
    # Optional locks are for the user's own git commands: this only looks.
    command = ["git", "--no-optional-locks", "-C", str(folder), *args]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
