"""What an engine finds in its environment for a stack: cluster, backend, passphrase, Docker, kubectl."""

from __future__ import annotations

import os
from pathlib import Path

from cluster import Handout
from config import DEV_PASSPHRASE, DEV_STACK
from deploy.stack import Stack


def wanted(stack: Stack, handout: Handout | None) -> dict[str, str]:
    """The variables that the stack's engine, and kubectl beside it, work with.

    Args:
        stack: the stack that a command is about.
        handout: the local cluster, where the stack runs on it.
    """
    found: dict[str, str] = {}
    if handout:
        found["KUBECONFIG"] = str(handout.kubeconfig)
        found["DOCKER_HOST"] = handout.docker_host
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        if str(handout.bin) not in folders:
            found["PATH"] = os.pathsep.join([str(handout.bin), *folders])
        if not stack.backend:
            found["PULUMI_BACKEND_URL"] = f"file://{state_folder(handout.profile)}"
    if stack.name == DEV_STACK and not os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        found["PULUMI_CONFIG_PASSPHRASE"] = DEV_PASSPHRASE
    return found


def enter(stack: Stack, handout: Handout | None) -> None:
    """Sets those variables for this process and what it starts; what the user has set stays."""
    for key, value in wanted(stack, handout).items():
        if key == "PATH" or not os.environ.get(key):
            os.environ[key] = value


def state_folder(profile: str) -> Path:
    """A local cluster's stacks keep their state beside it, since one is worth nothing without the other."""
    return Path.home() / ".local" / "state" / "flask-k8s" / profile / "pulumi"
