"""`python -m deploy render`: a stack as plain YAML, one file per object; or whether what is there is still right."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from deploy import environment
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.pipeline import load as pipelines
from deploy.pipeline.sealing import Secrets
from deploy.render.folder import KUSTOMIZATION, Folder
from deploy.render.plan import Plan, plan
from deploy.say import say
from deploy.stack import Stack

STALE = 1
"""The exit status where what is there is no longer right."""


def render(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Writes the stack's objects to the folder `args.out`; with `args.check`, prints which files are not right.

    Needs neither a cluster nor Docker, and the passphrase only where a Secret must be sealed.

    Returns:
        0; with `args.check` 1 where a file is not right.
    """
    out: Path = args.out
    folder = Folder.read(out, stack.name)
    with environment.restored():
        environment.enter(stack, None)
        made = plan(stack, engine, _form(stack), folder, args.image)
        _tell(made)
        if args.check:
            return _check(made, folder)
        if made.locked:
            raise DeployError(
                f"{', '.join(made.locked)} must be sealed anew, as pipeline.yaml or the program is another than when "
                "it was sealed; nothing was changed. Set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE)."
            )
        files = {**made.files, **made.sealed()}
    changed, gone = folder.write(files)
    say(f"{stack.name}: {len(files)} files in {out}; {changed} written, {gone} removed")
    return os.EX_OK


def _form(stack: Stack) -> Secrets | None:
    pipeline = pipelines.find(stack.project)
    if pipeline is None or stack.name not in pipeline.names:
        return None
    return pipeline.stage(stack.name).secrets


def _tell(made: Plan) -> None:
    """What is not in the render, and what cannot be told."""
    why = "pipeline.yaml has no `secrets` for the stage" if made.undeclared else "the passphrase is not at hand"
    for it in made.left_out:
        say(f"left out: Secret {it.namespace}/{it.name}: {why}")
    if made.outdated:
        say(f"the secrets of {made.stack} may have changed since they were rendered; render with the passphrase")


def _check(made: Plan, folder: Folder) -> int:
    stale = {name: "missing" for name in (*made.files, *made.to_seal) if name not in folder.files}
    stale |= {name: "left over" for name in folder.files if name not in {*made.files, *made.to_seal, *made.locked}}
    stale |= {name: "sealed otherwise" for name in (*made.to_seal, *made.locked) if name in folder.files}
    stale |= {name: "changed" for name, text in made.files.items() if folder.files.get(name, text) != text}
    if made.outdated:
        stale.setdefault(KUSTOMIZATION, "older than the stack's secrets")
    for name, why in sorted(stale.items()):
        print(f"{folder.path / name}: {why}")
    if not stale:
        say(f"{made.stack}: {folder.path} is what the program makes")
        return os.EX_OK
    say(f"{folder.path} is stale; `.venv/bin/python -m deploy render {made.stack} --out {folder.path}` makes it anew")
    return STALE
