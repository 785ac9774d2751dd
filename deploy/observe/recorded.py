"""What a stack's state says: its outputs and its resources, as the last update left them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.backend import exists
from deploy.engines import Engine
from deploy.stack import HIDDEN, Stack
from engine.backend.lock import is_held

STACK_TYPE = "pulumi:pulumi:Stack"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks a special value in a state; https://github.com/pulumi/pulumi, sdk/go/common/resource/sig."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the value of that key for a secret


@dataclass(frozen=True)
class Recorded:
    """A stack's state; no secret in it is decrypted."""

    outputs: dict[str, Any] = field(default_factory=dict)
    """The stack's outputs, secrets as `[secret]`."""
    resources: list[dict[str, Any]] = field(default_factory=list)
    """Raw, as `pulumi stack export` prints them, without those that wait for their deletion."""
    pending: bool = False
    """Whether an update has begun operations that it has not ended."""

    @property
    def empty(self) -> bool:
        """Whether nothing is deployed: never an update, or a `destroy` last."""
        return not self.resources

    @property
    def image(self) -> str:
        """The image by digest, or an empty string."""
        return self._output("image")

    @property
    def url(self) -> str:
        """Where the app answers, or an empty string."""
        return self._output("url")

    @property
    def namespace(self) -> str:
        """The namespace it runs in, or an empty string."""
        return self._output("namespace")

    @property
    def name(self) -> str:
        """The Deployment's name, or an empty string."""
        return self._output("name")

    def _output(self, key: str) -> str:
        return str(self.outputs.get(key) or "")


def recorded(stack: Stack, engine: Engine) -> Recorded:
    """The stack's state; needs no passphrase. A stack that was never made is an empty one.

    Raises:
        DeployError: the engine cannot read the state.
    """
    if not exists(stack):
        return Recorded()
    return parse(engine.read("stack", "export", "--stack", stack.name))


def parse(exported: str) -> Recorded:
    """What `pulumi stack export` printed, or a checkpoint file's text."""
    content = json.loads(exported)
    deployment = content.get("deployment") or content.get("checkpoint", {}).get("latest") or {}
    resources = [item for item in deployment.get("resources") or [] if not item.get("delete")]
    roots = (item.get("outputs") or {} for item in resources if item["type"] == STACK_TYPE)
    return Recorded(_masked(next(roots, {})), resources, bool(deployment.get("pending_operations")))


def under_way(recorded: Recorded, locks: Path | None) -> bool:
    """Whether an update is under way, so that the cluster is ahead of the state.

    Args:
        recorded: the state.
        locks: the stack's `lock_folder`.
    """
    return recorded.pending or (locks is not None and is_held(locks))


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return HIDDEN if value.get(SIGNATURE) == SECRET else {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else value
