"""A stack's updates, as its backend keeps them: what was deployed, when, from which commit, and how it ended."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from deploy.backend import exists, update_folder
from deploy.engines import Engine
from deploy.observe.recorded import parse
from deploy.stack import Stack

_HISTORY = re.compile(r"-(?P<stamp>\d+)\.history\.json(\.gz)?$")
"""The end of a history file's name; the stamp is the checkpoint's, too."""


@dataclass(frozen=True)
class Update:
    """One entry of the history."""

    number: int
    """1 is the oldest."""
    kind: str
    """Pulumi's word: update, destroy, refresh ..."""
    result: str
    """succeeded, failed or in-progress."""
    began: datetime
    ended: datetime
    """The beginning, for one that is in progress."""
    image: str
    """By digest: what the configuration pinned, else the output `image` that the update left; else empty."""
    revision: str
    """The commit that the project was at; empty where there was no git."""
    who: str
    """`Name <address>` of that commit's author, or empty."""
    message: str
    config: dict[str, str]
    """The stack's configuration then, secrets left out."""
    dirty: bool
    """Whether there were changes beside that commit."""
    changes: dict[str, int]
    """Kind of step to how many: create, update, delete, same ..."""

    @property
    def succeeded(self) -> bool:
        """Whether it deployed the stack."""
        return self.kind == "update" and self.result == "succeeded"


def history(stack: Stack, engine: Engine) -> list[Update]:
    """Every update of a stack, newest first; needs no passphrase. A stack that was never made has none.

    Raises:
        DeployError: the engine cannot read the history.
    """
    if not exists(stack):
        return []
    entries = json.loads(engine.read("stack", "history", "--json", "--page-size", "0", "--stack", stack.name))
    entries = [entry for entry in reversed(entries) if entry["kind"] != "preview"]
    copies = _checkpoints(stack)
    found = []
    for index, entry in enumerate(entries):
        copy = copies[index] if index < len(copies) else None
        found.append(_update(stack, entry, index + 1, copy))
    return found[::-1]


def deployed_since(updates: Sequence[Update], image: str) -> datetime | None:
    """Since when an image has been deployed without a break; None where the last update failed or had another one.

    Args:
        updates: newest first, as `history` returns them.
        image: by digest.
    """
    run = [*takewhile(lambda update: update.result == "succeeded" and update.image == image, updates)]
    return run[-1].ended if run and image else None


def _update(stack: Stack, entry: dict[str, Any], number: int, checkpoint: Path | None) -> Update:
    environment = entry.get("environment") or {}
    config = {
        key: str(value.get("value") or "")
        for key, value in (entry.get("config") or {}).items()
        if not value.get("secret")
    }
    image = config.get(f"{stack.project_name}:image", "")
    if entry["kind"] == "destroy":
        image = ""
    elif not image and checkpoint:
        with suppress(
            OSError, EOFError, ValueError
        ):  # there may be no copy, where an update was killed at its very end
            image = parse(_text(checkpoint)).image
    author, address = environment.get("git.author", ""), environment.get("git.author.email", "")
    return Update(
        number=entry.get("version") or number,  # the file backend gives none
        kind=entry["kind"],
        result=entry.get("result", ""),
        began=datetime.fromisoformat(entry["startTime"]),
        ended=datetime.fromisoformat(entry.get("endTime") or entry["startTime"]),
        image=image,
        revision=environment.get("git.head", ""),
        who=f"{author} <{address}>" if author else "",
        message=entry.get("message", ""),
        config=config,
        dirty=environment.get("git.dirty") == "true",
        changes=entry.get("resourceChanges") or {},
    )


def _checkpoints(stack: Stack) -> list[Path]:
    """Where the file backend copied the state after each update, oldest first; none for other backends.

    The CLI compresses files where PULUMI_SELF_MANAGED_STATE_GZIP is set.
    """
    folder = update_folder(stack)
    if folder is None:
        return []
    found = (_HISTORY.search(file.name) for file in folder.glob(f"{stack.name}-*.history.json*"))
    copies = []
    for stamp in sorted({int(match["stamp"]) for match in found if match}):
        plain = folder / f"{stack.name}-{stamp}.checkpoint.json"
        packed = plain.with_name(f"{plain.name}.gz")
        copies.append(packed if packed.is_file() and not plain.is_file() else plain)
    return copies


def _text(file: Path) -> str:
    content = file.read_bytes()
    return (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
