"""Kubernetes' JSON schemas as kubeconform takes them, out of the module that the cluster is built from."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from cluster import build, locks
from cluster.profile import cache_folder

REF = "#/definitions/"
FREE = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}
"""What OpenAPI 2 cannot say."""


def schemas() -> Path:
    """The folder that is kubeconform's `-schema-location`; made once, in the user's cache."""
    version = build.version()
    done = cache_folder() / "tools" / f"schemas-{version}"
    if done.exists():
        return done
    with locks.hold(done.with_name("schemas.lock"), "making the schemas", print):
        if not done.exists():
            next_ = done.with_name("schemas-next")
            shutil.rmtree(next_, ignore_errors=True)
            folder = next_ / f"{version}-standalone-strict"
            folder.mkdir(parents=True)
            _write(_definitions(version), folder)
            next_.rename(done)
    return done


def _definitions(version: str) -> dict[str, Any]:
    words = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"]
    told = subprocess.run(
        words, cwd="/", env=os.environ | {"GOWORK": "off"}, check=True, capture_output=True, timeout=600
    )
    swagger = Path(json.loads(told.stdout)["Dir"]) / "api" / "openapi-spec" / "swagger.json"
    found: dict[str, Any] = json.loads(swagger.read_text("utf-8"))["definitions"]
    for definition in found.values():
        if "properties" in definition:
            definition["additionalProperties"] = False
    return found | FREE


def _write(definitions: dict[str, Any], folder: Path) -> None:
    for name, definition in definitions.items():
        for it in definition.get("x-kubernetes-group-version-kind", []):
            group = it["group"].partition(".")[0]
            file = "-".join(filter(None, (it["kind"], group, it["version"]))).lower()
            needed = _needed(definitions, name, {})
            (folder / f"{file}.json").write_text(json.dumps({"$ref": REF + name, "definitions": needed}))


def _needed(definitions: dict[str, Any], name: str, found: dict[str, Any]) -> dict[str, Any]:
    """A definition and those that it refers to."""
    if name not in found:
        found[name] = definitions[name]
        for ref in json.dumps(definitions[name]).split(f'"$ref": "{REF}')[1:]:
            _needed(definitions, ref.partition('"')[0], found)
    return found
