"""The stacks of a project: init, ls, select, unselect, rm."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

from engine.backend import checkpoint as checkpoints
from engine.backend.filestate import check_stack_name
from engine.backend.lock import locked
from engine.errors import CONFIG, USAGE, EngineError, needs_cli
from engine.resource.urn import STACK_TYPE
from engine.stack.history import ago
from engine.stack.stackref import Stack, backend_for, backend_url, current_stack
from engine.workspace import selected as workspace
from engine.workspace.project import Project


def init(stack: Stack, arguments: Any) -> int:
    """`stack init`: makes a stack, and selects it unless told not to."""
    if arguments.secrets_provider not in ("passphrase", "default"):
        raise needs_cli(f"the secrets provider {arguments.secrets_provider.split(':')[0]!r} (only passphrase is)")
    with locked(stack.backend.locks(stack.name), print):
        if stack.backend.exists(stack.name):
            raise EngineError(f"stack '{stack.name}' already exists", CONFIG)
        stack.latest = {}
        stack.ensure_salt()
        stack.prepare(writing=True)
        stack.backend.save(stack.name, stack.serializer().dump(checkpoints.Checkpoint()))
    print(f"Created stack '{stack.name}'")
    if not getattr(arguments, "no_select", False):
        try:
            _select(stack)
        except EngineError as err:  # as in a container whose home cannot be written: the stack is there all the same
            print(f"warning: {err}", file=sys.stderr)
    return 0


def select(project: Project, arguments: Any) -> int:
    """`stack select`: which stack commands are about where none is named."""
    backend = backend_for(project)
    name = arguments.name or arguments.stack
    if not name:
        if arguments.non_interactive or not sys.stdin.isatty():
            raise EngineError("no stack selected; name one: stack select NAME", USAGE)
        for known in backend.stacks():
            print(f"  {known}")
        name = input("Please choose a stack: ").strip()
    stack = Stack(project, backend, check_stack_name(name, project.name))
    if not backend.exists(stack.name) and arguments.create:
        return init(stack, arguments)
    checkpoints.path_of(backend, stack.name)
    _select(stack)
    return 0


def unselect(project: Project, _arguments: Any) -> int:
    """`stack unselect`: no stack is selected any more."""
    url = backend_url(project)
    if workspace.selected(project, url):
        workspace.select(project, url, "")
        print("Stack was unselected", file=sys.stderr)
    return 0


def _select(stack: Stack) -> None:
    workspace.select(stack.project, backend_url(stack.project), stack.backend.qualified(stack.name))


def ls(project: Project, arguments: Any) -> int:
    """`stack ls`: the project's stacks; the current one has a star."""
    backend = backend_for(project)
    current = current_stack(project).rpartition("/")[2]
    rows = []
    for name in backend.stacks():
        latest = checkpoints.read(backend, name)
        row = {"name": name, "current": name == current}
        when = (latest.get("manifest") or {}).get("time", "")
        rows.append((row, _moment(when), len(latest.get("resources") or ())))
    if arguments.json:
        print(json.dumps([_row(*row) for row in rows], indent=2))
        return 0
    table = [("NAME", "LAST UPDATE", "RESOURCE COUNT")]
    for row, when, count in rows:
        name = f"{row['name']}{'*' if row['current'] else ''}"
        table.append((name, ago(int(when.timestamp())) if when else "n/a", str(count)))
    widths = [max(len(cells[column]) for cells in table) for column in range(2)]
    for first, second, third in table:
        print(f"{first:<{widths[0]}}  {second:<{widths[1]}}  {third}")
    return 0


def _row(row: dict[str, Any], when: datetime | None, count: int) -> dict[str, Any]:
    stamp = {"lastUpdate": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"} if when else {}
    return {**row, **stamp, "resourceCount": count}


def _moment(text: str) -> datetime | None:
    """The time that Go wrote, up to nanoseconds; None for none, or Go's zero."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    try:
        moment = datetime.fromisoformat(f"{whole}.{fraction[:6]:0<6}+00:00")
    except ValueError:
        return None
    return moment if moment.year > 1 else None


def remove(stack: Stack, arguments: Any) -> int:
    """`stack rm`: forgets a stack and its config; as with the CLI, no stack is selected then."""
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
    with suppress(EngineError):
        workspace.select(stack.project, backend_url(stack.project), "")
    return 0
