"""The folder of a render: only what `render` made for this stack may be in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.errors import DeployError
from engine.files import write_atomic

KUSTOMIZATION: Final = "kustomization.yaml"
_MARK: Final = "# Made by `python -m deploy render "
_TEMPORARY: Final = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
"""What a killed `write_atomic` leaves."""
_SHOWN: Final = 5


def header(stack: str) -> str:
    """The first line of each file, by which it is known again."""
    return f"{_MARK}{stack}`, which makes it anew: change the program or Pulumi.{stack}.yaml instead.\n"


@dataclass(frozen=True)
class Folder:
    """What is in the folder now."""

    path: Path
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Each file's text by its name."""
    leftovers: tuple[str, ...] = ()
    """What a killed run left."""

    @classmethod
    def read(cls, path: Path, stack: str) -> Folder:
        """Reads it; one that is not there is empty.

        Raises:
            DeployError: something in it was not made by `render` for this stack (78), or it cannot be read (69).
        """
        files: dict[str, str] = {}
        leftovers, foreign = [], []
        with _told(path, "read"):
            for entry in sorted(path.iterdir()) if path.exists() else ():
                if _TEMPORARY.fullmatch(entry.name):
                    leftovers.append(entry.name)
                elif (text := _own(entry, header(stack))) is None:
                    foreign.append(entry.name)
                else:
                    files[entry.name] = text
        if foreign:
            more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
            raise DeployError(
                f"{path} holds what `render {stack}` did not make: {', '.join(foreign[:_SHOWN])}{more}. A render has "
                "its folder to itself, since it deletes the files of objects that are gone; nothing was changed. Name "
                "an empty or a new folder."
            )
        return cls(path, files, tuple(leftovers))

    def write(self, files: Mapping[str, str]) -> tuple[int, int]:
        """Makes the folder hold these files, kustomization.yaml last; how many were written, and removed.

        A file that holds the right text already is left alone. Each is replaced at once, so that a run that is killed
        leaves a folder that the next one goes on with.
        """
        changed = [name for name, text in files.items() if self.files.get(name) != text]
        changed.sort(key=lambda name: (name == KUSTOMIZATION, name))
        gone = [name for name in self.files if name not in files]
        with _told(self.path, "written"):
            self.path.mkdir(parents=True, exist_ok=True)
            for name in changed:
                mode = None if name in self.files else 0o644
                write_atomic(self.path / name, files[name].encode(), mode)
            for name in (*gone, *self.leftovers):
                (self.path / name).unlink(missing_ok=True)
        return len(changed), len(gone)


def _own(entry: Path, first: str) -> str | None:
    """The file's text; None where it was not made for this stack."""
    if entry.is_symlink() or not entry.is_file():
        return None
    try:
        text = entry.read_bytes().decode()
    except UnicodeDecodeError:
        return None
    return text if text.startswith(first) else None


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        where = err.filename or path
        raise DeployError(f"{where} cannot be {what}: {err.strerror}. Name another folder.", os.EX_UNAVAILABLE) from err
