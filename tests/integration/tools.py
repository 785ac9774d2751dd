"""Programs for tests alone: Go tools, each built once from its module into the user's cache folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cluster import locks
from cluster.profile import cache_folder


def go_tool(name: str, module: str, version: str) -> Path:
    """The program of the Go package `module`, such as `github.com/rhysd/actionlint/cmd/actionlint`, at `version`.

    A first build can take minutes. The program appears in the cache folder when it is whole.
    """
    done = cache_folder() / "tools" / f"{name}-{version}"
    if done.exists():
        return done
    with locks.hold(done.with_name(f"{name}.lock"), f"building {name}", print):
        if not done.exists():
            next_ = done.with_name(f"{name}-next")
            environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off", "GOBIN": str(next_)}
            subprocess.run(
                ["nice", "go", "install", "-trimpath", "-ldflags=-s -w", f"{module}@{version}"],
                env=environment,
                check=True,
                timeout=3600,
            )
            (next_ / module.rpartition("/")[2]).rename(done)
            next_.rmdir()
    return done
