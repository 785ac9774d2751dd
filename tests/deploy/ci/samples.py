"""What `preview --json` prints, as the CLI does and as the embedded engine does: cut down from real previews."""

from __future__ import annotations

import json
from typing import Any

from deploy.observe.recorded import SECRET, SIGNATURE

ENGINES = ("pulumi", "embedded")
APP = "urn:pulumi:dev::flask-k8s::flask-k8s:index:FlaskApp"
ROOT = "urn:pulumi:dev::flask-k8s::pulumi:pulumi:Stack::flask-k8s-dev"
DIGEST = f"registry.test/flask-k8s@sha256:{'a' * 64}"
UNKNOWN = {"pulumi": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "embedded": "output<computed>"}


def step(op: str, kind: str, name: str, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    """One step; `old` and `new` are the resource's inputs."""
    found: dict[str, Any] = {"op": op, "urn": f"{APP}${kind}::{name}", **more}
    for key, inputs in (("oldState", old), ("newState", new)):
        if inputs is not None:
            found[key] = {"urn": found["urn"], "custom": True, "type": kind, "inputs": inputs}
    return found


def root(**outputs: Any) -> dict[str, Any]:
    """The stack itself, which stays."""
    state = {"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack", "outputs": outputs}
    return {"op": "same", "urn": ROOT, "oldState": state, "newState": state}


def digest(*steps: dict[str, Any], **counts: int) -> str:
    """A whole preview."""
    return json.dumps({"config": {"flask-k8s:hashKey": "[secret]"}, "steps": steps, "changeSummary": counts}, indent=4)


def image(op: str = "update", revision: str = "b" * 40) -> dict[str, Any]:
    """The image, whose source changed."""

    def inputs(revision: str, digest: str) -> dict[str, Any]:
        build = {"args": {"REVISION": revision}, "contextDigest": digest}
        return {"build": build, "imageName": "registry.test/flask-k8s:dev", "registry": {"password": "[secret]"}}

    told = {"build": {"kind": "update", "inputDiff": False}}
    return step(
        op, "docker:index/image:Image", "flask-k8s", inputs("a" * 40, "1"), inputs(revision, "2"), detailedDiff=told
    )


def config_map(greeting: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "data": {"GREETING": greeting, "LOG_LEVEL": "info"}, "__x": 1}


def changed(engine: str) -> str:
    """Another greeting, another secret, one more pod, another source of the image."""
    cipher = {SIGNATURE: SECRET, "ciphertext": "v1:canary"}
    deployment: list[dict[str, Any]] = [
        {"spec": {"replicas": 1, "template": {"spec": {"image": DIGEST, "config": "web-config-0123456789"}}}},
        {"spec": {"replicas": 2, "template": {"spec": {"image": UNKNOWN[engine], "config": "web-config-9876543210"}}}},
    ]
    maps = ("kubernetes:core/v1:ConfigMap", "web-config-")
    secrets = ("kubernetes:core/v1:Secret", "web-secret-")
    told = {"spec.replicas": {"kind": "update", "inputDiff": False}}
    return digest(
        root(image=DIGEST),
        image(),
        step("create", maps[0], f"{maps[1]}9876543210", new=config_map("Bonjour")),
        step("create", secrets[0], f"{secrets[1]}9876543210", new={"data": {"K": "[secret]"}, "type": "Opaque"}),
        step("update", "kubernetes:apps/v1:Deployment", "web", *deployment, detailedDiff=told),
        step("delete", secrets[0], f"{secrets[1]}0123456789", {"data": {"K": "Y2FuYXJ5", "L": cipher}}),
        step("delete", maps[0], f"{maps[1]}0123456789", config_map("Hello")),
        create=2,
        update=2,
        delete=2,
        same=11,
    )


def replaced(engine: str) -> str:
    """Another namespace; the CLI has one step for it, the embedded engine two."""
    kind, name = "kubernetes:core/v1:Namespace", "web"
    old, new = {"metadata": {"name": "shop"}}, {"metadata": {"name": "store"}}
    why = {"replaceReasons": ["metadata.name"]}
    told = {"detailedDiff": {"metadata.name": {"kind": "update-replace", "inputDiff": True}}}
    if engine == "pulumi":
        return digest(root(), step("replace", kind, name, old, new, **why, **told), replace=1, same=3)
    return digest(
        root(),
        step("create-replacement", kind, name, old, new, **why, **told),
        step("delete-replaced", kind, name, old, new, diffReasons=[], detailedDiff={}),
        replace=1,
        same=3,
    )
