"""The objects that a program leaves in the cluster: found, made as they were recorded, taken away."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.conformance import scrub

_KINDS: Final = (
    "configmaps", "secrets", "serviceaccounts", "services", "deployments.apps", "statefulsets.apps", "jobs.batch",
    "persistentvolumeclaims", "roles.rbac.authorization.k8s.io", "networkpolicies.networking.k8s.io",
    "poddisruptionbudgets.policy", "storageclasses.storage.k8s.io", "namespaces",
    "customresourcedefinitions.apiextensions.k8s.io",
)  # fmt: skip
_THE_CLUSTERS_OWN: Final = ("kube-root-ca.crt", "default")
_MANAGER: Final = "pulumi-kubernetes"
_CRD: Final = "CustomResourceDefinition"

Identity = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True)
class Objects:
    """The objects of one program: those in its namespace, and those of the cluster that have its name in theirs."""

    kubectl: Path
    kubeconfig: Path
    namespace: str

    @classmethod
    def prepare(cls, kubectl: Path, kubeconfig: Path, namespace: str, folder: Path) -> Objects:
        """An empty namespace, and a kubeconfig in `folder` that names it."""
        content = yaml.safe_load(kubeconfig.read_text("utf-8"))
        content["contexts"][0]["context"]["namespace"] = namespace
        own = folder / "kubeconfig"
        own.write_text(json.dumps(content), encoding="utf-8")
        own.chmod(0o600)
        objects = cls(kubectl, own, namespace)
        left = [it for it in objects.found() if "namespace" not in it["metadata"]]
        if objects.call(["get", "namespace", namespace, "--ignore-not-found"]):
            left.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        objects.remove(left)
        objects.call(["create", "namespace", namespace])
        return objects

    def call(self, words: list[str], stdin: Any = None) -> str:
        """What kubectl prints."""
        done = subprocess.run(
            [str(self.kubectl), "--kubeconfig", str(self.kubeconfig), *words],
            input=None if stdin is None else json.dumps(stdin),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def found(self) -> list[dict[str, Any]]:
        """Every object that somebody other than the cluster itself wrote, as the server has it."""
        items = [it for it in self._get(",".join(_KINDS)) if self._is_ours(it)]
        if own := [it["metadata"]["name"] for it in items if it["kind"] == _CRD]:
            items += self._get(",".join(own))
        return items

    def _get(self, kinds: str) -> list[dict[str, Any]]:
        found = json.loads(self.call(["get", kinds, "-o", "json", "--show-managed-fields"]))
        return list(found["items"])

    def _is_ours(self, found: dict[str, Any]) -> bool:
        metadata = found["metadata"]
        if "deletionTimestamp" in metadata or "ownerReferences" in metadata:
            return False
        if "namespace" in metadata:
            return metadata["namespace"] == self.namespace and metadata["name"] not in _THE_CLUSTERS_OWN
        # the namespaces of other programs are kubectl's
        return self.namespace in metadata["name"] and any(it.startswith(_MANAGER) for it in scrub.writers(found))

    def remove(self, objects: list[dict[str, Any]]) -> None:
        """Deletes objects, and waits until they are gone."""
        if objects:
            self.call(["delete", "--ignore-not-found", "-f", "-"], _list(objects))

    def restore(self, states: list[dict[str, Any]], recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Has just the recorded objects in the cluster, each by its writer; gives them as they are then."""
        self.remove(self.found())
        inputs = {identity(it["inputs"]): plain(it["inputs"]) for it in states if "kind" in (it.get("inputs") or {})}
        first = [it for it in recorded if it["kind"] == _CRD]
        made = self._make(first, inputs)
        for each in first:
            self.call(["wait", "--for=condition=Established", f"crd/{each['metadata']['name']}"])
        return made + self._make([it for it in recorded if it["kind"] != _CRD], inputs)

    def _make(self, recorded: list[dict[str, Any]], inputs: dict[Identity, Any]) -> list[dict[str, Any]]:
        calls: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for wanted in recorded:
            metadata = {key: value for key, value in wanted["metadata"].items() if key != "writers"}
            writers = wanted["metadata"]["writers"]
            applied = next((it for it in writers if it.startswith(_MANAGER) and it.endswith(" Apply")), "")
            manager = (applied or next(iter(writers), _MANAGER)).split(" ")[0]
            verb = ("apply", "--server-side") if applied else ("create",)
            body = inputs.get(identity(wanted)) or {**wanted, "metadata": metadata}
            calls.setdefault((*verb, f"--field-manager={manager}"), []).append(body)
        made: list[dict[str, Any]] = []
        for words, bodies in calls.items():
            options = ["--validate=ignore", "--show-managed-fields", "-o", "json", "-f", "-"]
            made += _documents(self.call([*words, *options], _list(bodies)))
        return made


def _documents(text: str) -> list[dict[str, Any]]:
    """What kubectl prints of several objects: a list, or one after the other."""
    found: list[dict[str, Any]] = []
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        found += document.get("items", [document])
        text = text[end:]
    return found


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}


def identity(found: dict[str, Any]) -> Identity:
    """Kind, namespace and name."""
    return found["kind"], found["metadata"].get("namespace", ""), found["metadata"]["name"]


def plain(value: Any) -> Any:
    """A value of a checkpoint with its secrets as they are."""
    if isinstance(value, dict):
        if "plaintext" in value and len(value) == 2:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def fill(recorded: Any, made: Any) -> Any:
    """Recorded outputs with what the server gave to the object that was made: its uid, times, defaults."""
    if not isinstance(recorded, dict) or not isinstance(made, dict) or "plaintext" in recorded:
        return recorded
    return {**made, **{key: fill(value, made.get(key)) for key, value in recorded.items()}}
