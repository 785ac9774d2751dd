"""Waiting for locks: the project's own, which end with their holder, and those of other programs."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cluster.errors import ClusterError

Say = Callable[[str], None]

PATIENCE = 3600.0
"""How long a lock is waited for by default, in seconds."""


@contextmanager
def hold(path: Path, doing: str, say: Say, patience: float = PATIENCE) -> Iterator[int]:
    """Hold the lock file `path` (made if need be); gives its descriptor, by which a child can hold it too.

    `doing` is for the message to those who wait: "installing packages". ClusterError after `patience`
    seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        end, said = time.monotonic() + patience, False
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise ClusterError(
                        f"another flask-k8s has been {doing} for {patience:.0f} s (it holds {path}): "
                        "wait for its end, then try again"
                    ) from None
            if not said:
                say(f"waiting for another flask-k8s, which is {doing}")
                said = True
            time.sleep(0.1)
        yield file.fileno()


def wait_free(paths: Sequence[Path], doing: str, say: Say, patience: float = PATIENCE) -> None:
    """Wait until no program holds a POSIX lock on any of `paths`; ClusterError after `patience` seconds."""
    end, said = time.monotonic() + patience, False
    while who := holder(paths):
        if time.monotonic() > end:
            raise ClusterError(f"{who} has been {doing} for {patience:.0f} s: wait for its end, then try again")
        if not said:
            say(f"waiting for {who}, which is {doing}")
            said = True
        time.sleep(0.2)


def holder(paths: Sequence[Path]) -> str:
    """Who holds a POSIX lock on one of `paths`: such as `apt-get (pid 123)`; empty when nobody does."""
    flock = "hhqqi4x"  # struct flock of fcntl(2) on 64 bits: type, whence, start, length, pid
    for path in paths:
        try:
            with path.open("rb+") as file:
                ask = struct.pack(flock, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                kind, _, _, _, pid = struct.unpack(flock, fcntl.fcntl(file, fcntl.F_GETLK, ask))
        except FileNotFoundError:
            continue
        if kind != fcntl.F_UNLCK:
            try:
                return f"{Path(f'/proc/{pid}/comm').read_text().strip()} (pid {pid})"
            except OSError:
                return f"a program (pid {pid})"
    return ""
