"""The commands on stacks and their config: everything but preview, up and destroy."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import Any

from engine import checkpoint as checkpoints
from engine import config, stackconfig
from engine.backend import check_stack_name
from engine.configpath import coerce, find, split_key
from engine.display import masked, text
from engine.errors import CONFIG, USAGE, EngineError, needs_cli
from engine.files import write_atomic
from engine.history import print_history
from engine.lock import locked, remove_all
from engine.paths import Path as Path_
from engine.project import Project, full_key
from engine.stackref import Stack, backend_for, stack_name
from engine.state import from_json
from engine.urn import STACK_TYPE
from engine.values import Properties, unwrap


def run(project: Project, arguments: Any) -> int:
    """Runs a command; its exit code."""
    action = f"{arguments.command} {arguments.action}" if hasattr(arguments, "action") else arguments.command
    if action == "stack ls":
        return _ls(project, arguments)
    if arguments.command == "config":
        stack = Stack(project, backend_for(project), stack_name(arguments.stack))
        return {"config set": _set, "config get": _get, "config rm": _rm_key}[action](stack, arguments)
    given = getattr(arguments, "name", None)
    name = stack_name(given if action in ("stack init", "stack rm", "cancel") and given else arguments.stack)
    stack = Stack(project, backend_for(project), check_stack_name(name))
    handlers = {
        "stack init": _init, "stack rm": _rm, "stack output": _output, "stack export": _export,
        "stack history": print_history, "cancel": _cancel,
    }  # fmt: skip
    return handlers[action](stack, arguments)


def _init(stack: Stack, arguments: Any) -> int:
    if arguments.secrets_provider not in ("passphrase", "default"):
        raise needs_cli(f"the secrets provider {arguments.secrets_provider.split(':')[0]!r} (only passphrase is)")
    if stack.backend.exists(stack.name):
        raise EngineError(f"stack '{stack.name}' already exists", CONFIG)
    with locked(stack.backend.locks(stack.name), print):
        stack.latest = {}
        stack.ensure_salt()
        stack.prepare(writing=True)
        stack.backend.save(stack.name, stack.serializer().dump(checkpoints.Checkpoint()))
    print(f"Created stack '{stack.name}'")
    return 0


def _ls(project: Project, arguments: Any) -> int:
    backend = backend_for(project)
    rows = []
    for name in backend.stacks():
        latest = checkpoints.read(backend, name)
        rows.append(
            {
                "name": name, "current": False, "lastUpdate": (latest.get("manifest") or {}).get("time", ""),
                "updateInProgress": any(backend.locks(name).glob("*.json")),
                "resourceCount": len(latest.get("resources") or ()),
            }
        )  # fmt: skip
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        width = max((len(str(row["name"])) for row in rows), default=4)
        print(f"{'NAME':<{width}}  {'LAST UPDATE':<27}  RESOURCES")
        for row in rows:
            print(f"{row['name']:<{width}}  {row['lastUpdate'] or 'n/a':<27}  {row['resourceCount']}")
    return 0


def _rm(stack: Stack, arguments: Any) -> int:
    if not arguments.yes:
        if arguments.non_interactive or not sys.stdin.isatty():
            raise EngineError("--yes must be passed in to proceed when running in non-interactive mode", USAGE)
        if input(f"This removes the stack '{stack.name}'. Type its name to go on: ") != stack.name:
            raise EngineError("confirmation declined, nothing was changed")
    checkpoints.path_of(stack.backend, stack.name)
    with locked(stack.backend.locks(stack.name), print):
        resources = stack.latest.get("resources") or []
        if not arguments.force and any(raw.get("type") != STACK_TYPE for raw in resources):
            raise EngineError(
                f"'{stack.name}' still has {len(resources)} resources; removal rejected. "
                "Delete them with `destroy` first, or use --force to forget them"
            )
        stack.backend.remove(stack.name)
    if not arguments.preserve_config:
        stack.path.unlink(missing_ok=True)
    print(f"Stack '{stack.name}' has been removed")
    return 0


def _output(stack: Stack, arguments: Any) -> int:
    root = [raw for raw in stack.latest.get("resources") or () if raw["type"] == STACK_TYPE]
    outputs: Properties = {}
    if root:
        needs = checkpoints.holds_secrets({"resources": root})
        if needs and not arguments.show_secrets:
            outputs = from_json(root[0], lambda _ciphertext, _place: "null").outputs  # no passphrase for the rest
        else:
            outputs = from_json(root[0], stack.vault.decrypt).outputs
    shown = unwrap(outputs) if arguments.show_secrets else masked(outputs)
    if arguments.name is not None:
        if arguments.name not in shown:
            raise EngineError(f"current stack does not have output property '{arguments.name}'")
        value = shown[arguments.name]
        print(json.dumps(value) if arguments.json else value if isinstance(value, str) else text(value, 1 << 30))
    elif arguments.json:
        print(json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False))
    else:
        width = max((len(key) for key in shown), default=0)
        for key, value in sorted(shown.items()):
            print(f"{key:<{width}}  {value if isinstance(value, str) else text(value, 1 << 30)}")
    return 0


def _export(stack: Stack, arguments: Any) -> int:
    latest = checkpoints.revealed(stack.latest, stack.vault) if arguments.show_secrets else stack.latest
    content = json.dumps({"version": checkpoints.VERSION, "deployment": latest}, indent=4, ensure_ascii=False)
    if arguments.file:
        write_atomic(Path(arguments.file), f"{content}\n".encode())
    else:
        print(content)
    return 0


def _cancel(stack: Stack, arguments: Any) -> int:
    if not arguments.yes and sys.stdin.isatty() and not arguments.non_interactive:
        if input(f"This removes the lock of '{stack.name}', whoever holds it. Type its name to go on: ") != stack.name:
            raise EngineError("confirmation declined, nothing was changed")
    elif not arguments.yes:
        raise EngineError("--yes must be passed in to proceed when running in non-interactive mode", USAGE)
    checkpoints.path_of(stack.backend, stack.name)
    removed = remove_all(stack.backend.locks(stack.name))
    print(f"{removed} lock(s) of '{stack.name}' removed")
    return 0


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


def _rm_key(stack: Stack, arguments: Any) -> int:
    name, within = _key(stack, arguments)
    stackconfig.remove_value(stack.path, name, within)
    return 0
