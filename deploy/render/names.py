"""The names of Secrets, which end in a keyed hash of their content: where they are found without the passphrase."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.errors import DeployError
from deploy.objects import Object
from deploy.objects.offline import without_hash
from deploy.observe.recorded import Recorded
from deploy.render.folder import KUSTOMIZATION, Folder
from deploy.render.yamltext import parse
from engine.errors import INTERRUPTED

Place = tuple[str, str]
"""Namespace, and name without the hash."""

_FINGERPRINT: Final = "# Secrets as of sha256:"
SEALED: Final = ("secret-", "sealedsecret-")
"""How the names of files begin that hold a Secret's values."""
_LEFT_OUT: Final = "# Left out: Secret "


def place(namespace: str, name: str) -> Place:
    """Where a Secret is, whatever its content."""
    return namespace, without_hash(name)


@dataclass(frozen=True)
class Memory:
    """What the render that is there says of its Secrets."""

    fingerprint: str = ""
    """Of the stack's secrets when its names were found."""
    sealed: dict[Place, str] = field(default_factory=dict)
    """Names of those that it holds."""
    left_out: dict[Place, str] = field(default_factory=dict)
    """Names of those that it only refers to."""

    @classmethod
    def of(cls, folder: Folder) -> Memory:
        """Read from its files."""
        text = folder.files.get(KUSTOMIZATION, "")
        found = re.search(f"^{re.escape(_FINGERPRINT)}([0-9a-f]{{64}})$", text, re.MULTILINE)
        out = re.findall(f"^{re.escape(_LEFT_OUT)}([^/ ]*)/(\\S+)$", text, re.MULTILINE)
        sealed: dict[Place, str] = {}
        for name, content in folder.files.items():
            if name.startswith(SEALED):
                metadata = parse(content).get("metadata") or {}
                namespace, held = str(metadata.get("namespace", "")), str(metadata.get("name", ""))
                sealed[place(namespace, held)] = held
        return cls(found[1] if found else "", sealed, {place(*where): where[1] for where in out})


def notes(fingerprint: str, left_out: Iterable[Object]) -> str:
    """The lines of kustomization.yaml from which a `Memory` is read again."""
    lines = [f"{_FINGERPRINT}{fingerprint}\n"] if fingerprint else []
    return "".join(lines + [f"{_LEFT_OUT}{it.namespace}/{it.name}\n" for it in left_out])


def found(secrets: Iterable[Object], memory: Memory, fresh: bool, state: Callable[[], Recorded]) -> dict[str, str]:
    """The real name of each Secret whose name is made of placeholders.

    Taken from the render that is there, if it is of the same secrets or holds the Secret; else from the stack's state,
    as the last `up` left it; else from the render that is there all the same.

    Args:
        secrets: made of placeholders.
        memory: of the render that is there.
        fresh: whether the stack's secrets are as they were when it was made.
        state: reads the stack's state; called where it is needed.

    Raises:
        DeployError: a name is nowhere to be found.
    """
    names: dict[str, str] = {}
    for it in secrets:
        where = place(it.namespace, it.name)
        known = memory.sealed.get(where) or (memory.left_out.get(where) if fresh else "")
        name = known or _recorded(state).get(where) or memory.left_out.get(where)
        if not name:
            raise DeployError(
                f"The name of the Secret {where[1]} ends in a keyed hash of its content, and the Deployment refers to "
                "it. Without the passphrase it is taken from the stack's state or from the render that is there, and "
                "it is in neither. Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE), or deploy once."
            )
        names[it.name] = name
    return names


def _recorded(state: Callable[[], Recorded]) -> dict[Place, str]:
    """The names that the state has; none where it cannot be read, as the engine has said by then."""
    try:
        resources = state().resources
    except DeployError as err:
        if err.code == INTERRUPTED:
            raise
        return {}
    names: dict[Place, str] = {}
    for resource in resources:
        if resource["type"] == "kubernetes:core/v1:Secret":
            metadata: dict[str, Any] = (resource.get("inputs") or {}).get("metadata") or {}
            namespace, name = str(metadata.get("namespace", "")), str(metadata.get("name", ""))
            names[place(namespace, name)] = name
    return names


def renamed(value: Any, names: dict[str, str]) -> Any:
    """The object with each of these names, wherever it stands, replaced."""
    if isinstance(value, dict):
        return {key: renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value
