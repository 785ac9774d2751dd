"""What the history says about the commit that an update ran at: the CLI's own keys.

Source: addVCSMetadata in pkg/cmd/pulumi/metadata/metadata.go, TryGetVCSInfo in sdk/go/common/util/gitutil/git.go.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

TIMEOUT = 5
"""Seconds that git may take for all its answers; those that do not come in time are left out."""
_REDIRECTS: Final = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
"""What leads git elsewhere than to the repository around the folder, as in a hook."""
_HOSTED = re.compile(r"(?:https?://(?:[^@/]*@)?(?P<web>[^@/]+)/|git@(?P<ssh>[^@/:]+):)(?P<path>.+)")
"""`https://host/owner/repo.git` or `git@host:owner/repo.git`; a password is in no group."""
_COMMIT: Final = {
    "git.head": "%H", "git.committer": "%cn", "git.committer.email": "%ce", "git.author": "%an",
    "git.author.email": "%ae",
}  # fmt: skip


def describe(folder: Path) -> tuple[dict[str, str], str]:
    """The keys `git.*` and `vcs.*` for the repository around a folder, and the title of its newest commit.

    Both are empty where there is no git or no repository: an update does not fail for that.
    """
    ask = partial(_git, folder, time.monotonic() + TIMEOUT)
    found = _remote(ask)
    commit = ask("-c", "log.showSignature=false", "log", "-1", f"--format={'%n'.join(_COMMIT.values())}%n%B")
    values = commit.split("\n")
    if not commit:
        return found, ""
    found |= dict(zip(_COMMIT, values, strict=False))
    title = next((line.strip() for line in values[len(_COMMIT) :] if line.strip()), "")
    for line in filter(None, ask("status", "--porcelain=v2", "--branch", "-z").split("\0")):
        header, _, branch = line.partition(" branch.head ")
        if header == "#" and branch:
            found["git.dirty"] = "false"
            if branch != "(detached)":
                found["git.headName"] = f"refs/heads/{branch}"
        elif header[:2] != "# ":
            found["git.dirty"] = "true"
    return found, title


def _remote(ask: Callable[..., str]) -> dict[str, str]:
    url = ask("config", "--get", "remote.origin.url").strip()
    if not url:
        return {}
    found = {"vcs.root": ask("rev-parse", "--show-prefix").strip().rstrip("/") or "."}
    if hosted := _HOSTED.match(url):
        owner, _, repository = hosted["path"].removesuffix(".git").partition("/")
        if repository:
            found |= {"vcs.owner": owner, "vcs.repo": repository, "vcs.kind": hosted["web"] or hosted["ssh"]}
    return found


def _git(folder: Path, deadline: float, *words: str) -> str:
    """What git printed; empty where it failed. It takes no lock of its own: others may be using the repository."""
    environment = {key: value for key, value in os.environ.items() if key not in _REDIRECTS}
    try:
        ended = subprocess.run(
            ["git", *words],
            cwd=folder, env={**environment, "GIT_OPTIONAL_LOCKS": "0"}, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=max(0.0, deadline - time.monotonic()), check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.decode(errors="replace") if ended.returncode == 0 else ""
