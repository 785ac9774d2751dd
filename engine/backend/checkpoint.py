"""A stack's checkpoint: reading, checking and writing it, as the CLI does.

Source: pkg/resource/stack/deployment.go (version 3), VerifyIntegrity in pkg/resource/deploy/snapshot.go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from engine.backend import features
from engine.backend.filestate import Backend
from engine.backend.passphrase import SecretsManager
from engine.errors import CONFIG, EngineError, needs_cli
from engine.resource import wire
from engine.resource.state import State, from_json, to_json

WRITER: Final = "embedded"
"""The manifest's version: which program wrote the checkpoint."""


@dataclass(frozen=True, eq=False)
class Operation:
    """A step that had started when the checkpoint was written."""

    resource: State
    type: str
    """creating, updating, deleting or reading."""


@dataclass(frozen=True)
class Checkpoint:
    """A stack's resources, dependencies first, and the steps that were under way."""

    resources: tuple[State, ...] = ()
    pending: tuple[Operation, ...] = ()


def now() -> str:
    """The time as Go writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Vault:
    """Encrypts and decrypts the secrets of one checkpoint. An unchanged secret keeps its ciphertext."""

    reader: SecretsManager | None
    """The manager of the checkpoint as it was read."""
    writer: SecretsManager | None
    """The manager of the stack's config; the checkpoint is written with it."""
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def decrypt(self, ciphertext: str, place: str) -> str:
        """The text of a secret in the checkpoint."""
        if self.reader is None:
            raise EngineError("the checkpoint holds a secret, but names no secrets provider; it is damaged", CONFIG)
        text = self.reader.decrypt(ciphertext)
        if self.writer is not None and self.writer.salt == self.reader.salt:
            self._known[place, text] = ciphertext
        return text

    def encrypt(self, text: str, place: str) -> str:
        """The ciphertext of a secret for the checkpoint."""
        if self.writer is None:
            raise EngineError(
                "a secret has to be stored, but the stack has no passphrase: set PULUMI_CONFIG_PASSPHRASE", CONFIG
            )
        if (place, text) not in self._known:
            self._known[place, text] = self.writer.encrypt(text)
        return self._known[place, text]


def read(backend: Backend, stack: str) -> dict[str, Any]:
    """The `latest` deployment of a stack, as raw JSON; empty for a new stack. The file is never touched."""
    path = backend.checkpoint(stack)
    try:
        raw = json.loads(path.read_bytes())
        version = raw["version"]
        latest = raw["checkpoint"].get("latest") or {}
        if not isinstance(version, int) or not isinstance(latest, dict):
            raise TypeError
    except OSError as err:
        raise EngineError(f"the state file {path} cannot be read: {err.strerror}", CONFIG) from err
    except (ValueError, KeyError, TypeError, AttributeError):
        raise EngineError(_damaged(backend, stack, "it is truncated or no checkpoint"), CONFIG) from None
    if problem := features.unsupported(version, raw.get("features")):
        raise needs_cli(f"the checkpoint {path} ({problem})")
    for key in ("snippets", "extensions"):
        if latest.get(key):
            raise needs_cli(f"the checkpoint {path}, which has `{key}`")
    return latest


def _damaged(backend: Backend, stack: str, why: str) -> str:
    path = backend.checkpoint(stack)
    backup = backend.newest_backup(stack)
    mend = f"restore it: cp {backup} {path}" if backup else "there is no backup of it"
    return f"the state file {path} cannot be used: {why}; it is left as it is. To mend it, {mend}"


def salt_of(latest: dict[str, Any]) -> str:
    """The salt of the passphrase manager that a deployment was written with; empty where it has none."""
    provider = latest.get("secrets_providers") or {}
    if not provider.get("type"):
        return ""
    if provider["type"] != "passphrase":
        raise needs_cli(f"the secrets provider {provider['type']!r} of the checkpoint (only passphrase is)")
    return str((provider.get("state") or {}).get("salt") or "")


def holds_secrets(latest: dict[str, Any]) -> bool:
    """Whether any secret must be decrypted to use the deployment."""
    return '"ciphertext"' in json.dumps(latest)


def revealed(latest: Any, vault: Vault) -> Any:
    """A deployment as the CLI prints it with its secrets shown."""
    if isinstance(latest, dict):
        if latest.get(wire.SIGNATURE) == wire.SECRET and "ciphertext" in latest:
            return {wire.SIGNATURE: wire.SECRET, "plaintext": vault.decrypt(latest["ciphertext"], "")}
        return {key: revealed(item, vault) for key, item in latest.items()}
    return [revealed(item, vault) for item in latest] if isinstance(latest, list) else latest


def parse(backend: Backend, stack: str, latest: dict[str, Any], vault: Vault) -> Checkpoint:
    """The resources of a deployment, checked for integrity."""
    try:
        found = states(latest, vault)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise EngineError(_damaged(backend, stack, "a resource in it is malformed"), CONFIG) from None
    if problem := integrity_problem(found.resources):
        raise EngineError(_damaged(backend, stack, problem), CONFIG)
    return found


def states(latest: dict[str, Any], vault: Vault) -> Checkpoint:
    """The resources of a deployment, in whatever order. Raises KeyError and the like where one is malformed."""
    return Checkpoint(
        tuple(from_json(raw, vault.decrypt) for raw in latest.get("resources") or ()),
        tuple(
            Operation(from_json(raw["resource"], vault.decrypt), raw["type"])
            for raw in latest.get("pending_operations") or ()
        ),
    )


def integrity_problem(resources: Sequence[State]) -> str:
    """What is wrong with the order or the references of the resources; empty where nothing is."""
    seen: set[str] = set()
    live: set[str] = set()
    providers: set[str] = set()
    for state in resources:
        if not state.custom and state.id:
            return f"the component {state.urn} has an id"
        if state.provider and state.provider not in providers and not state.pending_replacement:
            return f"resource {state.urn} refers to unknown provider {state.provider}"
        for urn in state.references():
            if urn not in seen:
                return f"resource {state.urn} refers to {urn}, which does not precede it"
        if state.urn in live and not state.delete:
            return f"duplicate resource {state.urn} (not marked for deletion)"
        seen.add(state.urn)
        if not state.delete:
            live.add(state.urn)
        if state.type.startswith("pulumi:providers:"):
            providers.add(f"{state.urn}::{state.id}")
    return ""


def in_order(resources: Sequence[State]) -> tuple[State, ...]:
    """The resources with dependencies first: as they are where they are so, which is nearly always the case."""
    if not integrity_problem(resources):
        return tuple(resources)
    by_urn: dict[str, list[State]] = {}
    for state in resources:
        by_urn.setdefault(state.urn, []).append(state)
    ordered: dict[State, None] = {}
    for first in resources:
        stack = [first]
        while stack:
            state = stack[-1]
            needed = [*state.references(), state.provider.rpartition("::")[0]]
            missing = [
                item for urn in needed for item in by_urn.get(urn, ()) if item not in ordered and item not in stack
            ]
            if missing:
                stack.append(missing[0])
            else:
                ordered[stack.pop()] = None
    return tuple(ordered)


class Serializer:
    """Writes checkpoints; the JSON of a resource is made once."""

    def __init__(self, qualified_name: str, vault: Vault) -> None:
        self._name = qualified_name
        self._vault = vault
        self._json: dict[State, bytes] = {}

    def dump(self, checkpoint: Checkpoint) -> bytes:
        """The file's content."""
        resources = [self._text(state) for state in checkpoint.resources]
        if len(self._json) > 2 * len(resources) + 1000:
            live = {*checkpoint.resources}
            self._json = {state: text for state, text in self._json.items() if state in live}
        latest = [_member("manifest", {"time": now(), "magic": _MAGIC, "version": WRITER})]
        if self._vault.writer is not None:
            provider = {"type": "passphrase", "state": {"salt": self._vault.writer.salt}}
            latest.append(_member("secrets_providers", provider))
        if resources:
            latest.append(b'"resources":[%b]' % b",".join(resources))
        if checkpoint.pending:
            operations = (
                b'{"resource":%b,%b}' % (self._text(item.resource), _member("type", item.type))
                for item in checkpoint.pending
            )
            latest.append(b'"pending_operations":[%b]' % b",".join(operations))
        latest.append(b'"metadata":{}')
        body = b'{%b,"latest":{%b}}' % (_member("stack", self._name), b",".join(latest))
        envelope = _compact(features.envelope(state.extra for state in checkpoint.resources)).encode()
        return b'%b,"checkpoint":%b}' % (envelope[:-1], body)

    def _text(self, state: State) -> bytes:
        if state not in self._json:
            self._json[state] = _compact(to_json(state, self._vault.encrypt)).encode()
        return self._json[state]


def _member(key: str, value: Any) -> bytes:
    return f'"{key}":{_compact(value)}'.encode()


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_MAGIC: Final = hashlib.sha256(WRITER.encode()).hexdigest()


def path_of(backend: Backend, stack: str) -> Path:
    """The stack's checkpoint file; an error where the stack was not made."""
    if not backend.exists(stack):
        raise EngineError(f"no stack named '{stack}' found in {backend.root}; make it with: stack init {stack}", CONFIG)
    return backend.checkpoint(stack)
