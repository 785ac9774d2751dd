"""Takes out of what an engine wrote whatever differs from run to run: ids, times, random names, the server's fields."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

_UUID: Final = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_MANAGER: Final = re.compile(r"\b(pulumi-kubernetes)-[0-9a-f]{8}\b")
_POD: Final = re.compile(r"-[0-9a-z]{8,10}-[0-9a-z]{5}\b(?=\W)")
_TRACES: Final = ("created", "modified", "sourcePosition", "stackTrace")
_SERVER: Final = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields")
_ALLOCATED: Final = ("clusterIP", "clusterIPs", "healthCheckNodePort")
_REVISION: Final = "deployment.kubernetes.io/revision"
NO_ID: Final = "00000000-0000-0000-0000-000000000000"


class Names:
    """Gives a random name a fixed one of the same shape: the n-th name of a resource is always the same."""

    def __init__(self) -> None:
        self._seen: dict[str, list[str]] = {}

    def learn(self, resources: list[dict[str, Any]]) -> None:
        """Takes note of the random names in a checkpoint, older ones first."""
        for resource in sorted(resources, key=lambda it: (it["urn"], not it.get("delete", False))):
            metadata = (resource.get("inputs") or {}).get("metadata") or {}
            if "pulumi.com/autonamed" in (metadata.get("annotations") or {}):
                known = self._seen.setdefault(resource["urn"], [])
                if metadata["name"] not in known:
                    known.append(metadata["name"])

    def apply(self, value: Any) -> Any:
        """The same with fixed names, fixed ids and fixed field managers."""
        text = json.dumps(value, ensure_ascii=False)
        for urn, names in self._seen.items():
            for number, name in enumerate(names):
                # the marker keeps a fixed name from being taken for a random one of the same resource
                text = text.replace(name, f"{name[:-8]}\0{hashlib.sha256(f'{urn} {number}'.encode()).hexdigest()[:8]}")
        text = _UUID.sub(NO_ID, text.replace("\0", ""))
        text = _POD.sub("-0000000000-00000", text)
        return json.loads(_MANAGER.sub(r"\1-00000000", text))


def resource(state: dict[str, Any]) -> dict[str, Any]:
    """A resource of a checkpoint, its secrets in plain text."""
    kept = {key: value for key, value in state.items() if key not in _TRACES}
    if "dependencies" in kept:  # the SDK sends a set
        kept["dependencies"] = sorted(kept["dependencies"])
    if "propertyDependencies" in kept:
        kept["propertyDependencies"] = {key: sorted(urns) for key, urns in kept["propertyDependencies"].items()}
    if "outputs" in kept:
        kept["outputs"] = live(kept["outputs"])
        if kept.get("external"):  # the provider's schema says which fields are inputs, and the recorder's has none
            kept["outputs"].pop("__inputs", None)
    return kept


def live(found: dict[str, Any]) -> dict[str, Any]:
    """An object without what the server filled in by itself and what changes while it runs."""
    kept = {key: value for key, value in found.items() if key != "status" or "apiVersion" not in found}
    if isinstance(metadata := kept.get("metadata"), dict):
        metadata = {key: value for key, value in metadata.items() if key not in _SERVER}
        if annotations := metadata.pop("annotations", None):
            metadata["annotations"] = {key: value for key, value in annotations.items() if key != _REVISION}
            if not metadata["annotations"]:
                del metadata["annotations"]
        kept["metadata"] = metadata
    if isinstance(spec := kept.get("spec"), dict) and spec.get("clusterIP") != "None":
        kept["spec"] = {key: value for key, value in spec.items() if key not in _ALLOCATED}
    return kept


def writers(found: dict[str, Any]) -> list[str]:
    """Who wrote an object, the server's own controllers aside: `manager Operation`."""
    fields = found["metadata"].get("managedFields", [])
    return sorted(f"{it['manager']} {it['operation']}" for it in fields if not it["manager"].startswith("kube-"))


def shared(value: Any, known: dict[str, Any] | None = None) -> Any:
    """The same with equal parts being one: YAML then writes them once."""
    known = {} if known is None else known
    if isinstance(value, dict):
        value = {key: shared(item, known) for key, item in value.items()}
    elif isinstance(value, list):
        value = [shared(item, known) for item in value]
    else:
        return value
    return value if len(text := json.dumps(value, sort_keys=True)) < 40 else known.setdefault(text, value)
