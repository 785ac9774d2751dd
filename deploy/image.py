"""An image that one run deploys instead of the one that the stack's file says or builds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import stack as stacks
from deploy.registry.reference import Reference
from deploy.stack import Stack
from engine.workspace import stackconfig

BUILD_KEYS = ("registry", "registryUsername", "registryPassword")
"""What says where a built image goes; nothing of it goes with a pinned one."""


def with_image(stack: Stack, image: str) -> str:
    """The text of the stack's file with `image` pinned, comments and order kept.

    Args:
        stack: the stack.
        image: `repository@sha256:<digest>`; a tag is refused with a DeployError.
    """
    Reference.parse(image)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / stack.file.name
        copy.write_bytes(stack.file.read_bytes())
        stackconfig.set_value(copy, stack.project_name, f"{stack.project_name}:image", image)
        for key in BUILD_KEYS:
            stackconfig.remove_value(copy, stack.project_name, f"{stack.project_name}:{key}")
        return copy.read_text("utf-8")


@contextmanager
def pinned(stack: Stack, image: str | None) -> Iterator[Stack]:
    """The stack as it is with `image` pinned, for the time of the block; without one, the stack itself."""
    if not image:
        yield stack
        return
    with using(stack, with_image(stack, image)) as other:
        yield other


@contextmanager
def using(stack: Stack, text: str) -> Iterator[Stack]:
    """The stack as another text of its file describes it, for the time of the block."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / stack.file.name
        file.touch(mode=0o600)
        file.write_text(text, "utf-8")
        yield stacks.load(stack.project, stack.name, file)
