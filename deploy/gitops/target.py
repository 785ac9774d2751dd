"""An environment as such a tool has to know it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy import stack as stacks
from deploy.errors import DeployError
from deploy.objects import objects
from deploy.objects.offline import NO_DIGEST
from deploy.pipeline.record import Pipeline, Stage
from deploy.render.source import is_secret
from deploy.stack import Stack

RENDERS: Final = "rendered"
"""The folder in the project with the renders of the stages that name none."""
_ANY_IMAGE: Final = f"registry.invalid/image@{NO_DIGEST}"
"""Stands for the image of a stack that got none yet."""
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names"""


@dataclass(frozen=True)
class Target:
    """One environment."""

    project: str
    stack: str
    namespace: str
    """Of the app."""
    workloads: tuple[tuple[str, str, str], ...]
    """What must become ready: apiVersion, kind and name of each Deployment."""
    timeout: int = 300
    """Seconds that a rollout may take."""
    builds: bool = False
    """Whether an `up` builds its image, so that it needs Docker."""
    protected: bool = False
    """Whether its namespace, Deployment and Service must not be deleted."""
    sops: bool = False
    """Whether its Secrets are in git, encrypted by SOPS."""
    left_out: bool = False
    """Whether it has Secrets, and the pipeline does not say in which form they are in git."""
    declared: str = ""
    """The folder in the project that the pipeline names for its render."""

    @property
    def name(self) -> str:
        """Of the objects that are about it."""
        return f"{self.project}-{self.stack}"

    @property
    def render(self) -> str:
        """The folder of its render in the project."""
        return self.declared or f"{RENDERS}/{self.stack}"


def targets(project: Path, pipeline: Pipeline) -> list[Target]:
    """Every environment, in the pipeline's order; needs neither cluster nor Docker nor passphrase.

    Raises:
        DeployError: a stack's file is missing, the program refuses it, or its name does not do for Kubernetes.
    """
    found = [stacks.load(project, name) for name in pipeline.names]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_target, found, pipeline.stages))


def _target(stack: Stack, stage: Stage) -> Target:
    builds = stack.builds and bool(stack.get("registry"))
    declared = objects(stack, image=_ANY_IMAGE if stack.builds and not builds else "")
    workloads = [it for it in declared if it.kind == "Deployment"]
    if not workloads:
        raise DeployError(f"The program declares no Deployment for {stack.name}, so nothing tells whether it runs.")
    target = Target(
        project=stack.project_name,
        stack=stack.name,
        namespace=workloads[0].namespace,
        workloads=tuple((it.api_version, it.kind, it.name) for it in workloads),
        timeout=int(stack.get("rolloutTimeout") or Target.timeout),
        builds=builds,
        protected=stack.get("protect") == "true",
        sops=bool(stage.secrets and stage.secrets.sops),
        left_out=stage.secrets is None and any(map(is_secret, declared)),
        declared=stage.render,
    )
    if not _NAME.fullmatch(target.name):
        raise DeployError(
            f"The stack {stack.name!r} cannot be named in Kubernetes: objects are called {target.name!r}, and only "
            "small letters, digits and hyphens may be in it, at most 63. Rename the stack."
        )
    return target


def named(found: Sequence[Target]) -> str:
    """Their stacks, for a message."""
    return ", ".join(target.stack for target in found)
