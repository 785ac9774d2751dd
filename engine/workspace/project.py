"""Pulumi.yaml: the project, where its program is, and the config it declares.

Source: sdk/go/common/workspace/project.go; the messages about config declarations are the CLI's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.errors import CONFIG, USAGE, EngineError, needs_cli
from engine.workspace.version import require
from engine.yamlfile import load_yaml

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")
_SIMPLE: Final = frozenset({"string", "integer", "boolean", "object"})


@dataclass(frozen=True)
class Declaration:
    """One entry of the project's `config`."""

    type: str = ""
    """string, integer, boolean, object, array<...>; empty when undeclared."""
    default: Any = None
    value: Any = None
    """For a key of another namespace: the value itself."""
    secret: bool = False


@dataclass(frozen=True)
class Project:
    """What the engine reads from Pulumi.yaml."""

    root: Path
    """The folder of Pulumi.yaml, absolute."""
    name: str
    main: Path
    """The program: a folder with a `__main__.py`, or a file."""
    virtualenv: Path | None = None
    stack_folder: Path | None = None
    """Where Pulumi.<stack>.yaml is; default: `root`."""
    backend_url: str = ""
    suffix: str = ".yaml"
    """How Pulumi.yaml ends; Pulumi.<stack>.yaml does so too."""
    refresh: bool = False
    """Whether `options.refresh` is `always`: every preview, update and destroy refreshes first."""
    config: Mapping[str, Declaration] = field(default_factory=dict)

    def stack_file(self, stack: str) -> Path:
        """The stack's own config file."""
        return (self.stack_folder or self.root) / f"Pulumi.{stack}{self.suffix}"


def find_project(start: Path) -> Path:
    """The Pulumi.yaml in `start` or the nearest folder above it."""
    for folder in (start, *start.parents):
        for name in ("Pulumi.yaml", "Pulumi.yml"):
            if (folder / name).is_file():
                return folder / name
    raise EngineError(
        f"no Pulumi.yaml project file found in {start} or above it; name the project's folder with --cwd", CONFIG
    )


def load_project(path: Path) -> Project:
    """The project described by a Pulumi.yaml; whatever the engine cannot honour is an error."""
    raw = load_yaml(path)
    if not isinstance(raw, dict):
        raise EngineError(f"{path}: a project is a mapping with `name` and `runtime`", CONFIG)
    name = raw.get("name")
    if not isinstance(name, str) or not _NAME.match(name):
        raise EngineError(
            f"{path}: `name` is {name!r}; a project name has 1 to 100 letters, digits, `-`, `_` or `.`", CONFIG
        )
    runtime = raw.get("runtime")
    options: dict[str, Any] = {}
    if isinstance(runtime, dict):
        given = runtime.get("options")
        options = given if isinstance(given, dict) else {}
        runtime = runtime.get("name")
    if runtime != "python":
        raise needs_cli(f"{path}: the runtime {runtime!r} (only python is)")
    for key in ("plugins", "packages", "policyPacks"):
        if raw.get(key):
            raise needs_cli(f"{path}: `{key}`")
    if required := raw.get("requiredPulumiVersion"):
        require(str(required))
    toolchain = options.get("toolchain", "pip")
    if toolchain not in ("pip", None):
        raise needs_cli(f"{path}: runtime.options.toolchain {toolchain!r} (only pip with `virtualenv` is)")
    root = path.parent.resolve()
    virtualenv = options.get("virtualenv")
    folder = raw.get("stackConfigDir") or (raw["config"] if isinstance(raw.get("config"), str) else None)
    declared = {} if isinstance(raw.get("config"), str) else raw.get("config") or {}
    backend = raw.get("backend") or {}
    return Project(
        root=root,
        name=name,
        main=(root / raw["main"]).resolve() if raw.get("main") else root,
        virtualenv=(root / virtualenv) if virtualenv else None,
        stack_folder=(root / folder).resolve() if folder else None,
        backend_url=str(backend.get("url") or "") if isinstance(backend, dict) else "",
        suffix=path.suffix,
        refresh=isinstance(raw.get("options"), dict) and raw["options"].get("refresh") == "always",
        config=_declarations(path, name, declared),
    )


def _declarations(path: Path, project: str, raw: Any) -> dict[str, Declaration]:
    if not isinstance(raw, dict):
        raise EngineError(f"{path}: `config` must be a mapping", CONFIG)
    result = {}
    for key, entry in raw.items():
        try:
            result[full_key(project, str(key))] = _declaration(project, str(key), entry)
        except EngineError as err:
            raise EngineError(f"{path}: {err}", CONFIG) from None
    return result


def _declaration(project: str, key: str, entry: Any) -> Declaration:
    own = full_key(project, key).startswith(f"{project}:")
    if entry is None or entry == {}:
        return Declaration()
    if not isinstance(entry, dict) or not entry.keys() & {"type", "default", "value", "description", "secret", "items"}:
        # the short form: the value itself
        return Declaration(default=entry) if own else Declaration(value=entry)
    type_ = entry.get("type") or ""
    if entry.get("default") is not None and entry.get("value") is not None:
        raise EngineError(f"project config '{key}' cannot have both a 'default' and 'value' attribute")
    if not own:
        if type_:
            raise EngineError(
                f"Configuration key '{key}' is not namespaced by the project and should not define a type"
            )
        if entry.get("default") is not None:
            raise EngineError(
                f"Configuration key '{key}' is not namespaced by the project and should not define a default value. "
                "Did you mean to use the 'value' attribute instead of 'default'?"
            )
        if entry.get("value") is None:
            raise EngineError(f"Configuration key '{key}' is namespaced and must provide an attribute 'value'")
        return Declaration(value=entry["value"], secret=bool(entry.get("secret")))
    type_name = _type_name(key, type_, entry.get("items")) if type_ else ""
    default = entry.get("default")
    if type_name and default is not None and not matches(type_name, default):
        raise EngineError(
            f"The default value specified for configuration key '{key}' is not of the expected type '{type_name}'"
        )
    return Declaration(type_name, default, entry.get("value"), bool(entry.get("secret")))


def _type_name(key: str, type_: Any, items: Any) -> str:
    if type_ == "array":
        if not isinstance(items, dict) or "type" not in items:
            raise EngineError(
                f"The configuration key '{key}' declares an array "
                "but does not specify the underlying type via the 'items' attribute"
            )
        return f"array<{_type_name(key, items['type'], items.get('items'))}>"
    if type_ not in _SIMPLE:
        raise EngineError(
            f"Configuration key '{key}' has the type {type_!r}; "
            "it must be one of array, boolean, integer, object, string"
        )
    return str(type_)


def full_key(project: str, key: str) -> str:
    """A config key with its namespace, which is the project's where none is given. Raises EngineError (64)."""
    match key.split(":"):
        case [name]:
            return f"{project}:{name}"
        case [namespace, name] | [namespace, "config", name]:  # the longer form is an old one
            return f"{namespace}:{name}"
    raise EngineError(f"the configuration key {key!r} is malformed: it must read <namespace>:<name> or <name>", USAGE)


def matches(type_name: str, value: Any) -> bool:
    """Whether a config value is of a declared type; texts that read as integers or booleans are, as for the CLI."""
    if type_name == "string":
        return isinstance(value, str)
    if type_name == "integer":
        if isinstance(value, str):
            return re.fullmatch(r"[+-]?\d+", value) is not None
        return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    if type_name == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if type_name == "object":
        return isinstance(value, dict)
    inner = type_name.removeprefix("array<").removesuffix(">")
    return isinstance(value, list) and all(matches(inner, item) for item in value)
