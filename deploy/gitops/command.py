"""`python -m deploy gitops`: the folder `gitops`, from pipeline.yaml; or whether what is there is still right."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Final

from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.gitops.argocd import argocd
from deploy.gitops.flux import flux
from deploy.gitops.operator import operator
from deploy.gitops.source import source
from deploy.gitops.target import named, targets
from deploy.pipeline import load as pipelines
from deploy.render.folder import Folder
from deploy.render.yamltext import dump
from deploy.say import say

HEADER: Final = "# Made by `python -m deploy gitops` from pipeline.yaml, which makes it anew: change that instead.\n"
TOOLS: Final = ("flux", "argocd", "pulumi-operator")
"""One folder for each."""


def gitops(project: Path, engine: Engine, args: argparse.Namespace) -> int:
    """Writes the folder, or with `args.check` prints which of its files are not right. Asks no cluster.

    Args:
        project: the project's folder.
        engine: not asked.
        args: `repository` and `branch`, which are kept from run to run; `check`.

    Returns:
        0; with `args.check` 1 where a file is not right.

    Raises:
        DeployError: a file of others is where one must be (78), or the folder cannot be read or written (69).
    """
    pipeline = pipelines.load(project)
    folder = Folder.read(project / "gitops", HEADER, TOOLS)
    at = source(project, folder.files, args.repository, args.branch)
    found = targets(project, pipeline)
    made = {**flux(found, at), **argocd(found, at), **operator(found, at)}
    wanted = {name: HEADER + dump(manifest) for name, manifest in made.items()}
    if taken := sorted(wanted.keys() & set(folder.foreign)):
        raise DeployError(
            f"{', '.join(str(folder.path / name) for name in taken)}: not made by `gitops`, its mark is missing. "
            "Move it elsewhere, or delete it."
        )
    if left_out := [target for target in found if target.left_out]:
        say(
            f"{named(left_out)}: no `secrets` in pipeline.yaml, so that a render leaves the Secret out, and pods wait "
            "for it"
        )
    if built := [target for target in found if target.builds]:
        say(f"{named(built)}: no Stack of the Pulumi Kubernetes Operator, which has no Docker to build an image with")
    if sealed := [target for target in found if target.sops]:
        say(f"{named(sealed)}: Secrets encrypted by SOPS, which Argo CD opens only with a plugin")
    if args.check:
        return folder.report(folder.stale(wanted), "gitops")
    changed = folder.write(wanted)
    say(f"{len(wanted)} files in {folder.path}, for {at.url}, branch {at.branch}; {len(changed)} changed")
    return os.EX_OK
