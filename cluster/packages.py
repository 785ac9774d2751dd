"""The programs the local cluster runs on, and the Debian packages they come from.

A program that is on PATH is used as it is; only what is missing is installed, and said beforehand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cluster import apt
from cluster.errors import ClusterError
from cluster.path import search_path, which

__all__ = ["PACKAGES", "ensure", "find", "require", "search_path"]

PACKAGES: Final = {
    "cni-plugins": "containernetworking-plugins",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "containerd-shim-runc-v2": "containerd",
    "ctr": "containerd",
    "dockerd": "docker.io",
    "gcc": "gcc",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "runc": "runc",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "tini": "tini",
    "unshare": "util-linux",
}
"""What can be asked for: a command (or `cni-plugins`), and the Debian package that has it."""

FOLDERS: Final = {"cni-plugins": ("bridge", ("/usr/lib/cni", "/opt/cni/bin"))}
"""Needs that are not on PATH by nature: a file that tells, and the folders where it usually is."""


def find(name: str) -> Path | None:
    """Where the command `name` is, or the folder of a need such as `cni-plugins`; None when missing."""
    if name in FOLDERS:
        file, folders = FOLDERS[name]
        return next((Path(folder) for folder in folders if Path(folder, file).exists()), None)
    found = which(name)
    return Path(found) if found else None


def require(name: str) -> Path:
    """As `find`, but a missing program is a ClusterError."""
    found = find(name)
    if found is None:
        raise ClusterError(f"{name} is missing: {_mend([PACKAGES[name]] if name in PACKAGES else [])}")
    return found


def ensure(names: Sequence[str], *, install: bool, say: Callable[[str], None]) -> None:
    """Have every one of `names` (keys of PACKAGES) on this machine.

    What is missing is listed through `say` and then installed by apt-get. With `install=False` it is only
    listed, and ClusterError has the apt-get line to run. Nothing that is installed is replaced or removed,
    and no system service is left running or enabled. Quick when nothing is missing: no program is started.
    """
    apt.recover(say, apt.PLACES)
    missing = [name for name in dict.fromkeys(names) if find(name) is None]
    if not missing:
        return
    packages = list(dict.fromkeys(PACKAGES[name] for name in missing))
    say(f"missing: {', '.join(missing)} (Debian packages: {' '.join(packages)})")
    if not install:
        raise ClusterError(f"{', '.join(missing)}: missing, and installing is off. {_mend(packages)}")
    if not apt.available():
        raise ClusterError(f"{', '.join(missing)}: missing, and there is no apt-get to install it. {_mend([])}")
    if os.geteuid() != 0:
        raise ClusterError(f"{', '.join(missing)}: missing, and only root can install. {_mend(packages)}")
    start = time.monotonic()
    installed = apt.install(packages, say, apt.PLACES)
    still = [name for name in missing if find(name) is None]
    if still:
        raise ClusterError(f"{', '.join(still)}: still missing, though {' '.join(packages)} is installed. {_mend([])}")
    say(f"installed {len(installed)} packages in {time.monotonic() - start:.1f} s: {' '.join(installed)}")


def _mend(packages: Sequence[str]) -> str:
    if packages and apt.available():
        return f"As root, run: apt-get install --no-install-recommends {' '.join(packages)}"
    return "Install it with your system's package manager, so that it is on PATH."
