"""Which function carries out which command (preview, up and the like aside); and those about a stack's state."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from engine.backend import checkpoint as checkpoints
from engine.backend import features
from engine.backend.filestate import check_stack_name
from engine.backend.lock import remove_all
from engine.errors import UNAVAILABLE, USAGE, EngineError
from engine.files import write_atomic
from engine.resource import wire
from engine.resource.state import from_json
from engine.resource.urn import STACK_TYPE
from engine.resource.values import UNKNOWN, Asset, Properties, Secret, Value
from engine.stack import stacks
from engine.stack.configcommands import run_config
from engine.stack.history import print_history
from engine.stack.stackimport import import_stack
from engine.stack.stackref import Stack, backend_for, stack_name
from engine.workspace.project import Project


def run(project: Project, arguments: Any) -> int:
    """Runs a command; its exit code."""
    if arguments.command == "config":
        return run_config(Stack(project, backend_for(project), stack_name(arguments.stack, project)), arguments)
    action = arguments.command if arguments.command == "cancel" else arguments.action
    if about_all := {"ls": stacks.ls, "select": stacks.select, "unselect": stacks.unselect}.get(action):
        return about_all(project, arguments)
    given = arguments.stack
    if action in ("init", "rm", "cancel"):  # `stack output` takes the name of an output
        given = arguments.name or given
    if action == "init":
        given = given or os.environ.get("PULUMI_STACK")
        if not given:
            raise EngineError("missing stack name: stack init NAME", USAGE)
        check_stack_name(given, project.name)
    stack = Stack(project, backend_for(project), stack_name(given, project))
    handlers = {
        "init": stacks.init, "rm": stacks.remove, "output": _output, "export": _export, "import": import_stack,
        "history": print_history, "cancel": _cancel,
    }  # fmt: skip
    return handlers[action](stack, arguments)


def _output(stack: Stack, arguments: Any) -> int:
    root = [raw for raw in stack.latest.get("resources") or () if raw["type"] == STACK_TYPE]
    outputs: Properties = {}
    if root:
        needs = checkpoints.holds_secrets({"resources": root})
        if needs and not arguments.show_secrets:
            outputs = from_json(root[0], lambda _ciphertext, _place: "null").outputs  # no passphrase for the rest
        else:
            outputs = from_json(root[0], stack.vault.decrypt).outputs
    shown: Any = _bare(outputs, show_secrets=arguments.show_secrets)
    if arguments.name is not None:
        if arguments.name not in shown:
            raise EngineError(f"current stack does not have output property '{arguments.name}'")
        shown = shown[arguments.name]
    if arguments.json:
        print(json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False))
    elif arguments.name is not None:
        print(_line(shown))
    else:
        print(f"Current stack outputs ({len(shown)}):")
        rows = [("OUTPUT", "VALUE"), *((key, _line(value)) for key, value in sorted(shown.items()))]
        width = max(len(key) for key, _ in rows)
        for key, value in rows if shown else ():
            print(f"    {key:<{width}}  " + value.replace("\n", f"\n    {'':<{width}}  "))
        if not shown:
            print("    No output values currently in this stack")
    return 0


def _bare(value: Value, *, show_secrets: bool) -> Any:
    """An output as the CLI's JSON has it."""
    if isinstance(value, Secret):
        return _bare(value.value, show_secrets=show_secrets) if show_secrets else "[secret]"
    if isinstance(value, Asset):
        return dict(value.wire)
    if isinstance(value, dict):
        return {key: _bare(item, show_secrets=show_secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_bare(item, show_secrets=show_secrets) for item in value]
    return wire.UNKNOWN_TEXT if value is UNKNOWN else value


def _line(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _export(stack: Stack, arguments: Any) -> int:
    latest = checkpoints.revealed(stack.latest, stack.vault) if arguments.show_secrets else stack.latest
    whole = {**features.envelope(latest.get("resources") or ()), "deployment": latest}
    content = json.dumps(whole, indent=4, ensure_ascii=False)
    if not arguments.file:
        print(content)
        return 0
    file = Path(arguments.file)
    try:
        if file.exists() and not file.is_file():  # such as /dev/stdout, which must not be replaced by a file
            file.write_text(f"{content}\n")
        else:
            write_atomic(file, f"{content}\n".encode())
    except OSError as err:
        raise EngineError(f"{file} cannot be written: {err.strerror}", UNAVAILABLE) from err
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
