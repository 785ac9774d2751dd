"""A program of many small apps, as data: for the engine, for the Pulumi CLI and for kubectl the very same objects."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

NAMESPACE = "bench-apps"
_PROGRAM = """\
import json
from pathlib import Path

import pulumi
from pulumi_kubernetes import apps, core

KINDS = {kind.__name__: kind for kind in (
    apps.v1.Deployment, core.v1.ConfigMap, core.v1.Secret, core.v1.Service, core.v1.ServiceAccount
)}
first, *rest = json.loads(Path(__file__).with_name("objects.json").read_text())["items"]
namespace = core.v1.Namespace("namespace", metadata=first["metadata"])
for item in rest:
    kind, metadata = item.pop("kind"), {**item.pop("metadata"), "namespace": namespace.metadata["name"]}
    del item["apiVersion"]
    KINDS[kind](f"{kind}-{metadata['name']}", metadata=metadata, **item)
"""


def write(folder: Path, count: int) -> None:
    """Writes the program of `count` apps into a new folder; objects.json is for kubectl as well."""
    runtime = {"name": "python", "options": {"virtualenv": sys.prefix}}
    files = {
        "Pulumi.yaml": {"name": "apps", "runtime": runtime},
        "objects.json": {"apiVersion": "v1", "kind": "List", "items": objects(count)},
    }
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    (folder / "__main__.py").write_text(_PROGRAM, encoding="utf-8")


def objects(count: int) -> list[dict[str, Any]]:
    """The namespace, and five objects for each app: none of them ever has a pod to wait for."""
    found: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    for number in range(count):
        found += _app(f"app-{number:03}")
    return found


def _app(name: str) -> list[dict[str, Any]]:
    labels, token = {"app": name}, base64.b64encode(name.encode()).decode()
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    container = {"name": "app", "image": "app:1", "envFrom": [{"configMapRef": {"name": name}}]}
    template = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": name, "containers": [container]}}
    deployment = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}
    alone = {**metadata, "annotations": {"pulumi.com/skipAwait": "true"}}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"GREETING": f"Hello from {name}"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"TOKEN": token}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": deployment},
        {"apiVersion": "v1", "kind": "Service", "metadata": alone, "spec": service},
    ]
