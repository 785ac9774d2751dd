"""The CLI's file backend, project-scoped layout: where a stack's checkpoint, history, backups and locks are.

Source: pkg/backend/diy. Under `<root>/.pulumi`: meta.yaml, stacks/<project>/<stack>.json (and .bak), history/,
backups/, locks/organization/<project>/<stack>/<uuid>.json.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from os.path import normpath
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from engine.errors import CONFIG, UNAVAILABLE, USAGE, EngineError, needs_cli
from engine.files import write_atomic
from engine.yamlfile import parse_yaml

COMPRESSED: Final = (".gz", ".zst")
"""What a checkpoint ends in besides, where the CLI compresses its files."""
_ENDINGS: Final = (".json", *COMPRESSED)
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")


def root_of(url: str) -> Path:
    """The folder of a `file://` URL; `~` is the home folder, a relative path starts at the working folder."""
    if not url:
        raise EngineError(
            "no state backend is named: set PULUMI_BACKEND_URL=file://<folder> (or backend.url in Pulumi.yaml)", CONFIG
        )
    if not url.startswith("file://"):
        raise needs_cli(f"the state backend {urlsplit(url).scheme or url}:// (only file:// is)")
    return Path(normpath(folder_of(url).absolute()))


def folder_of(url: str) -> Path:
    """The folder of a `file://` URL, which may be a relative path."""
    return Path(unquote(url.removeprefix("file://").split("?")[0]) or ".").expanduser()


def check_stack_name(name: str, project: str) -> str:
    """The stack's own name from `name` or `organization/[project/]name`; EngineError (64) for anything else.

    `project` is the only one that the name may be of; empty: any.
    """
    *owner, rest = name.split("/")
    if owner and (owner[0] != "organization" or len(owner) > 2):
        raise EngineError(f"stack {name!r}: the organization of a file:// backend is always 'organization'", USAGE)
    if project and owner[1:] not in ([], [project]):
        raise EngineError(
            f"stack {name!r} is of the project {owner[1]!r}, and this is the project {project!r}: run the command in "
            "the folder of that one (--cwd), or use the Pulumi CLI",
            USAGE,
        )
    if not _STACK_NAME.match(rest):
        raise EngineError(f"stack {rest!r}: a stack name has 1 to 100 letters, digits, `-`, `_` or `.`", USAGE)
    return rest


@dataclass(frozen=True)
class Backend:
    """The stacks of one project in one state folder."""

    root: Path
    project: str

    @property
    def _base(self) -> Path:
        return self.root / ".pulumi"

    def checkpoint(self, stack: str) -> Path:
        """The stack's checkpoint file."""
        return self._base / "stacks" / self.project / f"{stack}.json"

    def locks(self, stack: str) -> Path:
        """The folder of the stack's locks."""
        return self._base / "locks" / "organization" / self.project / stack

    def updates(self, stack: str) -> Path:
        """The folder of the stack's history."""
        return self._base / "history" / self.project / stack

    def qualified(self, stack: str) -> str:
        """The name that the checkpoint gives the stack."""
        return f"organization/{self.project}/{stack}"

    def check_layout(self) -> None:
        """Refuses a state folder that is missing or in another layout; makes meta.yaml in an empty one."""
        meta = self._base / "meta.yaml"
        try:
            text = meta.read_text()
        except FileNotFoundError:
            if not self.root.is_dir():
                raise EngineError(
                    f"the state folder {self.root} does not exist: make it (mkdir -p {self.root}), or mend the URL in "
                    "PULUMI_BACKEND_URL or in backend.url of Pulumi.yaml",
                    CONFIG,
                ) from None
            if any((self._base / "stacks").glob("*.json*")):
                raise needs_cli(
                    f"the legacy state layout in {self._base} (`pulumi state upgrade` converts it)"
                ) from None
            self._write(meta, b"version: 1\n")
            return
        except OSError as err:
            raise EngineError(f"{meta} cannot be read: {err.strerror}", UNAVAILABLE) from err
        described = parse_yaml(text, str(meta))
        if not isinstance(described, dict) or described.get("version") != 1:
            raise needs_cli(f"the state layout described by {meta} (only `version: 1` is)")

    def stacks(self) -> list[str]:
        """The names of the project's stacks. A compressed checkpoint is an error that names the CLI."""
        files = (self._base / "stacks" / self.project).glob("*.json*")
        names = {file.name.removesuffix(file.suffix).removesuffix(".json") for file in files if file.suffix in _ENDINGS}
        return sorted(name for name in names if self.exists(name))

    def exists(self, stack: str) -> bool:
        """Whether the stack was made. A compressed checkpoint is an error that names the CLI."""
        path = self.checkpoint(stack)
        for extension in COMPRESSED:
            if path.with_name(path.name + extension).exists():
                raise needs_cli(f"the compressed checkpoint {path.name}{extension}")
        return path.exists()

    def save(self, stack: str, content: bytes) -> None:
        """Replaces the checkpoint, the previous one kept as .bak."""
        path = self.checkpoint(stack)
        if path.exists():
            backup = path.with_name(f"{path.name}.bak")
            temporary = path.with_name(f".{path.name}.bak.tmp")
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
                temporary.hardlink_to(path)  # no copy: the next write makes a new file beside it
                temporary.replace(backup)
        self._write(path, content)
        path.with_name(f"{path.name}.attrs").unlink(missing_ok=True)  # the CLI's digest of what was there before

    def record(self, stack: str, entry: Mapping[str, Any]) -> None:
        """Adds an update to the history, with a copy of the checkpoint, and a backup of it."""
        stamp = time.time_ns()
        folder = self.updates(stack)
        checkpoint = self.checkpoint(stack).read_bytes()
        self._write(folder / f"{stack}-{stamp}.history.json", json.dumps(entry, separators=(",", ":")).encode())
        self._write(folder / f"{stack}-{stamp}.checkpoint.json", checkpoint)
        self._write(self._base / "backups" / self.project / stack / f"{stack}.{stamp}.json", checkpoint)

    def history(self, stack: str, start: int = 0, count: int | None = None) -> list[dict[str, Any]]:
        """The updates, newest first, from `start` on; `count` of them, or all that there are."""
        folder = self.updates(stack)
        files = [file for file in folder.glob(f"{stack}-*.history.json*") if file.suffix != ".attrs"]
        updates = []
        for file in sorted(files, reverse=True)[start : None if count is None else start + count]:
            if file.suffix != ".json":
                raise needs_cli(f"the compressed history file {file.name}")
            try:
                update = json.loads(file.read_bytes())
                if not {"kind", "result", "startTime", "endTime"} <= update.keys():
                    raise ValueError
            except OSError as err:
                raise EngineError(f"the history file {file} cannot be read: {err.strerror}", CONFIG) from err
            except (ValueError, AttributeError):
                raise EngineError(
                    f"the history file {file} is damaged; remove it, and the history goes without that update", CONFIG
                ) from None
            updates.append(update)
        return updates

    def newest_backup(self, stack: str) -> Path | None:
        """The newest file that a damaged checkpoint can be restored from."""
        folder = self._base / "backups" / self.project / stack
        files = [*folder.glob(f"{stack}.*.json"), self.checkpoint(stack).with_name(f"{stack}.json.bak")]
        files = [file for file in files if file.is_file()]
        return max(files, key=lambda file: file.stat().st_mtime_ns) if files else None

    def remove(self, stack: str) -> None:
        """Removes the stack and its history; backups stay, as with the CLI."""
        path = self.checkpoint(stack)
        if path.exists():
            path.replace(path.with_name(f"{path.name}.bak"))
        for beside in (f"{path.name}.attrs", f"{stack}.pulumi-tags"):  # what the CLI keeps about it
            path.with_name(beside).unlink(missing_ok=True)
        shutil.rmtree(self.updates(stack), ignore_errors=True)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_atomic(path, content)
        except OSError as err:
            raise EngineError(
                f"the state file {path} cannot be written: {err.strerror}; it is unchanged. "
                "Free some space or mend the folder's rights, then run the command again",
                UNAVAILABLE,
            ) from err
