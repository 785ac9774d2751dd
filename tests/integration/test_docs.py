"""Every command of the README and the docs is run, block by block, as it stands there.

Only names are replaced: the stack, the cluster, the registry and the URL are those of the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.project import ROOT, Project

pytestmark = pytest.mark.timeout(400)

LOCAL = 'pulumi config set baseImage "{}/python:3.11"\npulumi config set buildNetwork host'
"""What the tests' cluster needs beside the README's settings: there is no Docker Hub here."""

ELSEWHERE = {
    "make test": "is what runs this",
    "make down": "test_down.py runs it on a profile of its own",
    "make clean": "test_down.py runs it on a profile of its own",
}
"""Commands that cannot run here, and why."""


FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks(file: Path) -> list[str]:
    """The text of each block that is marked `sh`, less what runs elsewhere."""
    found = re.findall(r"^```sh\n(.*?)^```", file.read_text("utf-8"), re.M | re.S)
    return ["\n".join(ln for ln in text.splitlines() if ln.split("#")[0].strip() not in ELSEWHERE) for text in found]


@pytest.fixture(scope="module")
def documented(project: Project) -> Project:
    """The project, with a `pulumi` on PATH that is the embedded engine where there is no CLI."""
    project.configure(namespace="flask-k8s-test")
    shims = project.folder.parent / f"{project.folder.name}-bin"
    shims.mkdir()
    (shims / "pulumi").write_text(f'#!/bin/sh\nexec {sys.executable} -m engine "$@"\n')
    (shims / "pulumi").chmod(0o755)
    project.extra["PULUMI_STACK"] = "staging"  # what `stack init` of the CLI selects
    project.extra["PATH"] = os.pathsep.join([str(project.node.bin), os.environ["PATH"], str(shims)])
    project.extra["KUBECONFIG"] = str(project.node.kubeconfig)
    return project


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_block_runs(documented: Project, file: Path) -> None:
    documented.up().ok()
    url = documented.outputs["url"]
    _run(documented, "pulumi stack rm staging --yes --force || true; echo secret > token.txt")
    blocks = _blocks(file)
    for block in blocks:
        text = block.replace("http://localhost:8080", url)
        for old, new in (
            (r"\bmake (\w+)", r"make \1 STACK=test"),
            (r"kind-kind", documented.node.context),
            (r"localhost:5001", documented.node.registry),
            (r"(?<!/)\bdev\b", "test"),
            (r"python -m cluster (\w+)", rf"python -m cluster \1 --profile {documented.node.profile}"),
            (r"\bpulumi preview$", f"{LOCAL.format(documented.node.registry)}\npulumi preview"),
            (r"\bpulumi up$", "pulumi up --yes\npulumi destroy --yes"),
        ):
            text = re.sub(old, new, text, flags=re.M)
        _run(documented, text)
    assert blocks or "```" not in file.read_text("utf-8"), "commands are marked `sh`"


def _run(project: Project, text: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=project.folder, env=project.env, capture_output=True, text=True, timeout=380, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
