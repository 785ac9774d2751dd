"""The folder `gitops`: what is made here is known by its first line, and what others put there is left alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.errors import DeployError
from engine.files import write_atomic

HEADER: Final = "# Made by `python -m deploy gitops` from pipeline.yaml, which makes it anew: change that instead.\n"
TOOLS: Final = ("flux", "argocd", "pulumi-operator")
"""One folder for each."""


@dataclass(frozen=True)
class Folder:
    """What is in it now."""

    path: Path
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The texts of what was made here, by the name below `path`."""
    foreign: frozenset[str] = frozenset()
    """The names of what was not."""

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Reads it; one that is not there is empty.

        Raises:
            DeployError: it cannot be read (69).
        """
        files, foreign = {}, set()
        with _told(path, "read"):
            for tool in TOOLS:
                for entry in sorted((path / tool).glob("*")):
                    name = f"{tool}/{entry.name}"
                    text = entry.read_bytes().decode(errors="replace") if entry.is_file() else ""
                    if text.startswith(HEADER) and not entry.is_symlink():
                        files[name] = text
                    else:
                        foreign.add(name)
        return cls(path, files, frozenset(foreign))

    def stale(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The names of the files that are not as they should be, and why.

        Raises:
            DeployError: a file of others is where one must be (78).
        """
        if taken := sorted(self.foreign & wanted.keys()):
            raise DeployError(
                f"{', '.join(str(self.path / name) for name in taken)}: not made by `gitops`, its mark is missing. "
                "Move it elsewhere, or delete it."
            )
        missing = {name: "missing" for name in wanted if name not in self.files}
        changed = {name: "changed" for name, text in wanted.items() if self.files.get(name, text) != text}
        return missing | changed | {name: "left over" for name in self.files if name not in wanted}

    def write(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """Makes it so, each file at once; what `stale` said before.

        Raises:
            DeployError: as `stale`, and where it cannot be written (69).
        """
        stale = self.stale(wanted)
        with _told(self.path, "written"):
            for name in stale:
                if name in wanted:
                    (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                    mode = None if name in self.files else 0o644
                    write_atomic(self.path / name, wanted[name].encode(), mode)
                else:
                    (self.path / name).unlink(missing_ok=True)
        return stale


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        where = err.filename or path
        raise DeployError(f"{where} cannot be {what}: {err.strerror}. Mend that.", os.EX_UNAVAILABLE) from err
