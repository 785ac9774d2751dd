"""Which image a render names, and which version label goes with it: those of the last `up`, where the stack builds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from deploy.errors import DeployError
from deploy.image import pinned
from deploy.observe.recorded import Recorded
from deploy.stack import Stack

VERSION: Final = "app.kubernetes.io/version"


@dataclass(frozen=True)
class Chosen:
    """What the program is run with."""

    stack: Stack
    image: str = ""
    """The digest that stands for the build; empty where nothing is built."""
    version: str | None = None
    """The version label of what was built; None where the program's own word holds."""

    def labelled(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """The object with the version label of what was built, in place of that of the source as it is now."""
        if self.version is None or VERSION not in manifest["metadata"].get("labels", {}):
            return manifest
        changed = self._relabelled(manifest)
        template = manifest.get("spec", {}).get("template")
        if template and VERSION in template.get("metadata", {}).get("labels", {}):
            changed["spec"] = {**manifest["spec"], "template": self._relabelled(template)}
        return changed

    def _relabelled(self, part: dict[str, Any]) -> dict[str, Any]:
        labels = {key: value for key, value in part["metadata"]["labels"].items() if key != VERSION}
        if self.version:
            labels[VERSION] = self.version
        return {**part, "metadata": {**part["metadata"], "labels": labels}}


@contextmanager
def chosen(stack: Stack, state: Callable[[], Recorded], image: str | None) -> Iterator[Chosen]:
    """The stack with its image decided, for the time of the block.

    Args:
        stack: the stack.
        state: reads its state; called where the stack builds and no image is given.
        image: `repository@sha256:...`, pinned in place of the stack's own.

    Raises:
        DeployError: the stack builds, and there is no digest yet.
    """
    if image or not stack.get("registry"):  # without either, the program says what is missing
        with pinned(stack, image) as other:
            yield Chosen(other)
        return
    recorded = state()
    if not recorded.image:
        raise DeployError(
            f"{stack.name} builds its image, and no digest of one is recorded: it was not deployed yet. Run "
            f"`.venv/bin/python -m deploy up {stack.name}`, or name an image: --image REPOSITORY@sha256:... "
            f"(`build {stack.name}` prints one)."
        )
    types = {resource["type"] for resource in recorded.resources}
    if "docker:index/image:Image" not in types:  # `up --image` made it
        with pinned(stack, recorded.image) as other:
            yield Chosen(other)
        return
    yield Chosen(stack, recorded.image, _version(recorded))


def _version(recorded: Recorded) -> str:
    """The label of the Deployment that was made; empty where it has none."""
    for resource in recorded.resources:
        metadata = (resource.get("inputs") or {}).get("metadata") or {}
        if resource["type"] == "kubernetes:apps/v1:Deployment" and metadata.get("name") == recorded.name:
            return str((metadata.get("labels") or {}).get(VERSION) or "")
    return ""
