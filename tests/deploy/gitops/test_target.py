"""Environments are read out of the stacks' files and the program, before there is any image."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.gitops.target import targets
from deploy.pipeline.load import parse

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the program and its stacks' files."""
    for part in ("components", "config"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        shutil.copy(file, tmp_path)
    return tmp_path


def test_a_stack_without_an_image_yet_is_known_as_well(project: Path) -> None:
    sops = {"sops": {"age": ["age1abc"]}}
    pipeline = parse(
        {"stages": [{"stack": "dev"}, {"stack": "staging", "secrets": sops, "render": "live"}, {"stack": "prod"}]}
    )
    dev, staging, prod = targets(project, pipeline)
    assert [found.builds for found in (dev, staging, prod)] == [True, False, False]
    assert [found.sops for found in (dev, staging, prod)] == [False, True, False]
    assert [found.left_out for found in (dev, staging, prod)] == [True, False, True]
    assert [found.protected for found in (dev, staging, prod)] == [False, False, True]
    assert [found.render for found in (dev, staging, prod)] == ["rendered/dev", "live", "rendered/prod"]
    assert (staging.name, staging.namespace) == ("flask-k8s-staging", "flask-k8s-staging")
    assert staging.workloads == (("apps/v1", "Deployment", "flask-k8s"),)
    assert prod.timeout == 60


def test_a_name_that_kubernetes_does_not_take_is_refused(project: Path) -> None:
    text = (project / "Pulumi.prod.yaml").read_text("utf-8")
    (project / "Pulumi.Prod.yaml").write_text(f"{text}  flask-k8s:namespace: prod\n", "utf-8")
    with pytest.raises(DeployError, match="'Prod' cannot be named in Kubernetes") as raised:
        targets(project, parse({"stages": [{"stack": "Prod"}]}))
    assert raised.value.code == 78


def test_a_stage_without_a_stack_is_refused(project: Path) -> None:
    with pytest.raises(DeployError, match="'qa'"):
        targets(project, parse({"stages": [{"stack": "qa"}]}))


def test_a_program_without_a_deployment_is_refused(project: Path) -> None:
    (project / "__main__.py").write_text("import pulumi\n", "utf-8")
    with pytest.raises(DeployError, match="no Deployment for prod"):
        targets(project, parse({"stages": [{"stack": "prod"}]}))
