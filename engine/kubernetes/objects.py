"""Kubernetes objects as Pulumi keeps them: recorded outputs, secret marks, pruning, names.

Source: the behaviour of pulumi-kubernetes 4.34; outputs are the live object plus `__inputs`, `__initialApiVersion` and
`__fieldManager`.
"""

from __future__ import annotations

from typing import Any

from engine.resource import marks
from engine.resource.marks import secret
from engine.resource.values import UNKNOWN, Properties, unwrap

INPUTS = "__inputs"
API_VERSION = "__initialApiVersion"
FIELD_MANAGER = "__fieldManager"
AUTONAMED = "pulumi.com/autonamed"

READ_ONLY_METADATA = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip

DASHED = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}  # fmt: skip
"""Keys of a CustomResourceDefinition that Pulumi spells with underscores."""
UNDERSCORED = {dashed: name for name, dashed in DASHED.items()}


def to_object(properties: Properties) -> dict[str, Any]:
    """The manifest to send: no secret marks, Kubernetes' own spelling."""
    plain = rename(unwrap(properties), DASHED)
    return {key: value for key, value in plain.items() if not key.startswith("__")}


def recorded(
    inputs: Properties, live: dict[str, Any], manager: str, api_version: str = "", *, sent: Properties | None = None
) -> Properties:
    """The outputs to record for a live object that came from `inputs`; `sent`: what of them was applied, if not all."""
    marked = mark_secrets(rename(live, UNDERSCORED), inputs)
    return {
        **marked,
        INPUTS: mark_secrets(rename(unwrap(inputs if sent is None else sent), UNDERSCORED), inputs),
        API_VERSION: api_version or str(inputs.get("apiVersion", "")),
        FIELD_MANAGER: manager,
    }


def mark_secrets(out: Any, source: Any) -> Any:
    """`out` with `Secret` wherever `source` has one at the same place; data of a Secret object always."""
    if isinstance(out, dict) and out.get("kind") == "Secret":
        return {key: secret(value) if key in ("data", "stringData") else value for key, value in out.items()}
    return marks.mark_secrets(out, source)


def without_read_only(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest less the metadata that only the server writes."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return manifest
    return {**manifest, "metadata": {k: v for k, v in metadata.items() if k not in READ_ONLY_METADATA}}


def metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    """The metadata, or an empty mapping where it is missing or unknown."""
    found = unwrap(manifest.get("metadata"))
    return found if isinstance(found, dict) else {}


def name_of(manifest: dict[str, Any]) -> str:
    """metadata.name, empty if there is none or it is unknown."""
    found = metadata(manifest).get("name")
    return found if isinstance(found, str) else ""


def namespace_of(manifest: dict[str, Any]) -> str:
    """metadata.namespace, empty if there is none or it is unknown."""
    found = metadata(manifest).get("namespace")
    return found if isinstance(found, str) else ""


def annotation(manifest: dict[str, Any], key: str) -> str:
    """The value of an annotation, empty if there is none."""
    annotations = metadata(manifest).get("annotations")
    found = annotations.get(key) if isinstance(annotations, dict) else None
    return "" if found is None or found is UNKNOWN else str(found)


def id_of(live: dict[str, Any]) -> str:
    """The resource id: `namespace/name`, or `name` for what lives in no namespace."""
    namespace = namespace_of(live)
    return f"{namespace}/{name_of(live)}" if namespace else name_of(live)


def described(manifest: dict[str, Any]) -> str:
    """Kind and id, for messages: `Deployment shop/web`."""
    return f"{manifest.get('kind', 'object')} {id_of(manifest) or '(name not known yet)'}"


def rename(value: Any, names: dict[str, str]) -> Any:
    """The value with keys renamed, at every depth."""
    if isinstance(value, dict):
        return {names.get(key, key): rename(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [rename(item, names) for item in value]
    return value
