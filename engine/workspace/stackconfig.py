# ruff: noqa: PLC0415 - the editor of YAML is loaded where a file is edited
"""Pulumi.<stack>.yaml: the stack's salt and config values, read and edited in place.

Source: sdk/go/common/workspace ProjectStack and sdk/go/common/resource/config. An edit keeps comments and order.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import CONFIG, UNAVAILABLE, EngineError, needs_cli
from engine.files import write_atomic
from engine.resource.paths import Path as Path_
from engine.workspace.configpath import cut, put
from engine.workspace.project import full_key
from engine.yamlfile import load_yaml


@dataclass(frozen=True)
class StackConfig:
    """The parsed file; an absent file is an empty one."""

    path: Path
    salt: str = ""
    """`encryptionsalt`; empty where the stack has none yet."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Full key to plain YAML value; a secret is `{"secure": <ciphertext>}`, at any depth."""


_INDENTED_LIST = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n\1  - ", re.MULTILINE)


def is_secure(value: Any) -> bool:
    """Whether a value is one secret."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("secure"), str)


def holds_secure(value: Any) -> bool:
    """Whether a secret is anywhere in a value."""
    if is_secure(value):
        return True
    if isinstance(value, dict):
        return any(holds_secure(item) for item in value.values())
    return isinstance(value, list) and any(holds_secure(item) for item in value)


def load_stack_config(path: Path, project: str) -> StackConfig:
    """Reads the file; other secrets providers and environments are errors that name the CLI."""
    if not path.exists():
        return StackConfig(path)
    raw = load_yaml(path)
    if raw is None:
        return StackConfig(path)
    if not isinstance(raw, dict):
        raise EngineError(f"{path}: a stack's settings are a mapping with `config`", CONFIG)
    provider = raw.get("secretsprovider")
    if provider not in (None, "", "passphrase", "default"):
        raise needs_cli(f"{path}: the secrets provider {str(provider).split(':')[0]!r} (only passphrase is)")
    if raw.get("encryptedkey"):
        raise needs_cli(f"{path}: `encryptedkey` (a cloud secrets provider; only passphrase is)")
    if raw.get("environment"):
        raise needs_cli(f"{path}: `environment` (Pulumi ESC)")
    values = raw.get("config") or {}
    if not isinstance(values, dict):
        raise EngineError(f"{path}: `config` must be a mapping", CONFIG)
    try:
        full = {full_key(project, str(key)): value for key, value in values.items()}
    except EngineError as err:
        raise EngineError(f"{path}: {err}", CONFIG) from None
    return StackConfig(path, str(raw.get("encryptionsalt") or ""), full)


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Applies a change to the file's mapping, which keeps comments, order and quotes.

    The file is replaced atomically, readable as before (new: 0600).
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    before = path.read_text() if path.exists() else ""
    if _INDENTED_LIST.search(before):
        yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml.load(before) or CommentedMap()
    except YAMLError:
        raise EngineError(f"{path} is not valid YAML", CONFIG) from None
    if not isinstance(document, CommentedMap):
        raise EngineError(f"{path}: a stack's settings are a mapping with `config`", CONFIG)
    change(document)
    text = io.BytesIO()
    yaml.dump(document, text)
    try:
        write_atomic(path, text.getvalue())
    except OSError as err:
        raise EngineError(f"{path} cannot be written: {err.strerror}; it is unchanged", UNAVAILABLE) from err


def set_salt(path: Path, salt: str) -> None:
    """Sets `encryptionsalt`, which comes first in a new file."""

    def change(document: Any) -> None:
        if "encryptionsalt" in document:
            document["encryptionsalt"] = salt
        else:
            document.insert(0, "encryptionsalt", salt)

    edit(path, change)


def set_value(path: Path, project: str, key: str, value: Any, within: Path_ = ()) -> None:
    """Sets a config value of that full key, or the part of it that the path `within` names."""

    def change(document: Any) -> None:
        config = document.get("config")
        if config is None:
            config = document["config"] = {}
        name = _name_in(config, project, key)
        config[name] = put(config.get(name), within, value, (key,))

    edit(path, change)


def remove_value(path: Path, project: str, key: str, within: Path_ = ()) -> None:
    """Removes a config value of that full key, or a part of it; nothing there is no error, as with the CLI."""

    def change(document: Any) -> None:
        config = document.get("config") or {}
        name = _name_in(config, project, key)
        if name in config and within:
            cut(config[name], within)
        else:
            config.pop(name, None)

    if path.exists():
        edit(path, change)


def _name_in(config: Any, project: str, key: str) -> str:
    """The key as the file spells it: the project's own keys may stand without their namespace."""
    return next((name for name in config if full_key(project, str(name)) == key), key)
