"""`gitops` on the project's own pipeline and stack files."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.engines import Embedded
from deploy.errors import DeployError
from deploy.gitops.command import gitops
from tests.deploy.gitops.conftest import URL

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the command reads."""
    folder = tmp_path / "project"
    for part in ("components", "config", "gitops"):
        shutil.copytree(ROOT / part, folder / part)
    for file in (ROOT / "__main__.py", ROOT / "pipeline.yaml", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(file, folder)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def run(project: Path, *, repository: str | None = None, branch: str | None = None, check: bool = False) -> int:
    return gitops(
        project, Embedded(project), argparse.Namespace(repository=repository, branch=branch, check=check)
    )  # fmt: skip


def files(project: Path) -> dict[str, bytes]:
    found = (path for path in (project / "gitops").rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in found}


def test_what_is_committed_is_what_the_pipeline_makes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, check=True) == 0, capsys.readouterr().out
    before = files(project)
    assert run(project) == 0
    assert files(project) == before
    said = capsys.readouterr()
    assert said.out == ""
    assert "dev: no Stack" in said.err
    assert "dev, staging, prod: no `secrets` in pipeline.yaml" in said.err


def test_a_new_stage_and_another_repository_make_it_stale(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = yaml.safe_load((project / "pipeline.yaml").read_text())
    pipeline["stages"].insert(1, {"stack": "qa", "secrets": {"sops": {"age": ["age1abc"]}}})
    (project / "pipeline.yaml").write_text(yaml.safe_dump(pipeline))
    shutil.copy(project / "Pulumi.staging.yaml", project / "Pulumi.qa.yaml")
    before = files(project)
    assert run(project, check=True) == 1
    out = capsys.readouterr().out
    assert f"{project}/gitops/flux/kustomization-qa.yaml: missing\n" in out
    assert f"{project}/gitops/argocd/applicationset.yaml: changed\n" in out
    assert files(project) == before
    assert run(project, repository=URL, branch="live") == 0
    said = capsys.readouterr().err
    assert "qa: Secrets encrypted by SOPS" in said
    assert "dev, staging, prod: no `secrets`" in said
    made = yaml.safe_load((project / "gitops/flux/kustomization-qa.yaml").read_text())
    assert made["spec"]["decryption"]["secretRef"] == {"name": "flask-k8s-qa-age"}
    assert made["spec"]["healthChecks"][0]["namespace"] == "flask-k8s-qa"
    assert run(project, check=True) == 0, "the URL and the branch are kept"


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_a_file_of_others_where_one_must_be_is_refused(project: Path, kind: str) -> None:
    place = project / "gitops/flux/gitrepository.yaml"
    place.rename(project / "elsewhere")
    if kind == "file":
        place.write_text("own: 1\n")
    elif kind == "link":
        place.symlink_to(project / "elsewhere")
    else:
        place.mkdir()
    (project / "gitops/flux/kustomization-dev.yaml").unlink()
    before = files(project)
    for check in (True, False):
        with pytest.raises(DeployError, match=r"flux/gitrepository\.yaml: not made by") as raised:
            run(project, repository=URL, check=check)
        assert raised.value.code == os.EX_CONFIG
    assert files(project) == before


def test_files_of_others_are_left_alone(project: Path) -> None:
    (project / "gitops/flux/own.yaml").write_text("own: 1\n")
    (project / "gitops/notes.md").write_text("mine\n")
    before = files(project)
    assert run(project) == 0
    assert files(project) == before
    assert run(project, check=True) == 0
