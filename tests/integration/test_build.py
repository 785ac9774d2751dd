"""The image without a deployment, and the registry that a cluster announces."""

from __future__ import annotations

import pytest

from tests.integration.project import Project, fetch

pytestmark = pytest.mark.timeout(300)


def test_build_pushes_the_image_and_deploys_nothing(project: Project) -> None:
    reference = project.deploy("build", "test").ok().out.strip().splitlines()[-1]
    repository, digest = reference.split("@")
    host, path = repository.split("/", 1)
    assert fetch(f"http://{host}/v2/{path}/manifests/{digest}")[0] == 200
    assert project.namespace not in project.kubectl("get", "namespaces", "-o", "name")
    assert project.deploy("build", "test").ok().out.strip().splitlines()[-1] == reference

    project.up().ok()
    assert project.outputs["image"] == reference, "what was built is what is deployed"


def test_the_announced_registry_is_taken_where_the_stack_names_none(project: Project) -> None:
    project.configure(registry=None)
    ran = project.up().ok()
    assert f"registry: {project.node.registry}, as the cluster announces it" in ran.text
    assert project.config["config"]["flask-k8s:registry"] == project.node.registry
    assert project.outputs["image"].startswith(project.node.registry)
