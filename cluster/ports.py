"""Who listens on a port of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from cluster.errors import ClusterError

LISTEN = "0A"
LOOPBACK_OR_ANY = {"0100007F", "00000000", "0" * 32, "0" * 24 + "01000000", "0" * 16 + "FFFF00000100007F"}
"""Addresses as /proc/net/tcp writes them, of which a listener would be in the way of one on localhost."""


def owner(port: int) -> str:
    """The process that listens on `port` of localhost, such as `nginx (pid 123)`; empty when none does."""
    sockets = set[str]()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for fields in map(str.split, lines):
            address, _, number = fields[1].rpartition(":")
            if fields[3] == LISTEN and int(number, 16) == port and address in LOOPBACK_OR_ANY:
                sockets.add(f"socket:[{fields[9]}]")
    return _holder(sockets) if sockets else ""


def _holder(sockets: set[str]) -> str:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in sockets for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # it has ended, or is another user's
    return "another process"


def require_free(port: int, use: str) -> None:
    """ClusterError if `port` is taken; `use` says what wants it: "the API server"."""
    if who := owner(port):
        raise ClusterError(
            f"port {port} on localhost, which {use} needs, is taken by {who}: end that process, then try again"
        )
