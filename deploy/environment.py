"""What an engine finds in its environment for a stack: cluster, backend, passphrase, Docker, kubectl."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import Handout
from config import DEV_CONTEXT, DEV_PASSPHRASE, DEV_STACK
from deploy.stack import Stack


def wanted(stack: Stack, handout: Handout | None) -> dict[str, str]:
    """The variables that the stack's engine, and kubectl beside it, work with.

    Args:
        stack: the stack that a command is about.
        handout: the local cluster, where the stack runs on it and it is running.
    """
    found: dict[str, str] = {}
    if handout:
        found["KUBECONFIG"] = str(handout.kubeconfig)
        found["DOCKER_HOST"] = handout.docker_host
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        if str(handout.bin) not in folders:
            found["PATH"] = os.pathsep.join([str(handout.bin), *folders])
    if stack.is_local and not stack.backend:
        found["PULUMI_BACKEND_URL"] = f"file://{state_folder(profile(stack))}"
    if stack.name == DEV_STACK and not os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        found["PULUMI_CONFIG_PASSPHRASE"] = DEV_PASSPHRASE
    elif not _passphrase_given() and _passphrase_kept(stack):
        found["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase_file(stack))
    return found


def enter(stack: Stack, handout: Handout | None) -> None:
    """Sets those variables for this process and what it starts; what the user has set stays."""
    found = wanted(stack, handout)
    if "PULUMI_CONFIG_PASSPHRASE_FILE" in found:
        os.environ.pop("PULUMI_CONFIG_PASSPHRASE", None)  # dev's, which would come first
    for key, value in found.items():
        if key == "PATH" or not os.environ.get(key):
            os.environ[key] = value


@contextmanager
def restored() -> Iterator[None]:
    """Takes back at its end what `enter` did within, so that a command can go from one stack to the next."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def profile(stack: Stack) -> str:
    """The local cluster's profile that a stack on it names by its context."""
    return stack.get("context").removeprefix(DEV_CONTEXT.removesuffix("dev"))


def state_folder(profile: str) -> Path:
    """A local cluster's stacks keep their state beside it, since one is worth nothing without the other."""
    return Path.home() / ".local" / "state" / "flask-k8s" / profile / "pulumi"


def passphrase_file(stack: Stack) -> Path:
    """Where `init` keeps the passphrase that it made for a stack."""
    return Path.home() / ".config" / stack.project_name / f"{stack.name}.passphrase"


def has_passphrase(stack: Stack) -> bool:
    """Whether the stack's secrets can be read without asking."""
    return stack.name == DEV_STACK or _passphrase_given() or _passphrase_kept(stack)


def _passphrase_kept(stack: Stack) -> bool:
    """Whether `init` kept one; an empty file is none, though the engines would take it for one."""
    file = passphrase_file(stack)
    return file.is_file() and file.stat().st_size > 0


def _passphrase_given() -> bool:
    """Whether the user named a passphrase; dev's, which `env` exports, is none for any other stack."""
    direct = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    return bool(os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")) or direct not in (None, "", DEV_PASSPHRASE)
