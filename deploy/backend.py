"""Where a stack's state is, when its backend is a folder."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from deploy.stack import Stack


def file_backend(stack: Stack) -> Path | None:
    """The folder of the stack's file backend; None for any other backend."""
    url = os.environ.get("PULUMI_BACKEND_URL") or stack.backend or ""
    if not url.startswith("file://"):
        return None
    path = Path(unquote(url.removeprefix("file://").split("?")[0])).expanduser()
    return stack.project / path  # where the engines start from


def lock_folder(stack: Stack) -> Path | None:
    """Where the file backend keeps the stack's locks; None for any other backend."""
    root = file_backend(stack)
    return root and root / ".pulumi" / "locks" / "organization" / stack.project_name / stack.name


def exists(stack: Stack) -> bool:
    """Whether the stack was ever made; taken for granted in other backends than files."""
    root = file_backend(stack)
    if root is None:
        return True
    file = root / ".pulumi" / "stacks" / stack.project_name / f"{stack.name}.json"
    return any(file.with_name(file.name + end).is_file() for end in ("", ".gz", ".zst"))
