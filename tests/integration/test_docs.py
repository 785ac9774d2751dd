"""Every command of the README and the docs is run, block by block, as it stands there.

Only names are replaced: the stack, the cluster, the registry and the URL are those of the tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.integration.project import ROOT, Project

pytestmark = pytest.mark.timeout(400)

ELSEWHERE = {
    "make test": "is what runs this",
    "make down": "test_down.py runs it on a profile of its own",
    "make clean": "test_down.py runs it on a profile of its own",
}
"""Commands that cannot run here, and why."""


def _blocks() -> list[tuple[str, str]]:
    """(where it stands, its text) of each block that is marked `sh`."""
    found = []
    for file in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, block in enumerate(re.findall(r"^```sh\n(.*?)^```", file.read_text("utf-8"), re.M | re.S), 1):
            found.append((f"{file.name}#{number}", block))
    return found


@pytest.fixture(scope="module")
def documented(project: Project) -> Project:
    """The project, with a `pulumi` on PATH that is the embedded engine where there is no CLI."""
    project.configure(namespace="flask-k8s-test")
    shims = project.folder.parent / f"{project.folder.name}-bin"
    shims.mkdir()
    (shims / "pulumi").write_text(f'#!/bin/sh\nexec {sys.executable} -m engine "$@"\n')
    (shims / "pulumi").chmod(0o755)
    project.extra["PATH"] = os.pathsep.join([str(project.node.bin), os.environ["PATH"], str(shims)])
    project.extra["KUBECONFIG"] = str(project.node.kubeconfig)
    project.up().ok()
    return project


@pytest.mark.parametrize("block", [text for _, text in _blocks()], ids=[where for where, _ in _blocks()])
def test_the_block_runs(documented: Project, block: str) -> None:
    lines = [line for line in block.splitlines() if line.split("#")[0].strip() not in ELSEWHERE]
    text = "\n".join(lines)
    base = f'pulumi config set --stack staging baseImage "{documented.node.registry}/python:3.11"'
    for old, new in (
        (r"\bmake (\w+)", r"make \1 STACK=test"),
        (r"kind-kind", documented.node.context),
        (r"localhost:5001", documented.node.registry),
        (r"http://localhost:8080", documented.outputs["url"]),
        (r"(?<!/)\bdev\b", "test"),
        (r"python -m cluster (\w+)", r"python -m cluster \1 --profile test"),
        (r"\bpulumi preview$", base + "\npulumi config set buildNetwork host\npulumi preview --stack staging"),
        (r"\bpulumi up$", "pulumi up --stack staging --yes\npulumi destroy --stack staging --yes"),
    ):
        text = re.sub(old, new, text, flags=re.M)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=documented.folder, env=documented.env, capture_output=True, text=True, timeout=380, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
