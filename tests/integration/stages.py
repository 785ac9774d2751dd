"""The project's own pipeline, dev to staging to prod, on the tests' cluster, with a bare repository as its remote."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

import cluster
from tests.integration.project import WORKER, Project, Ran, free_port, make_project

NAMES = ("dev", "staging", "prod")
PAGE = Path("app/templates/index.txt")


@dataclass
class Stages:
    """A copy of the project whose three stacks deploy to one node."""

    project: Project
    remote: Path
    """A bare repository: `origin`, with the branch main."""

    def stack(self, name: str) -> Project:
        """The same copy, seen as one of its stacks."""
        return replace(self.project, stack=name)

    def deploy(self, *words: str, timeout: float = 300) -> Ran:
        return self.project.deploy(*words, timeout=timeout)

    def image(self, name: str) -> str:
        """The image that a stack's Deployment runs, by the cluster."""
        found = self.stack(name).kubectl(
            "get", "deployment", "flask-k8s", "-o", "jsonpath={.spec.template.spec.containers[0].image}"
        )
        return found.strip()

    def file(self, name: str) -> str:
        return (self.project.folder / f"Pulumi.{name}.yaml").read_text("utf-8")

    def release(self, page: str, message: str) -> str:
        """Commits another front page and deploys it to dev; the image."""
        (self.project.folder / PAGE).write_text(page, encoding="utf-8")
        self.project.commit(message)
        self.project.git("push", "--quiet")
        self.deploy("up", "dev", "--yes").ok()
        return self.image("dev")

    def url(self, name: str) -> str:
        """Where a stack with a port of its own answers."""
        return f"http://localhost:{self.stack(name).config['config']['flask-k8s:servicePort']}"

    def discard(self) -> None:
        """Deletes all that was deployed."""
        for name in NAMES:
            self.stack(name).discard()

    def trailers(self, key: str) -> str:
        """The values of a trailer of the last commit."""
        return self.project.git("log", "-1", f"--format=%(trailers:key={key},valueonly)")


def namespace_of(node: cluster.Handout, folder: Path, name: str) -> str:
    """The namespace of one of the stacks of a copy."""
    return f"{node.context}-{WORKER}-{folder.name}-{name}"


def make_stages(folder: Path, node: cluster.Handout, *, init: bool = True) -> Stages:
    """The copy, with its secrets made by `init` (all, or dev's alone), everything committed and pushed."""
    project = make_project(folder, node)
    (folder / "Pulumi.test.yaml").unlink()
    for variable in ("GIT_AUTHOR", "GIT_COMMITTER"):
        project.extra |= {f"{variable}_NAME": "Tester", f"{variable}_EMAIL": "tester@localhost"}
    pipeline = (folder / "pipeline.yaml").read_text("utf-8")
    assert "soak: 30s" in pipeline
    (folder / "pipeline.yaml").write_text(pipeline.replace("soak: 30s", "soak: 0s"), encoding="utf-8")
    for name in NAMES:
        _settle(folder / f"Pulumi.{name}.yaml", name, node)
        if init or name == "dev":
            project.deploy("init", name).ok()
    remote = folder.parent / f"{folder.name}-remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(remote)], check=True)
    project.commit("Settle the environments")
    project.git("remote", "add", "origin", str(remote))
    project.git("push", "--quiet", "--set-upstream", "origin", "main")
    return Stages(project, remote)


def _settle(file: Path, name: str, node: cluster.Handout) -> None:
    """The stack's own settings stay; only where it runs is changed, and what keeps a test waiting."""
    content: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    config = content["config"]
    content.pop("encryptionsalt", None)
    where: dict[str, object] = {
        "context": node.context,
        "kubeconfig": str(node.kubeconfig),
        "namespace": namespace_of(node, file.parent, name),
        "rolloutTimeout": 40,
        "maxSurge": "100%",
    }
    if name == "dev":
        where |= {"registry": node.registry, "baseImage": f"{node.registry}/python:3.11"}
    if name != "staging":
        where["servicePort"] = free_port()
    for key in ("secretKey", "hashKey"):
        config.pop(f"flask-k8s:{key}", None)
    config |= {f"flask-k8s:{key}": value for key, value in where.items()}
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
