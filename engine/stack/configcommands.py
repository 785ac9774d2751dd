"""The commands on a stack's config: set, get, rm."""

from __future__ import annotations

import getpass
import json
import re
import sys
from math import log2
from typing import Any, Final

from engine.backend import checkpoint as checkpoints
from engine.errors import USAGE, EngineError
from engine.resource.paths import Path as Path_
from engine.stack.stackref import Stack
from engine.workspace import config, stackconfig
from engine.workspace.configpath import coerce, find, split_key
from engine.workspace.project import full_key

_SECRET_KEY: Final = re.compile("passwd|pass|password|pwd|secret|token", re.IGNORECASE)
_ALPHABETS: Final = (("[a-z]", 26), ("[A-Z]", 26), ("[0-9]", 10), ("[^a-zA-Z0-9]", 33))


def run_config(stack: Stack, arguments: Any) -> int:
    """Runs `config <action>`; its exit code."""
    return {"set": _set, "get": _get, "rm": _rm}[arguments.action](stack, arguments)


def _key(stack: Stack, arguments: Any) -> tuple[str, Path_]:
    """The full key, and the path within its value."""
    project = stack.project.name
    return split_key(project, arguments.key) if arguments.path else (full_key(project, arguments.key), ())


def _set(stack: Stack, arguments: Any) -> int:
    checkpoints.path_of(stack.backend, stack.name)
    name, within = _key(stack, arguments)
    value = arguments.value
    if value is None:
        if sys.stdin.isatty():
            value = getpass.getpass("value: ") if arguments.secret else input("value: ")
        else:
            value = sys.stdin.read().removesuffix("\n")
    if not arguments.secret:
        if not arguments.plaintext and _looks_secret(arguments.key, value):
            raise EngineError(
                f"config value for '{name}' looks like a secret; rerun with --secret to encrypt it, or --plaintext if "
                "you meant to store in plaintext",
                USAGE,
            )
        stackconfig.set_value(stack.path, stack.project.name, name, coerce(value) if within else value, within)
        return 0
    stack.ensure_salt()
    salt = stack.settings.salt
    if not salt:  # the state has one, the config file does not yet
        salt = checkpoints.salt_of(stack.latest)
        stackconfig.set_salt(stack.path, salt)
    stackconfig.set_value(stack.path, stack.project.name, name, {"secure": stack.managers[salt].encrypt(value)}, within)
    return 0


def _looks_secret(key: str, value: str) -> bool:
    """Whether a key and a value make one think of a password: the CLI's rule, less its list of known words."""
    if not _SECRET_KEY.search(key.rpartition(":")[2]) or (value[1:].islower() and value.isalpha()):
        return False
    kinds = sum(size for pattern, size in _ALPHABETS if re.search(pattern, value[:16]))
    bits = log2(kinds) if kinds else 0.0
    return bits >= 3 and bits * len(value[:16]) >= 40


def _get(stack: Stack, arguments: Any) -> int:
    settings = stack.settings
    name, within = _key(stack, arguments)
    wanted = {name: settings.values[name]} if name in settings.values else {}
    only = stackconfig.StackConfig(settings.path, settings.salt, wanted)
    values = config.resolve(stack.project, stack.name, only, stack.decrypt_config, validate=False)
    content: Any = None
    there, secret = name in values, False
    if there:
        value = values[name]
        # a part of a value is read from the value's JSON, with what the file says about its secrecy
        content = json.loads(value.text) if within or _is_container(settings.values.get(name)) else value.text
        content, there = find(content, within)
        secret = value.secret and (not within or stackconfig.holds_secure(_raw(settings.values.get(name), within)))
    if not there:
        raise EngineError(f"configuration key '{arguments.key}' not found for stack '{stack.name}'")
    text_ = config.as_text(content)
    if not arguments.json:
        print(text_)
        return 0
    shown = {"value": text_, "objectValue": content, "secret": secret}
    if not isinstance(content, dict | list):
        del shown["objectValue"]
    print(json.dumps(shown, indent=2, ensure_ascii=False))
    return 0


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list) and not stackconfig.is_secure(value)


def _raw(value: Any, within: Path_) -> Any:
    """The part of a value in the file that a path leads to, or the secret that it leads into."""
    for part in within:
        if stackconfig.is_secure(value):
            break
        value, _ = find(value, (part,))
    return value


def _rm(stack: Stack, arguments: Any) -> int:
    name, within = _key(stack, arguments)
    stackconfig.remove_value(stack.path, stack.project.name, name, within)
    return 0
