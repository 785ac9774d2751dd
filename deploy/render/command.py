"""`python -m deploy render`: a stack as plain YAML, one file per object; or whether what is there is still right."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import environment
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.pipeline import load as pipelines
from deploy.pipeline.sealing import Secrets
from deploy.render.folder import KUSTOMIZATION, Folder
from deploy.render.plan import Plan, header, plan
from deploy.say import say
from deploy.stack import Stack

_SHOWN = 5
"""How many foreign files are named."""


def render(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Writes the stack's objects to the folder `args.out`; with `args.check`, prints which files are not right.

    Needs neither a cluster nor Docker, and the passphrase only where a Secret must be sealed.

    Returns:
        0; with `args.check` 1 where a file is not right.
    """
    out: Path = args.out
    with _planned(stack, engine, out, args.image) as (folder, made):
        if args.check:
            return _check(made, folder)
        files = _files(made)
    changed = folder.write(files)
    gone = len(changed.keys() - files.keys())
    say(f"{stack.name}: {len(files)} files in {out}; {len(changed) - gone} written, {gone} removed")
    return os.EX_OK


def changes(stack: Stack, engine: Engine, out: str) -> dict[str, str | None]:
    """What a commit must change so that the folder `out` of the project is the stack's render.

    Returns:
        Texts by path in the project; None for a file that goes.

    Raises:
        DeployError: as `render`, which it refuses nothing beside.
    """
    with _planned(stack, engine, stack.project / out, None) as (folder, made):
        files = _files(made)
    return {f"{out}/{name}": files.get(name) for name in folder.stale(files)}


@contextmanager
def _planned(stack: Stack, engine: Engine, out: Path, image: str | None) -> Iterator[tuple[Folder, Plan]]:
    """What is there and what should be, in the stack's environment."""
    folder = Folder.read(out, header(stack.name))
    _require_own(folder, stack.name)
    with environment.restored():
        environment.enter(stack, None)
        made = plan(stack, engine, _form(stack), folder, image)
        _tell(made)
        yield folder, made


def _files(made: Plan) -> dict[str, str]:
    """All of its texts; refuses to lose a Secret."""
    if made.locked:
        why, mend = _why(made), "Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE)"
        if made.undeclared:
            mend = "Declare them, or delete the file yourself if no pod needs the Secret any more"
        raise DeployError(
            f"{', '.join(made.locked)}: a Secret that is there would be lost to the pods, as it cannot be sealed "
            f"the way pipeline.yaml and the program have it by now: {why}; nothing was changed. {mend}."
        )
    return {**made.files, **made.sealed()}


def _require_own(folder: Folder, stack: str) -> None:
    """Refuses a folder in which there is anything else."""
    if foreign := folder.foreign:
        more = f" and {len(foreign) - _SHOWN} more" if len(foreign) > _SHOWN else ""
        raise DeployError(
            f"{folder.path} holds what `render {stack}` did not make: {', '.join(foreign[:_SHOWN])}{more}. A render "
            "has its folder to itself, since it deletes the files of objects that are gone; nothing was changed. Name "
            "an empty or a new folder."
        )


def _form(stack: Stack) -> Secrets | None:
    pipeline = pipelines.find(stack.project)
    if pipeline is None or stack.name not in pipeline.names:
        return None
    return pipeline.stage(stack.name).secrets


def _why(made: Plan) -> str:
    """Why Secrets are not sealed."""
    return "pipeline.yaml has no `secrets` for the stack" if made.undeclared else "the passphrase is not at hand"


def _tell(made: Plan) -> None:
    """What is not in the render, and what cannot be told."""
    for it in made.left_out:
        say(f"left out: Secret {it.namespace}/{it.name}: {_why(made)}")
    if made.outdated:
        say(f"the secrets of {made.stack} may have changed since they were rendered; render with the passphrase")


def _check(made: Plan, folder: Folder) -> int:
    sealed = {name: "sealed otherwise" for name in (*made.to_seal, *made.locked) if name in folder.files}
    stale = folder.stale(made.files | dict.fromkeys((*made.to_seal, *made.locked), "")) | sealed
    if made.outdated:
        stale.setdefault(KUSTOMIZATION, "older than the stack's secrets")
    return folder.report(stale, f"render {made.stack} --out {folder.path}")
