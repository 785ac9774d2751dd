"""What can be known to be wrong before an engine starts: said at once, in words of this project."""

from __future__ import annotations

import os

import config
from cluster import docker, docker_api
from deploy import environment
from deploy.errors import DeployError
from deploy.kubeconfig import servers
from deploy.stack import Stack

_UNREAD = {"secrets": "{}"}
"""What stands for an encrypted value that is not a text."""


def check_config(stack: Stack) -> None:
    """Refuses a configuration that the program would refuse, before anything is started.

    Secrets are not decrypted here: that they are well is for the program itself to see.

    Raises:
        DeployError: lists every bad key.
    """
    given = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    if "PULUMI_CONFIG_PASSPHRASE_FILE" in environment.wanted(stack, None):
        given = None  # the file comes in its place
    unread = {key: _UNREAD.get(key.rpartition(":")[2], "*" * 64) for key in stack.secret_keys}
    try:
        config.parse(
            stack.name,
            {**stack.values, **unread},
            stack.secret_keys,
            passphrase=given,
        )
    except config.ConfigError as err:
        raise DeployError(str(err)) from err


def check_parts(stack: Stack) -> None:
    """Refuses to start where Docker is needed and away, or the context is in no kubeconfig."""
    check_context(stack)
    host = os.environ.get("DOCKER_HOST") or docker.SYSTEM
    if stack.builds and not docker_api.answers(host):
        raise DeployError(
            f"The stack {stack.name!r} builds its image, but no Docker daemon answers at {host}. Start one, name one "
            "in DOCKER_HOST, or set `image` to a pinned digest (repository@sha256:...), which needs no Docker.",
            os.EX_UNAVAILABLE,
        )


def check_context(stack: Stack) -> None:
    """Refuses a context that the stack's kubeconfig files do not have."""
    context = stack.get("context")
    contexts = servers(stack)
    if context not in contexts:
        raise DeployError(
            f"{stack.file.name} names the context {context!r}, which is not in "
            f"{', '.join(map(str, stack.kubeconfigs))}. Contexts there: "
            f"{', '.join(contexts) or 'none'}. Set it: "
            f"`.venv/bin/python -m deploy config {stack.name} set context NAME`."
        )
