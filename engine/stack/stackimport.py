"""`stack import`: puts a deployment, as `stack export` writes one, in the place of a stack's state.

Source: pkg/cmd/pulumi/stack/stack_import.go and SaveSnapshot in io.go. Like the CLI it keeps the deployment's secrets
provider and manifest, drops pending operations, and leaves no entry in the history.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from engine.backend import checkpoint as checkpoints
from engine.backend import features
from engine.backend.checkpoint import Checkpoint, Vault
from engine.backend.lock import locked
from engine.backend.passphrase import SecretsManager
from engine.errors import CONFIG, FAILED, EngineError, needs_cli
from engine.resource import wire
from engine.resource.urn import project_of, stack_of
from engine.stack.stackref import Stack


def import_stack(stack: Stack, arguments: Any) -> int:
    """Reads a deployment from --file, else standard input; its exit code."""
    checkpoints.path_of(stack.backend, stack.name)
    deployment = _read(arguments.file)
    vault = _vault(stack, deployment)
    try:
        found = checkpoints.states(deployment, vault)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EngineError("could not deserialize deployment: a resource in it is malformed", CONFIG) from None
    _judge(_problems(stack, deployment, found), force=arguments.force)
    for operation in found.pending:
        _warn(f"removing pending operation '{operation.type}' on '{operation.resource.urn}' from snapshot")
    sealed: dict[str, Any] = _sealed(deployment, vault)
    for key in ("pending_operations", "secrets_providers"):
        sealed.pop(key, None)
    if vault.writer is not None:
        provider = {"type": "passphrase", "state": {"salt": vault.writer.salt}}
        sealed = {"manifest": sealed.pop("manifest", {}), "secrets_providers": provider, **sealed}
    content = {
        **features.envelope(sealed.get("resources") or ()),
        "checkpoint": {"stack": stack.backend.qualified(stack.name), "latest": sealed},
    }
    with locked(stack.backend.locks(stack.name), print):
        stack.backend.save(stack.name, json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())
    print("Import complete.")
    return 0


def _read(file: str | None) -> dict[str, Any]:
    source = file or "standard input"
    try:
        raw = json.loads(Path(file).read_bytes() if file else sys.stdin.read())
        version, deployment = raw["version"], raw["deployment"]
        if not isinstance(version, int) or not isinstance(deployment, dict):
            raise TypeError
    except OSError as err:
        raise EngineError(f"could not open file {file}: {err.strerror}", CONFIG) from err
    except (ValueError, KeyError, TypeError):
        raise EngineError(
            f"{source} holds no deployment: a `version` and a `deployment`, as `stack export` prints them", CONFIG
        ) from None
    if version == 0 or features.unsupported(version, raw.get("features")):
        raise needs_cli(f"a deployment of {features.unsupported(version, raw.get('features')) or 'version 0'}")
    for key in ("snippets", "extensions"):
        if deployment.get(key):
            raise needs_cli(f"a deployment that has `{key}`")
    return deployment


def _vault(stack: Stack, deployment: dict[str, Any]) -> Vault:
    """What decrypts and encrypts the deployment's secrets: its own salt, else (shown secrets only) the stack's."""
    salt = checkpoints.salt_of(deployment)
    if not salt and '"plaintext"' not in json.dumps(deployment):
        return Vault(None, None)
    if not salt:
        stack.latest = {}  # the state that is there goes, and may be damaged
        stack.ensure_salt()
    manager = SecretsManager(salt or stack.settings.salt, stack.passphrase())
    manager.prepare()
    return Vault(manager if salt else None, manager)


def _sealed(value: Any, vault: Vault, place: str = "") -> Any:
    """The deployment with the secrets encrypted that it shows."""
    if isinstance(value, dict):
        if value.get(wire.SIGNATURE) == wire.SECRET and isinstance(value.get("plaintext"), str):
            return {wire.SIGNATURE: wire.SECRET, "ciphertext": vault.encrypt(value["plaintext"], place)}
        return {key: _sealed(item, vault, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_sealed(item, vault, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def _problems(stack: Stack, deployment: dict[str, Any], found: Checkpoint) -> list[str]:
    problems = []
    for state in found.resources:
        if stack_of(state.urn) != stack.name:
            problems.append(f"resource '{state.urn}' is from a different stack ({stack_of(state.urn)} != {stack.name})")
        elif project_of(state.urn) != stack.project.name:
            other = f"{project_of(state.urn)} != {stack.project.name}"
            problems.append(f"resource '{state.urn}' is from a different project ({other})")
    manifest = deployment.get("manifest") or {}
    version = str(manifest.get("version") or "")
    if str(manifest.get("magic") or "") != (hashlib.sha256(version.encode()).hexdigest() if version else ""):
        problems.append("state file contains errors: magic cookie mismatch; possible tampering/corruption detected")
    elif problem := checkpoints.integrity_problem(found.resources):
        problems.append(f"state file contains errors: {problem}")
    return problems


def _judge(problems: list[str], *, force: bool) -> None:
    if not force and problems:
        told = [*problems, "importing this file could be dangerous; rerun with --force to proceed anyway"]
        lines = "\n".join(f"    {number}) {problem}" for number, problem in enumerate(told, 1))
        raise EngineError(f"{len(told)} errors occurred:\n{lines}", FAILED)
    for problem in problems:
        _warn(problem)


def _warn(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)
