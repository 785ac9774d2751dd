"""`python -m deploy gitops`: the folder `gitops`, from pipeline.yaml; or whether what is there is still right."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from deploy.engines import Engine
from deploy.gitops.argocd import argocd
from deploy.gitops.flux import flux
from deploy.gitops.folder import HEADER, Folder
from deploy.gitops.operator import operator
from deploy.gitops.source import source
from deploy.gitops.target import named, targets
from deploy.pipeline import load as pipelines
from deploy.render.yamltext import dump
from deploy.say import say

STALE = 1
"""The exit status where what is there is no longer right."""


def gitops(project: Path, engine: Engine, args: argparse.Namespace) -> int:
    """Writes the folder, or with `args.check` prints which of its files are not right. Asks no cluster.

    Args:
        project: the project's folder.
        engine: not asked.
        args: `repository` and `branch`, which are kept from run to run; `check`.

    Returns:
        0; with `args.check` 1 where a file is not right.
    """
    pipeline = pipelines.load(project)
    folder = Folder.read(project / "gitops")
    at = source(project, folder.files, args.repository, args.branch)
    found = targets(project, pipeline)
    made = {**flux(found, at), **argocd(found, at), **operator(found, at)}
    wanted = {name: HEADER + dump(manifest) for name, manifest in made.items()}
    if built := [target for target in found if target.builds]:
        say(f"{named(built)}: no Stack of the Pulumi Kubernetes Operator, which has no Docker to build an image with")
    if sealed := [target for target in found if target.sops]:
        say(f"{named(sealed)}: Secrets encrypted by SOPS, which Argo CD opens only with a plugin")
    stale = folder.stale(wanted) if args.check else folder.write(wanted)
    if not args.check:
        say(f"{len(wanted)} files in {folder.path}, for {at.url}, branch {at.branch}; {len(stale)} changed")
        return os.EX_OK
    for name, why in sorted(stale.items()):
        print(f"{folder.path / name}: {why}")
    if stale:
        say(f"{folder.path} is stale; `.venv/bin/python -m deploy gitops` makes it anew")
    return STALE if stale else os.EX_OK
