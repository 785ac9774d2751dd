"""What the Pulumi CLI would say late or in other words, said first. The embedded engine needs none of it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from deploy.errors import DeployError
from deploy.stack import Stack
from engine.errors import EngineError
from engine.passphrase import SecretsManager, read_passphrase

CONNECT_SECONDS = 5


def check(stack: Stack, backend: Path | None) -> None:
    """Refuses a wrong passphrase, a stack that is locked in the file backend, a cluster that does not answer.

    Raises:
        DeployError: with the code that the embedded engine ends with in the same case.
    """
    _check_lock(stack, backend)
    _check_passphrase(stack)
    _check_server(stack)


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
            f"`python -m deploy cancel {stack.name}`.",
            os.EX_TEMPFAIL,
        )


def _check_passphrase(stack: Stack) -> None:
    content = yaml.safe_load(stack.file.read_text(encoding="utf-8")) or {}
    if not content.get("encryptionsalt"):
        return
    try:
        SecretsManager(content["encryptionsalt"], read_passphrase(os.environ, stack.project)).prepare()
    except EngineError as err:
        raise DeployError(str(err), err.code) from err


def _check_server(stack: Stack) -> None:
    server = _server(stack)
    parts = urlsplit(server)
    if not parts.hostname or os.environ.get("HTTPS_PROXY"):
        return
    try:
        socket.create_connection((parts.hostname, parts.port or 443), timeout=CONNECT_SECONDS).close()
    except OSError as err:
        raise DeployError(
            f"The cluster of context {stack.get('context')!r} does not answer at {server}: {err.strerror or err}. "
            f"Start it, or mend the context that {stack.file.name} names.",
            os.EX_UNAVAILABLE,
        ) from err


def _server(stack: Stack) -> str:
    """The API server's URL, or an empty string where the kubeconfig is for others to judge."""
    for file in stack.kubeconfigs:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {} if file.is_file() else {}
        for entry in content.get("contexts") or []:
            if entry["name"] == stack.get("context"):
                wanted = entry["context"].get("cluster")
                found = [item["cluster"] for item in content.get("clusters") or [] if item["name"] == wanted]
                return str(found[0].get("server", "")) if found else ""
    return ""
