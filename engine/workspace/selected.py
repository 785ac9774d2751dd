"""The stack that is selected for a project, in the file in which the CLI keeps it for all who work on that project.

Source: pkg/workspace and pkg/backend/state. The file is $PULUMI_HOME/workspaces/<project>-<SHA-1 of the path of
Pulumi.yaml>-workspace.json: `stacks` maps a backend's URL to a stack; `stack` is what older versions wrote.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import CONFIG, EngineError
from engine.files import write_atomic
from engine.workspace.project import Project


def selected(project: Project, url: str) -> str:
    """The name of the stack that is selected in the backend of that URL; empty where there is none."""
    settings = _read(_file(project))
    stacks = settings.get("stacks") or {}
    if url in stacks:
        return str(stacks[url])
    name = str(settings.get("stack") or "")
    # an old entry may be about another backend: one with organizations
    return name if "/" not in name or name.startswith("organization/") else ""


def select(project: Project, url: str, name: str) -> None:
    """Selects the stack of that full name (`organization/<project>/<stack>`); an empty one unselects.

    Raises EngineError where the file cannot be written.
    """
    file = _file(project)
    settings = dict(_read(file))
    stacks = dict(settings.pop("stacks", None) or {})
    if name:
        stacks[url] = name
    else:
        stacks.pop(url, None)
        settings.pop("stack", None)
    if stacks:
        settings["stacks"] = dict(sorted(stacks.items()))
    try:
        if settings:
            write_atomic(file, json.dumps(settings, indent=4, ensure_ascii=False).encode(), 0o600)
        else:
            file.unlink(missing_ok=True)
    except OSError as err:
        raise EngineError(f"the selected stack cannot be noted in {file}: {err.strerror}", CONFIG) from err


def _read(file: Path) -> Mapping[str, Any]:
    try:
        settings = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as err:
        raise EngineError(f"{file}, which names the selected stack, cannot be read: {err.strerror}", CONFIG) from err
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get("stacks") or {}, dict):
        raise EngineError(f"{file}, which names the selected stack, is damaged; remove it and select again", CONFIG)
    return settings


def _file(project: Project) -> Path:
    home = Path(os.environ.get("PULUMI_HOME") or "~/.pulumi").expanduser()
    description = f"{_spelled(project.root)}/Pulumi{project.suffix}"
    digest = hashlib.sha1(description.encode(), usedforsecurity=False).hexdigest()
    return home / "workspaces" / f"{project.name}-{digest}-workspace.json"


def _spelled(folder: Path) -> Path:
    """The project's folder as the shell spells it, links and all: so does the CLI."""
    given = Path(os.environ.get("PWD", ""))
    try:
        if given.is_absolute() and given.samefile(Path.cwd()):
            return next((above for above in (given, *given.parents) if above.samefile(folder)), folder)
    except OSError:
        pass
    return folder
