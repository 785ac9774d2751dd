"""A stack as its files describe it: Pulumi.yaml's defaults under Pulumi.<stack>.yaml, nothing decrypted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import DEV_CONTEXT
from deploy.errors import DeployError
from engine.errors import EngineError
from engine.yamlfile import load_yaml

HIDDEN = "[secret]"


@dataclass(frozen=True)
class Stack:
    """One environment of the project."""

    project: Path
    """The folder of Pulumi.yaml."""
    project_name: str
    name: str
    values: Mapping[str, str]
    """Effective configuration: `namespace:key` to the text that Pulumi hands the program; secrets read `[secret]`."""
    secret_keys: frozenset[str]
    salt: str = ""
    """`encryptionsalt` of the stack's file."""
    backend: str | None = None
    """`backend.url` of Pulumi.yaml."""
    other_file: Path | None = None
    """A file that stands for the stack's own in one run."""

    @property
    def file(self) -> Path:
        """The stack's configuration file."""
        return self.project / f"Pulumi.{self.name}.yaml"

    @property
    def words(self) -> tuple[str, ...]:
        """What tells an engine's preview, up and destroy which stack, and which configuration."""
        other = ("--config-file", str(self.other_file)) if self.other_file else ()
        return ("--stack", self.name, *other)

    def get(self, key: str) -> str:
        """The project's own `key`, or an empty string."""
        return self.values.get(f"{self.project_name}:{key}", "")

    @property
    def kubeconfigs(self) -> list[Path]:
        """The files in which the stack's context is looked up: its own, else KUBECONFIG's, else ~/.kube/config."""
        named = self.get("kubeconfig") or os.environ.get("KUBECONFIG") or "~/.kube/config"
        return [Path(part).expanduser() for part in named.split(os.pathsep) if part]

    @property
    def is_local(self) -> bool:
        """Whether the stack names the reserved context, whose cluster this project starts itself."""
        return self.get("context") == DEV_CONTEXT

    @property
    def builds(self) -> bool:
        """Whether an `up` builds the image, so that it needs Docker."""
        return not self.get("image")


def load(project: Path, name: str, other_file: Path | None = None) -> Stack:
    """Reads a stack's files.

    Args:
        project: the folder of Pulumi.yaml.
        name: the stack's name.
        other_file: read instead of Pulumi.<stack>.yaml.

    Raises:
        DeployError: there is no such stack, or a file is not what Pulumi accepts.
    """
    declared = _mapping(project / "Pulumi.yaml")
    project_name = str(declared.get("name", ""))
    file = project / f"Pulumi.{name}.yaml"
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name) or not file.is_file():
        known = sorted(path.name.split(".")[1] for path in project.glob("Pulumi.*.yaml"))
        raise DeployError(
            f"There is no stack {name!r} here: {file.name} is missing. "
            f"Stacks with a file: {', '.join(known) or 'none'}.",
            os.EX_USAGE,
        )
    values: dict[str, str] = {}
    secrets: set[str] = set()
    content = _mapping(other_file or file)
    for source in (_defaults(declared.get("config")), _config(file.name, content)):
        for key, value in source.items():
            full = _full(project_name, key)
            values[full] = HIDDEN if _is_secure(value) else _text(value)
            (secrets.add if _is_secure(value) else secrets.discard)(full)
    backend = declared.get("backend") or {}
    return Stack(
        project,
        project_name,
        name,
        values,
        frozenset(secrets),
        str(content.get("encryptionsalt") or ""),
        backend.get("url"),
        other_file,
    )


def _defaults(declared: object) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in (declared or {}).items() if isinstance(declared, dict) else ():
        if not isinstance(value, dict):
            found[key] = value
        elif "value" in value or "default" in value:
            found[key] = value.get("value", value.get("default"))
    return found


def plain_values(project_name: str, content: object) -> dict[str, str]:
    """What the content of a stack's file says by itself, secrets left out: `namespace:key` to its text."""
    section = _config("the stack's file", content if isinstance(content, dict) else {})
    return {_full(project_name, key): _text(value) for key, value in section.items() if not _is_secure(value)}


def _full(project_name: str, key: str) -> str:
    return key if ":" in key else f"{project_name}:{key}"


def _config(name: str, content: dict[str, Any]) -> dict[str, Any]:
    section = content.get("config") or {}
    if not isinstance(section, dict):
        raise DeployError(f"{name}: `config` is a {type(section).__name__}; it must be a mapping of keys to values.")
    return section


def _mapping(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise DeployError(f"{file} is missing; run the command in the project's folder.", os.EX_USAGE)
    try:
        content = load_yaml(file)
    except EngineError as err:
        raise DeployError(f"{err} Mend it, or take it back from git.") from err
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise DeployError(f"{file.name} holds a {type(content).__name__}; it must be a mapping.")
    return content


def _is_secure(value: object) -> bool:
    if isinstance(value, dict):
        return "secure" in value or any(_is_secure(item) for item in value.values())
    return isinstance(value, list) and any(_is_secure(item) for item in value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
