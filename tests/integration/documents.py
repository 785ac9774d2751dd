"""Runs the commands of the README and the docs, block by block, as they stand there.

Only names are replaced, for the cluster, the registry and the URLs are those of the tests; and nobody waits for a soak.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cluster
from tests.integration.project import ROOT, Project
from tests.integration.stages import Stages, make_stages

LOCAL = 'pulumi config set baseImage "{}/python:3.11"\npulumi config set buildNetwork host'
"""What the tests' cluster needs beside the README's settings: there is no Docker Hub here."""

ELSEWHERE = {
    "make test": "is what runs this",
    "make down": "test_down.py runs it on a profile of its own",
    "make clean": "test_down.py runs it on a profile of its own",
}
"""Commands that cannot run here, and why."""


README = [ROOT / "README.md", ROOT / "docs" / "pipeline.md"]
"""The second goes on with the environments that the first deployed."""
DOCS = [file for file in sorted((ROOT / "docs").glob("*.md")) if file not in README]


def _blocks(file: Path) -> list[str]:
    """The text of each block that is marked `sh`, less what runs elsewhere."""
    found = re.findall(r"^```sh\n(.*?)^```", file.read_text("utf-8"), re.M | re.S)
    return ["\n".join(ln for ln in text.splitlines() if ln.split("#")[0].strip() not in ELSEWHERE) for text in found]


@contextmanager
def documented(node: cluster.Handout, folder: Path) -> Iterator[Stages]:
    """The three environments, with a `pulumi` on PATH that is the embedded engine where there is no CLI."""
    stages = make_stages(folder, node, init=False)
    project = stages.project
    # Both ways of the README in one clone: what the first leaves is no change to the second.
    (project.folder / ".git" / "info" / "exclude").write_text("Pulumi.mine.yaml\ntoken.txt\n", encoding="utf-8")
    shims = project.folder.parent / f"{project.folder.name}-bin"
    shims.mkdir()
    (shims / "pulumi").write_text(f'#!/bin/sh\nexec {sys.executable} -m engine "$@"\n')
    (shims / "pulumi").chmod(0o755)
    project.extra["PULUMI_STACK"] = "mine"  # what `stack init` of the CLI selects
    project.extra["PATH"] = os.pathsep.join([str(node.bin), os.environ["PATH"], str(shims)])
    project.extra["KUBECONFIG"] = str(node.kubeconfig)
    project.extra["PULUMI_HOME"] = os.environ.get("PULUMI_HOME", str(shims))  # where `stack init` keeps the selection
    yield stages
    stages.discard()


def run_blocks(stages: Stages, file: Path) -> None:
    """Runs a file's blocks, with dev deployed."""
    project, node = stages.project, stages.project.node
    blocks = _blocks(file)
    assert blocks or "```" not in file.read_text("utf-8"), "commands are marked `sh`"
    _run(project, "[ ! -e Pulumi.mine.yaml ] || pulumi stack rm mine --yes --force; echo secret > token.txt")
    project.deploy("up", "dev", "--yes").ok()
    for block in blocks:
        text = block
        for old, new in (
            (r"http://localhost:8080", stages.url("dev")),
            (r"http://localhost:8082", stages.url("prod")),
            (r"--namespace flask-k8s-dev", f"--namespace {stages.stack('dev').namespace}"),
            (r"kind-kind", node.context),
            (r"localhost:5001", node.registry),
            (r"python -m cluster (\w+)", rf"python -m cluster \1 --profile {node.profile}"),
            (r"^sleep 30", "sleep 0"),
            (r"\bpulumi preview$", f"{LOCAL.format(node.registry)}\npulumi preview"),
            (r"\bpulumi up$", "pulumi up --yes\npulumi destroy --yes"),
        ):
            text = re.sub(old, new, text, flags=re.M)
        _run(project, text)


def _run(project: Project, text: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=project.folder, env=project.env, capture_output=True, text=True, timeout=380, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
