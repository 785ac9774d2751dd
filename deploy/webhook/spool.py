"""The queue on disk: whoever is killed, and whenever, no accepted delivery is lost.

`waiting/` has a file for each delivery that is to be run, `runs/` the record and the log of each one that was begun. A
delivery's file goes when its run's record says how it ended.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from deploy.errors import DeployError
from deploy.webhook.record import Delivery, Progress, Run
from engine.files import sync_folder, write_atomic

LONGEST: Final = 1000
"""Deliveries that may wait."""
KEPT: Final = 1000
"""Runs that are remembered."""
LOGS: Final = 256 * 2**20
"""Bytes of all their logs."""
LATE: Final = 7200.0
"""Seconds after which what is due, or being run, is late."""
NAME: Final = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}|again")
AGAIN: Final = "again"
"""The one delivery that no sender made: promotions that were held back are to be tried again."""

_T = TypeVar("_T")


class FullError(Exception):
    """As many deliveries wait as may."""


class Queue:
    """A folder. One server adds to it, one worker takes from it; neither needs the other to live."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tree = folder / "tree"
        """The worker's clone of the repository."""

    def make(self) -> None:
        """Makes the folders; DeployError (78) where that is not possible."""
        try:
            for folder in (self.folder / "waiting", self.folder / "runs"):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as err:
            raise DeployError(f"The queue's folder {self.folder} cannot be made: {err.strerror}.") from err

    def add(self, delivery: Delivery) -> None:
        """Puts a delivery into the queue; once this returns, it survives a power failure.

        Raises:
            FullError: as many wait as may.
            OSError: the disk does not take it.
        """
        if delivery.name != AGAIN and len(self._waiting()) >= LONGEST:
            raise FullError
        write_atomic(self._delivery(delivery.name), msgspec.json.encode(delivery))

    def due(self, now: float) -> list[Delivery]:
        """What waits to be run, oldest first."""
        found = [_read(file, Delivery) for file in self._waiting()]
        return [delivery for delivery in found if delivery and delivery.due <= now]

    def waiting(self) -> list[Delivery]:
        """All that waits, oldest first; with what is being run."""
        return [delivery for file in self._waiting() if (delivery := _read(file, Delivery))]

    def done(self, run: Run) -> None:
        """Keeps a run's end, and only then forgets its delivery."""
        self.write(run)
        self.forget(run.delivery.name)

    def late(self, now: float) -> str:
        """What has been due for too long; empty where nothing has."""
        for it in self.waiting():
            since = max(it.due, datetime.fromisoformat(it.received).timestamp())
            if now - since > LATE:
                return f"{it.name} has not been finished for {(now - since) / 3600:.0f} h"
        return ""

    def forget(self, name: str) -> None:
        """Takes a delivery out of what waits."""
        self._delivery(name).unlink(missing_ok=True)
        sync_folder(self.folder / "waiting")

    def write(self, run: Run) -> None:
        """Keeps a run's record."""
        write_atomic(self._run(run.delivery.name), msgspec.json.encode(run))

    def run(self, name: str) -> Run | None:
        """A run's record, if there is one."""
        return _read(self._run(name), Run) if NAME.fullmatch(name) else None

    def runs(self, limit: int = KEPT) -> list[Run]:
        """The newest runs, newest first."""
        found = [_read(file, Run) for file in sorted((self.folder / "runs").glob("*.json"), reverse=True)[:limit]]
        return sorted((run for run in found if run), key=lambda run: run.began, reverse=True)

    def log(self, name: str) -> Path:
        """A run's log."""
        return self.folder / "runs" / f"{name}.log"

    def prune(self) -> None:
        """Forgets the oldest runs, the oldest logs before them, and what killed processes left half written."""
        for file in sorted((self.folder / "runs").glob("[0-9]*.json"), reverse=True)[KEPT:]:
            file.with_suffix(".log").unlink(missing_ok=True)
            file.unlink(missing_ok=True)
        room = LOGS
        for file in sorted((self.folder / "runs").glob("[0-9]*.log"), reverse=True):
            room -= file.stat().st_size
            if room < 0:
                file.unlink()
        for file in chain.from_iterable(self.folder.glob(it) for it in (".*.tmp", "runs/.*.tmp", "waiting/.*.tmp")):
            with suppress(FileNotFoundError):  # it is being written, and no leftover
                if file.stat().st_mtime < time.time() - LATE:
                    file.unlink()

    def progress(self) -> dict[str, Progress]:
        """How far each stack is."""
        return _read(self.folder / "progress.json", dict[str, Progress]) or {}

    def write_progress(self, progress: dict[str, Progress]) -> None:
        """Keeps it."""
        write_atomic(self.folder / "progress.json", msgspec.json.encode(progress))

    @contextmanager
    def lock(self, name: str) -> Iterator[int | None]:
        """Holds `server.lock` or `worker.lock`; gives its descriptor, or None where another process holds it.

        A child that is given the descriptor holds it too, until it ends.
        """
        # Only read, for a lock needs no more: the disk may have become read-only.
        descriptor = os.open(self.folder / f"{name}.lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            yield None
            return
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def problem(self) -> str:
        """Why it could take no delivery now; empty when it could."""
        waiting = self.folder / "waiting"
        try:
            space = os.statvfs(waiting)
        except OSError as err:
            return f"the queue's folder cannot be read: {err.strerror}"
        if space.f_flag & os.ST_RDONLY or not os.access(waiting, os.W_OK):
            return "the queue's folder is read-only"
        if space.f_bavail * space.f_frsize < 2**20:
            return "the queue's disk is full"
        return "the queue is full" if len(self._waiting()) >= LONGEST else ""

    def _waiting(self) -> list[Path]:
        return sorted((self.folder / "waiting").glob("*.json"))

    def _delivery(self, name: str) -> Path:
        return self.folder / "waiting" / f"{name}.json"

    def _run(self, name: str) -> Path:
        return self.folder / "runs" / f"{name}.json"


def moment() -> str:
    """Now, in ISO 8601 and UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def name_of(digest: str) -> str:
    """A name for what has just come, which sorts after all before."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{digest[:8]}"


def _read(file: Path, kind: type[_T]) -> _T | None:
    """The file's content; None when it is gone, or none of this program's."""
    try:
        found: Any = msgspec.json.decode(file.read_bytes(), type=kind)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found  # type: ignore[no-any-return]
