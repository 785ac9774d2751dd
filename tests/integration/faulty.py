"""The three stages, made to break: what a test does to them is taken back, and what it must not touch is compared."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import cluster
from tests.integration.project import Ran
from tests.integration.proxy import kubeconfig
from tests.integration.stages import NAMES, Stages, make_stages, namespace_of


@dataclass
class Faulty:
    """Stages whose way to the cluster is a file outside of the repository, so that it can be cut without a change."""

    stages: Stages
    base: str = ""
    """The commit that every test begins at."""

    @property
    def folder(self) -> Path:
        return self.stages.project.folder

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def subject(self) -> str:
        return self.git("log", "-1", "--format=%s")

    def git(self, *words: str) -> str:
        return self.stages.project.git(*words)

    def commit(self, message: str = "A change of the test") -> None:
        """Commits everything, and pushes it."""
        self.stages.project.commit(message)
        self.git("push", "--quiet")

    def configure(self, name: str, **values: object) -> None:
        """Commits other values of a stack's file."""
        self.stages.stack(name).configure(**values)
        self.commit()

    def declare(self, name: str, **values: Any) -> None:
        """Commits other values of a stage in pipeline.yaml."""
        file = self.folder / "pipeline.yaml"
        content = yaml.safe_load(file.read_text("utf-8"))
        next(stage for stage in content["stages"] if stage["stack"] == name).update(values)
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        self.commit()

    def server(self, name: str, address: str) -> None:
        """Has a stack look for its API server elsewhere; with "" where it is."""
        place = kubeconfig_folder(self.folder, name)
        if address:
            kubeconfig(self.stages.project, place, address)
        else:
            (place / "kubeconfig").write_bytes(self.stages.project.node.kubeconfig.read_bytes())

    @contextmanager
    def recorded(self, name: str, old: str, new: str) -> Iterator[None]:
        """Has a stack's state say `new` wherever it says `old`."""
        file = self.stages.project.state / f".pulumi/stacks/flask-k8s/{name}.json"
        before = file.read_text("utf-8")
        assert old in before
        file.write_text(before.replace(old, new), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")

    def greetings(self, name: str) -> list[str]:
        """The greeting of each ConfigMap that a stack has in the cluster."""
        return [item["data"]["GREETING"] for item in self._objects(name, "configmaps")]

    def image(self, name: str) -> str:
        """What runs; empty where nothing was deployed."""
        found = self._objects(name, "deployments")
        return "".join(item["spec"]["template"]["spec"]["containers"][0]["image"] for item in found)

    def _objects(self, name: str, kind: str) -> list[dict[str, Any]]:
        """Without the stack's file, which may be nonsense."""
        namespace = namespace_of(self.stages.project.node, self.folder, name)
        return self.stages.stack("dev").objects(kind, "-l", "app.kubernetes.io/name=flask-k8s", "-n", namespace)

    def all(self) -> dict[str, str]:
        """Everything that a refused command leaves as it is."""
        return {
            "HEAD": self.head,
            "status": self.git("status", "--porcelain"),
            "remote": self.git("ls-remote", str(self.stages.remote)),
            **{f"file of {name}": self.stages.file(name) for name in NAMES},
            **{f"image in {name}": self.image(name) for name in NAMES},
        }

    def reset(self) -> None:
        """Back to the first commit, here and in the remote."""
        for hook in (self.stages.remote / "hooks").glob("pre-receive"):
            hook.unlink()
        self.git("remote", "set-url", "origin", str(self.stages.remote))
        self.git("reset", "--quiet", "--hard", self.base)
        self.git("clean", "--quiet", "--force", "-d")
        self.git("push", "--quiet", "--force", "origin", "HEAD:main")
        for line in self.git("ls-remote", "--heads", "origin", "promote/*").splitlines():
            self.git("push", "--quiet", "--delete", "origin", line.partition("\t")[2])
        for name in NAMES:
            self.server(name, "")
        self.stages.project.extra = {k: v for k, v in self.stages.project.extra.items() if k.startswith("GIT_")}


def refused(ran: Ran, code: int, *words: str) -> None:
    """The exit code, the named value, the mend; and never a traceback."""
    assert ran.code == code, ran.text
    assert [word for word in words if word not in ran.text] == [], ran.text
    assert "Traceback" not in ran.text


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kubeconfig_folder(folder: Path, name: str) -> Path:
    """Where a stack's kubeconfig is."""
    return folder.parent / f"{folder.name}-kube" / name


def make_faulty(folder: Path, node: cluster.Handout) -> Faulty:
    """The stages, small and quick; one image runs in dev and in staging."""
    made = Faulty(make_stages(folder, node))
    for name in NAMES:
        place = kubeconfig_folder(folder, name)
        place.mkdir(parents=True)
        made.server(name, "")
        made.stages.stack(name).configure(
            kubeconfig=str(place / "kubeconfig"), replicas=1, preStopSeconds=1, protect=None
        )
    pipeline = (folder / "pipeline.yaml").read_text("utf-8")
    pipeline = pipeline.replace("contains: Hello", "contains: Hello\n      timeout: 6s").replace("timeout: 2m", "")
    (folder / "pipeline.yaml").write_text(pipeline.replace("soak: 1s", "soak: 0s"), encoding="utf-8")
    made.commit("Make the environments small")
    made.stages.deploy("up", "dev", "--yes").ok()
    made.stages.deploy("promote", "dev", "staging", "--up", "--yes", "--push").ok()
    made.base = made.head
    return made
