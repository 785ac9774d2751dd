"""The stack's secrets, opened where the passphrase is at hand; and what tells, without it, whether they changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from typing import Any

from deploy import environment, preflight
from deploy.errors import DeployError
from deploy.objects import Object
from deploy.stack import Stack
from engine.backend.passphrase import SecretsManager, read_passphrase
from engine.errors import EngineError
from engine.workspace import config, stackconfig


def opened(stack: Stack) -> dict[str, str] | None:
    """The plain texts by full key; None where the passphrase is not at hand, or is not what they are encrypted with.

    Raises:
        DeployError: the passphrase is wrong, a secret is damaged, or one that must be given is missing.
    """
    if not stack.salt or not environment.has_passphrase(stack):
        return None
    preflight.check_config(stack)
    try:
        manager = SecretsManager(stack.salt, read_passphrase(os.environ, stack.project))
        values = _values(stack)
        return {key: config.as_text(config.plain(values[key], manager.decrypt)) for key in sorted(stack.secret_keys)}
    except EngineError as err:
        raise DeployError(f"The secrets of {stack.name} cannot be read: {err}", err.code) from err


def fingerprint(stack: Stack, secrets: Sequence[Object]) -> str:
    """Changes whenever the content of a Secret can have changed; made of what is in git for everyone to read.

    Args:
        stack: the stack, for its ciphertexts.
        secrets: the Secrets, made of placeholders.
    """
    values = _values(stack)
    parts = {"values": {key: values[key] for key in stack.secret_keys}, "objects": [it.manifest for it in secrets]}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _values(stack: Stack) -> dict[str, Any]:
    file = stack.other_file or stack.file
    try:
        return dict(stackconfig.load_stack_config(file, stack.project_name).values)
    except EngineError as err:
        raise DeployError(str(err), err.code) from err
