"""What check adds to the inputs: a name where none is given, and the provider's default namespace.

Source: pulumi-kubernetes 4.34, metadata/naming.go.
"""

from __future__ import annotations

import hashlib
from typing import Any

from engine.kubernetes.kinds import Kind
from engine.kubernetes.normalize import normalize
from engine.kubernetes.objects import AUTONAMED, annotation, mark_secrets, name_of, without_read_only
from engine.provider import CheckFailure, ProviderError, Resource
from engine.resource.values import UNKNOWN, Properties, unwrap

MANAGED_BY = "app.kubernetes.io/managed-by"


def checked(
    resource: Resource, kind: Kind, news: Properties, *, seed: bytes, namespace: str
) -> tuple[Properties, list[CheckFailure]]:
    """The inputs to record and to send. `namespace` is the provider's default for this kind, or empty."""
    if news.get("kind", kind.kind) not in (kind.kind, UNKNOWN):
        raise ProviderError(
            f"{resource.type} is a Patch resource, which the embedded engine doesn't serve. "
            "Use the Pulumi CLI (ENGINE=pulumi)."
        )
    plain = unwrap(normalize({"apiVersion": kind.api_version, "kind": kind.kind, **news}))
    if plain.get("metadata") is UNKNOWN:
        return mark_secrets(plain, news), []
    if not isinstance(plain.get("metadata") or {}, dict):
        return news, [CheckFailure("metadata", f"is a {type(plain['metadata']).__name__}, and must be a map of fields")]
    result = without_read_only({**plain, "metadata": dict(plain.get("metadata") or {})})
    failures = _name(resource, result, seed)
    if namespace and not result["metadata"].get("namespace"):
        result["metadata"]["namespace"] = namespace
    old_labels = (unwrap(resource.inputs).get("metadata") or {}).get("labels")
    if isinstance(old_labels, dict) and old_labels.get(MANAGED_BY) == "pulumi":
        labels = result["metadata"].get("labels")
        if labels is not UNKNOWN:
            result["metadata"]["labels"] = {**(labels or {}), MANAGED_BY: "pulumi"}
    return mark_secrets(result, news), failures


def _name(resource: Resource, result: dict[str, Any], seed: bytes) -> list[CheckFailure]:
    metadata = result["metadata"]
    name = metadata.get("name")
    if name is UNKNOWN or (isinstance(name, str) and name):
        return []
    if name:
        return [CheckFailure("metadata.name", f"is {name!r}, and must be a text")]
    if metadata.get("generateName"):
        return [
            CheckFailure("metadata.generateName", "is not served with server-side apply: set metadata.name, or neither")
        ]
    old = unwrap(resource.inputs)
    if annotation(old, AUTONAMED) == "true" and name_of(old):
        metadata["name"] = name_of(old)
    elif old and resource.interrupted is None:
        return []  # what had a name of its own gets one once it is replaced, for lack of it
    else:
        metadata["name"] = f"{resource.name}-{hashlib.sha256(seed + resource.urn.encode()).hexdigest()[:8]}"
    annotations = metadata.get("annotations")
    if annotations is not UNKNOWN:
        metadata["annotations"] = {**(annotations or {}), AUTONAMED: "true"}
    return []
