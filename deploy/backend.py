"""Where a stack's state is, when its backend is a folder."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.stack import Stack
from engine.backend.filestate import COMPRESSED, Backend, folder_of


def file_backend(stack: Stack) -> Path | None:
    """The folder of the stack's file backend; None for any other backend."""
    url = os.environ.get("PULUMI_BACKEND_URL") or stack.backend or ""
    return stack.project / folder_of(url) if url.startswith("file://") else None  # where the engines start from


def lock_folder(stack: Stack) -> Path | None:
    """Where the file backend keeps the stack's locks; None for any other backend."""
    backend = _backend(stack)
    return None if backend is None else backend.locks(stack.name)


def update_folder(stack: Stack) -> Path | None:
    """Where the file backend keeps the stack's history; None for any other backend."""
    backend = _backend(stack)
    return None if backend is None else backend.updates(stack.name)


def exists(stack: Stack) -> bool:
    """Whether the stack was ever made; taken for granted in other backends than files."""
    backend = _backend(stack)
    if backend is None:
        return True
    file = backend.checkpoint(stack.name)
    return any(file.with_name(file.name + end).is_file() for end in ("", *COMPRESSED))


def _backend(stack: Stack) -> Backend | None:
    root = file_backend(stack)
    return None if root is None else Backend(root, stack.project_name)
