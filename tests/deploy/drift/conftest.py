"""A stack on a fake API server, and its state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.drift.compare import Drift
from deploy.drift.find import find
from deploy.observe.recorded import SECRET, SIGNATURE, Recorded
from deploy.stack import Stack
from tests.engine.kubernetes.fake_api import FakeApi

JsonObject = dict[str, Any]

MANAGER = "pulumi-kubernetes-1a2b3c4d"
CIPHERTEXT = {SIGNATURE: SECRET, "ciphertext": "v1:AAAA:BBBB"}
CORE = "/api/v1/namespaces/shop"


def config_map(name: str = "web", **data: str) -> JsonObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def deployment(replicas: int = 2, env: Any = "plain") -> JsonObject:
    container = {"name": "app", "env": [{"name": "TOKEN", "value": env}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
    }


@dataclass
class Bench:
    """The stack `dev`, the server of its context, and what its state holds."""

    api: FakeApi
    stack: Stack
    resources: list[JsonObject] = field(default_factory=list)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    """What the engine was asked to print."""
    plaintext: str = "null"
    """What stands for each ciphertext in an export that shows secrets."""
    said: list[str] = field(default_factory=list)
    pending: list[JsonObject] = field(default_factory=list)
    """`pending_operations` of the state."""
    name = "fake"

    def record(self, inputs: JsonObject, **more: Any) -> str:
        """Puts an object into the state; returns its URN."""
        kind, meta = inputs["kind"], inputs["metadata"]
        group = inputs["apiVersion"] if "/" in inputs["apiVersion"] else f"core/{inputs['apiVersion']}"
        token = f"kubernetes:{group}:{kind}"
        place = "/".join(filter(None, [meta.get("namespace"), meta["name"]]))
        urn = f"urn:pulumi:dev::flask-k8s::{token}::{meta['name']}"
        self.resources.append(
            {
                "urn": urn, "type": token, "custom": True, "id": place,
                "inputs": inputs, "outputs": {**inputs, "__fieldManager": MANAGER}, **more,
            }
        )  # fmt: skip
        return urn

    def live(self, path: str, obj: JsonObject, *managed: tuple[str, str, JsonObject]) -> None:
        """Puts an object on the server; `managed` is (manager, operation, fieldsV1), the oldest first."""
        copy = json.loads(json.dumps(obj))
        copy["metadata"]["managedFields"] = [
            {"manager": name, "operation": operation, "fieldsV1": fields, "time": f"2026-01-01T00:00:0{second}Z"}
            for second, (name, operation, fields) in enumerate(managed)
        ]
        self.api.put(path, copy)

    def lock(self) -> Path:
        """The stack's lock, held by somebody elsewhere."""
        file = self.stack.project / ".pulumi" / "locks" / "organization" / "flask-k8s" / "dev" / "one.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"pid": 1, "username": "someone", "hostname": "elsewhere"}))
        return file

    @property
    def recorded(self) -> Recorded:
        return Recorded({}, self.resources)

    def find(self) -> list[Drift]:
        return find(self.stack, self.recorded)

    def run(self, *words: str, stdin: str | None = None) -> int:
        raise AssertionError(f"drift changes no state: {words}")

    def read(self, *words: str) -> str:
        """`stack export`, as an engine."""
        self.asked.append(words)
        text = json.dumps(
            {"version": 3, "deployment": {"resources": self.resources, "pending_operations": self.pending}}
        )
        shown = json.dumps({SIGNATURE: SECRET, "plaintext": self.plaintext})
        return text.replace(json.dumps(CIPHERTEXT), shown) if "--show-secrets" in words else text


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    checkpoint = tmp_path / ".pulumi" / "stacks" / "flask-k8s" / "dev.json"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("{}")
    with FakeApi() as api:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(api.kubeconfig()))
        values = {"flask-k8s:context": "fake", "flask-k8s:kubeconfig": str(kubeconfig)}
        yield Bench(api, Stack(tmp_path, "flask-k8s", "dev", values, frozenset()))
