"""SIGKILL by number, at the calls of a real API server: the engine's next run converges, and so does the Pulumi CLI's.

`make test` takes every `STEP`th call; ALL_KILLS=1 takes each.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import cluster
from tests.engine.world import World
from tests.integration.project import WORKER

pytestmark = pytest.mark.timeout(600)
STEP = 1 if os.environ.get("ALL_KILLS") else 3
MOMENTS = ["KILL_BEFORE_CALL", "KILL_AFTER_CALL"]
LABEL = "kills"

PROGRAM = """\
import json
from pathlib import Path

from pulumi_kubernetes import apps, core

for name, inputs, _ in json.loads(Path("script.json").read_text()):
    package = apps if inputs.pop("apiVersion") == "apps/v1" else core
    getattr(package.v1, inputs.pop("kind"))(name, **inputs)
"""
"""What tests.engine.scripted registers, for the Pulumi CLI."""

Things = list[tuple[str, dict[str, Any], str]]


def thing(kind: str, name: str, **more: Any) -> tuple[str, dict[str, Any], str]:
    """An object; one without a name of its own in `more` gets one from the engine."""
    metadata = {"labels": {LABEL: name}, **more.pop("metadata", {"name": name})}
    version = "apps/v1" if kind == "Deployment" else "v1"
    return name, {"apiVersion": version, "kind": kind, "metadata": metadata, **more}, ""


def deployment(color: str) -> tuple[str, dict[str, Any], str]:
    """A Deployment without pods."""
    container = {"name": "app", "image": "app:1", "env": [{"name": "COLOR", "value": color}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return thing("Deployment", "web", spec=spec)


KEPT = [thing("ServiceAccount", "kept"), thing("Secret", "kept-too", data={"a": "YQ=="})]
UP: tuple[Things, Things] = (
    [*KEPT, deployment("red"), thing("ConfigMap", "gone", data={"a": "1"})],
    [*KEPT, deployment("blue"), thing("Service", "new", spec={"type": "ExternalName", "externalName": "example.com"})],
)
REPLACE: tuple[Things, Things] = (
    [*KEPT, thing("ConfigMap", "named", data={"a": "1"}), thing("ConfigMap", "auto", data={"a": "1"}, metadata={})],
    [*KEPT, thing("ConfigMap", "named", data={"a": "2"}), thing("ConfigMap", "auto", data={"a": "2"}, metadata={})],
)
DESTROY: tuple[Things, Things] = ([*KEPT, deployment("red"), thing("ConfigMap", "auto", metadata={})], [])
KINDS = pytest.mark.parametrize(
    ("command", "things"), [("up", UP), ("up", REPLACE), ("destroy", DESTROY)], ids=["up", "replace", "destroy"]
)


class Lab(World):
    """A world whose objects are in a namespace of its own on the cluster."""

    def on(self, node: cluster.Handout, **environment: str) -> None:
        """Makes the namespace and the stack."""
        self.module = "tests.engine.scripted"
        self.namespace = f"{self.folder.name}-{WORKER}"
        self.environment |= {"HOME": str(Path.home()), "KUBECONFIG": str(node.kubeconfig), **environment}
        self._kubectl = [str(node.bin / "kubectl"), "--kubeconfig", str(node.kubeconfig), "-n", self.namespace]
        self.kubectl("create", "namespace", self.namespace)
        self.init()
        assert self.run("config", "set", "kubernetes:namespace", self.namespace).code == 0

    def kubectl(self, *words: str) -> str:
        return subprocess.run([*self._kubectl, *words], check=True, capture_output=True, text=True).stdout

    def uids(self) -> dict[str, str]:
        """The uid of each object, by kind and name."""
        kinds = "deployments,configmaps,secrets,services,serviceaccounts"
        found = json.loads(self.kubectl("get", kinds, "--selector", LABEL, "--output", "json"))["items"]
        return {f"{item['kind']} {item['metadata']['name']}": item["metadata"]["uid"] for item in found}

    def script(self, things: Things) -> None:
        """Sets what tests.engine.scripted registers."""
        self.write("script.json", json.dumps(things))

    def recorded(self) -> list[str]:
        """The uids on record."""
        outputs = [raw.get("outputs", {}) for raw in self.latest().get("resources", ())]
        return sorted(found["metadata"]["uid"] for found in outputs if "metadata" in found)


@pytest.fixture(scope="module")
def lab(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("kills"))
    made.on(node)
    yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.fixture(scope="module")
def shared(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One whose state a Pulumi CLI can read, too."""
    made = Lab(tmp_path_factory.mktemp("kills-shared"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    made.on(node, PATH=path, PULUMI_HOME=os.environ.get("PULUMI_HOME", str(Path.home() / ".pulumi")))
    made.write("__main__.py", PROGRAM)
    yield made
    made.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.mark.parametrize("moment", MOMENTS)
@KINDS
def test_killed_and_run_again(lab: Lab, command: str, things: tuple[Things, Things], moment: str) -> None:
    for number in count(1 + MOMENTS.index(moment), STEP):
        kept = start(lab, things)
        killed = lab.run(command, "--skip-preview", **{moment: str(number)})
        if killed.code == 0:
            break
        assert killed.code == -signal.SIGKILL, killed.text
        told = f"{moment} {number}:\n{killed.text}"
        again = lab.run(command, "--skip-preview")
        assert again.code == 0, told + again.text
        settled(lab, things[1] if command == "up" else [], kept if command == "up" else {}, told + again.text)
    assert number > 2


def start(lab: Lab, things: tuple[Things, Things]) -> dict[str, str]:
    """Has the first things there, and sets the second ones; what is to be left alone."""
    for command, wanted in (("destroy", []), ("up", things[0])):
        lab.script(wanted)
        ended = lab.run(command, "--skip-preview")
        assert ended.code == 0, ended.text
    lab.script(things[1])
    return {what: uid for what, uid in lab.uids().items() if " kept" in what}


def settled(lab: Lab, wanted: Things, kept: dict[str, str], told: str) -> None:
    """Exactly the objects that are wanted are there, and on record, and nothing holds the stack."""
    uids = lab.uids()
    assert len(uids) == len(wanted), told
    assert sorted(uids.values()) == lab.recorded(), told
    assert kept.items() <= uids.items(), told
    assert "pending_operations" not in lab.latest(), told
    assert not list((lab.folder / "state/.pulumi/locks").rglob("*.json")), told


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no Pulumi CLI on PATH")
@pytest.mark.parametrize("moment", MOMENTS)
@KINDS
def test_killed_and_gone_on_with_by_the_pulumi_cli(
    shared: Lab, command: str, things: tuple[Things, Things], moment: str
) -> None:
    """As after a kill of its own: once the lock is removed, and what was made but is not on record."""
    for number in count(1, STEP):
        kept = start(shared, things)
        killed = shared.run(command, "--skip-preview", **{moment: str(number)})
        if killed.code == 0:
            break
        pulumi(shared, "cancel")
        for kind, name in unrecorded(shared):
            shared.kubectl("delete", kind, name)
        pulumi(shared, "refresh", "--skip-preview", "--clear-pending-creates")
        told = f"{moment} {number}:\n{killed.text}" + pulumi(shared, command, "--skip-preview")
        settled(shared, things[1] if command == "up" else [], kept if command == "up" else {}, told)
    assert number > 1


def pulumi(lab: Lab, *words: str) -> str:
    """A command of the Pulumi CLI; what it said."""
    done = subprocess.run(
        ["pulumi", "--non-interactive", *words, "--yes", "--stack", "dev"],
        cwd=lab.project, env=lab.environment | {"PYTHONWARNINGS": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unrecorded(lab: Lab) -> list[tuple[str, str]]:
    """Kind and name of what the killed run made last."""
    inputs = [
        operation["resource"]["inputs"]
        for operation in lab.latest().get("pending_operations", ())
        if operation["type"] == "creating"
    ]
    found = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in inputs]
    return [(kind, name) for kind, name in found if f"{kind} {name}" in lab.uids()]
