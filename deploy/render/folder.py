"""A folder of files that a command makes: those are known by their first line, and all else is left alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.errors import DeployError
from deploy.say import say
from engine.files import write_atomic

KUSTOMIZATION: Final = "kustomization.yaml"
STALE: Final = 1
"""The exit status where what is there is no longer right."""
_TEMPORARY: Final = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
"""What a killed `write_atomic` leaves."""


@dataclass(frozen=True)
class Folder:
    """What is in the folder now."""

    path: Path
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The text of each file that was made here, by its name below `path`; its lines end as they were made."""
    foreign: tuple[str, ...] = ()
    """What was not."""
    leftovers: tuple[str, ...] = ()
    """What a killed run left."""

    @classmethod
    def read(cls, path: Path, header: str, parts: Sequence[str] = ("",)) -> Folder:
        """Reads it; one that is not there is empty.

        Args:
            path: the folder.
            header: the first line of each file that is made here.
            parts: the folders in it that are read. Default: itself.

        Raises:
            DeployError: it cannot be read (69).
        """
        files: dict[str, str] = {}
        foreign, leftovers = [], []
        with _told(path, "read"):
            for part in parts:
                for entry in sorted((path / part).iterdir()) if (path / part).exists() else ():
                    name = entry.relative_to(path).as_posix()
                    text = _text(entry)
                    if text is None or not (text.startswith(header) or header.startswith(text)):
                        foreign.append(name)
                    elif _TEMPORARY.fullmatch(entry.name):
                        leftovers.append(name)
                    elif text.startswith(header):
                        files[name] = text
                    else:
                        foreign.append(name)
        return cls(path, files, tuple(foreign), tuple(leftovers))

    def stale(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The names of the files that are not as they should be, and why."""
        missing = {name: "missing" for name in wanted if name not in self.files}
        changed = {name: "changed" for name, text in wanted.items() if self.files.get(name, text) != text}
        return missing | changed | {name: "left over" for name in self.files if name not in wanted}

    def write(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Makes it so, kustomization.yaml last; what `stale` said before.

        A file that holds the right text already is left alone. Each is replaced at once, so that a run that is killed
        leaves a folder that the next one goes on with.

        Raises:
            DeployError: it cannot be written (69).
        """
        stale = self.stale(wanted)
        with _told(self.path, "written"):
            for name in sorted(stale.keys() & wanted.keys(), key=lambda name: (name == KUSTOMIZATION, name)):
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                mode = None if name in self.files else 0o644
                write_atomic(self.path / name, wanted[name].encode(), mode)
            for name in (*(stale.keys() - wanted.keys()), *self.leftovers):
                (self.path / name).unlink(missing_ok=True)
        return stale

    def report(self, stale: Mapping[str, str], mend: str) -> int:
        """Prints what is stale, and the command that mends it; the exit status."""
        for name, why in sorted(stale.items()):
            print(f"{self.path / name}: {why}")
        if stale:
            say(f"{self.path} is stale; `.venv/bin/python -m deploy {mend}` makes it anew")
        else:
            say(f"{self.path} is as `{mend}` makes it")
        return STALE if stale else os.EX_OK


def _text(entry: Path) -> str | None:
    """The file's text, however git has it end the lines here; None for what is no file of its own."""
    if entry.is_symlink() or not entry.is_file():
        return None
    return entry.read_bytes().decode(errors="replace").replace("\r\n", "\n")


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        where = err.filename or path
        raise DeployError(f"{where} cannot be {what}: {err.strerror}. Mend that.", os.EX_UNAVAILABLE) from err
