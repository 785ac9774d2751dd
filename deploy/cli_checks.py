"""What the Pulumi CLI would say late or in other words, said first. The embedded engine needs none of it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from deploy.errors import DeployError
from deploy.kubeconfig import servers
from deploy.stack import Stack
from engine.backend.passphrase import SecretsManager, read_passphrase
from engine.errors import EngineError

CONNECT_SECONDS = 5


def check(stack: Stack, backend: Path | None) -> None:
    """Refuses a wrong passphrase, a stack that is locked in the file backend, a cluster that does not answer.

    Raises:
        DeployError: with the code that the embedded engine ends with in the same case.
    """
    _check_lock(stack, backend)
    _check_passphrase(stack)
    check_server(stack)


def _check_lock(stack: Stack, backend: Path | None) -> None:
    """Source: pkg/backend/diy/lock.go; the CLI never breaks a lock by itself."""
    if backend is None:
        return
    folder = backend / ".pulumi" / "locks" / "organization" / stack.project_name / stack.name
    for file in folder.glob("*.json"):
        try:
            held = json.loads(file.read_bytes())
        except (FileNotFoundError, ValueError):
            continue
        raise DeployError(
            f"The stack {stack.name!r} is held by another update: process {held.get('pid')} of {held.get('username')} "
            f"on {held.get('hostname')}, since {held.get('timestamp')}. Wait for its end; if it is gone, free it: "
            f"`.venv/bin/python -m deploy cancel {stack.name}`.",
            os.EX_TEMPFAIL,
        )


def _check_passphrase(stack: Stack) -> None:
    given = os.environ.get("PULUMI_CONFIG_PASSPHRASE") or os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not stack.salt or not given:  # then the CLI asks on the terminal
        return
    try:
        SecretsManager(stack.salt, read_passphrase(os.environ, stack.project)).prepare()
    except EngineError as err:
        raise DeployError(str(err), err.code) from err


def check_server(stack: Stack) -> None:
    """Refuses a cluster that does not answer."""
    server = servers(stack).get(stack.get("context"), "")
    parts = urlsplit(server)
    if not parts.hostname or os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return
    try:
        socket.create_connection((parts.hostname, parts.port or 443), timeout=CONNECT_SECONDS).close()
    except OSError as err:
        raise DeployError(
            f"The cluster of context {stack.get('context')!r} does not answer at {server}: {err.strerror or err}. "
            f"Start it, or mend the context that {stack.file.name} names.",
            os.EX_UNAVAILABLE,
        ) from err
