"""Two projects: a copy of this one's program and stack files, and a small one whose program a test writes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deploy.stack import Stack, load

ROOT = Path(__file__).resolve().parents[3]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
SEALED = {"secure": "v1:AAAA:canary"}
PINNED = f"registry.test/flask-k8s@sha256:{'a' * 64}"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, with the stack files of the repository."""
    folder = tmp_path_factory.mktemp("project")
    for part in ("components", "config"):
        shutil.copytree(ROOT / part, folder / part)
    for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="session")
def make(project: Path) -> Callable[..., Stack]:
    """Makes a stack of the copy from its values, over `context` and the required secrets."""

    def build(name: str, **values: object) -> Stack:
        given = {"context": "somewhere", "secretKey": SEALED, "hashKey": SEALED, **values}
        content = {"config": {f"flask-k8s:{key}": value for key, value in given.items()}}
        (project / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(content))
        return load(project, name)

    return build


@pytest.fixture
def small(tmp_path: Path) -> Callable[[str], Stack]:
    """A stack `dev` of a project with the given program."""

    def build(program: str) -> Stack:
        (tmp_path / "Pulumi.yaml").write_text(
            "name: small\nruntime: {name: python, options: {virtualenv: .venv}}\nconfig: {size: {default: 2}}\n"
        )
        (tmp_path / "Pulumi.dev.yaml").write_text("config: {small:token: {secure: v1:AAAA}}\n")
        (tmp_path / "__main__.py").write_text(f"import pulumi\n{program}")
        return load(tmp_path, "dev")

    return build
