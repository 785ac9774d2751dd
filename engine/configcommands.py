"""The commands on a stack's config: set, get, rm."""

from __future__ import annotations

import getpass
import json
import sys
from typing import Any

from engine import checkpoint as checkpoints
from engine import config, stackconfig
from engine.configpath import coerce, find, split_key
from engine.errors import EngineError
from engine.paths import Path as Path_
from engine.project import full_key
from engine.stackref import Stack


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
        stackconfig.set_value(stack.path, name, coerce(value) if within else value, within)
        return 0
    stack.ensure_salt()
    salt = stack.settings.salt
    if not salt:  # the state has one, the config file does not yet
        salt = checkpoints.salt_of(stack.latest)
        stackconfig.set_salt(stack.path, salt)
    stackconfig.set_value(stack.path, name, {"secure": stack.managers[salt].encrypt(value)}, within)
    return 0


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
    stackconfig.remove_value(stack.path, name, within)
    return 0
