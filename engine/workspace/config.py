"""The config a program sees: the stack's values over the project's defaults, validated, as the CLI hands it over.

Source: pkg/workspace/config.go; the messages are the CLI's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import CONFIG, EngineError
from engine.workspace.project import Declaration, Project, matches
from engine.workspace.stackconfig import StackConfig, holds_secure, is_secure


@dataclass(frozen=True)
class ConfigValue:
    """One value, as text; objects and arrays are JSON."""

    text: str
    secret: bool
    hidden: frozenset[str] = frozenset()
    """The texts of every secret in it, which no output may show."""

    def __repr__(self) -> str:
        return "ConfigValue([secret])" if self.secret else f"ConfigValue({self.text!r})"


def needs_key(stack: StackConfig) -> bool:
    """Whether any value must be decrypted."""
    return any(holds_secure(value) for value in stack.values.values())


def plain(value: Any, decrypt: Callable[[str], str]) -> Any:
    """The value with every `secure` decrypted."""
    if is_secure(value):
        return decrypt(value["secure"])
    if isinstance(value, dict):
        return {str(key): plain(item, decrypt) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, decrypt) for item in value]
    return value


def as_text(value: Any) -> str:
    """A value as the SDK receives it: texts as they are, `true`, numbers, JSON with sorted keys for the rest."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False, default=str)


def resolve(
    project: Project, stack_name: str, stack: StackConfig, decrypt: Callable[[str], str], *, validate: bool = True
) -> dict[str, ConfigValue]:
    """Every config value by its full key. Raises EngineError (78) for a missing or mistyped one."""
    values: dict[str, ConfigValue] = {}
    contents: dict[str, Any] = {}
    for key, raw in stack.values.items():
        hidden: set[str] = set()
        content = plain(raw, lambda ciphertext: _noted(decrypt(ciphertext), hidden))  # noqa: B023 - called at once
        contents[key] = content
        values[key] = ConfigValue(as_text(content), holds_secure(raw), frozenset(hidden))
    missing = []
    for key, declaration in project.config.items():
        if key in values:
            continue
        content = declaration.value if declaration.value is not None else declaration.default
        if content is not None:
            values[key] = ConfigValue(as_text(content), False)
        elif key.startswith(f"{project.name}:"):
            missing.append(key.removeprefix(f"{project.name}:"))
    if validate:
        if missing:
            raise EngineError(_missing(stack_name, sorted(missing)), CONFIG)
        for key, declaration in sorted(project.config.items()):
            if key in contents and declaration.type:
                _validate(stack_name, key.removeprefix(f"{project.name}:"), declaration, contents[key], values[key])
    return values


def _noted(text: str, hidden: set[str]) -> str:
    hidden.add(text)
    return text


def _validate(stack: str, key: str, declaration: Declaration, content: Any, value: ConfigValue) -> None:
    if declaration.secret and not value.secret:
        raise EngineError(f"Stack '{stack}' with configuration key '{key}' must be encrypted as it's secret", CONFIG)
    # scalars reach the CLI's check as text, objects and arrays as they are
    checked = content if isinstance(content, dict | list) else value.text
    if not matches(declaration.type, checked):
        raise EngineError(
            f"Stack '{stack}' with configuration key '{key}' must be of type '{declaration.type}'", CONFIG
        )


def _missing(stack: str, keys: list[str]) -> str:
    quoted = [f"'{key}'" for key in keys]
    names = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    return (
        f"Stack '{stack}' is missing configuration value{'s' if len(keys) > 1 else ''} {names}; "
        f"set it in Pulumi.{stack}.yaml (config set {keys[0]} VALUE)"
    )


def package_config(values: Mapping[str, ConfigValue], package: str) -> dict[str, ConfigValue]:
    """The values of one package's namespace, by name: the inputs of its default provider."""
    prefix = f"{package}:"
    return {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}


def default_provider_disabled(values: Mapping[str, ConfigValue], package: str) -> bool:
    """Whether `pulumi:disable-default-providers` lists the package, or `*`."""
    value = values.get("pulumi:disable-default-providers")
    if value is None or not value.text:
        return False
    try:
        names = json.loads(value.text)
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise EngineError("pulumi:disable-default-providers must be a list of package names", CONFIG)
    return any(name.strip() in ("*", package) for name in names)
