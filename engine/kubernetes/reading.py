"""Reads one live object: for a refresh, for `get`, and to find what a killed run made.

Source: Read in provider/pkg/provider/provider.go and provider/pkg/await/await.go of pulumi-kubernetes 4.34.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from engine.kubernetes.adopt import made_by_us
from engine.kubernetes.errors import ApiError, UnreachableError, refused
from engine.kubernetes.kinds import Kind, from_manifest, from_token
from engine.kubernetes.objects import (
    API_VERSION,
    annotation,
    described,
    id_of,
    mark_secrets,
    recorded,
    to_object,
)
from engine.kubernetes.pods import problems
from engine.kubernetes.ready import SKIP, rule_for
from engine.kubernetes.ready_workloads import COUNTS
from engine.kubernetes.settings import Settings
from engine.kubernetes.wait import NeverReadyError
from engine.provider import ProviderError, Resource
from engine.resource.marks import redact, secret_texts
from engine.resource.values import Properties

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

JsonObject = dict[str, Any]
Found = tuple[str, Properties, Properties] | None

GONE_FOR_GOOD: Final = (
    "If it is gone for good, PULUMI_K8S_DELETE_UNREACHABLE=true lets refresh and destroy drop its objects."
)
_AWAITED: Final = frozenset({"DaemonSet", "Deployment", "Ingress", "Job", "Pod", "Service", "StatefulSet"})
"""Kinds that count as unhealthy in a read where they are not ready."""
_NO_INPUT: Final = frozenset({"status"})
"""What is the server's own in an object that is read without any inputs on record."""
_NO_METADATA: Final = frozenset({"creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"})
_NO_ANNOTATIONS: Final = frozenset(
    {"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"}
)


async def read(
    api: Api, resource: Resource, id_: str, inputs: Properties, manager: str, *, settings: Settings
) -> Found:
    """Id, inputs and outputs of the live object; None where there is none.

    The inputs have the shape of those on record; without any record they are all that isn't the server's. Raises
    `ProviderError`, with the object, where it is not ready. With `resource.interrupted`, only an object that the
    interrupted run made is answered, ready or not.
    """
    known = to_object(resource.interrupted or inputs)
    namespace, _, name = (id_ or id_of(known)).rpartition("/")
    kind = _kind(resource, known)
    try:
        endpoint = await api.endpoint(kind)
        if endpoint is None or not name:
            return None
        live = await api.call("GET", endpoint.path(namespace, name))
    except UnreachableError as err:
        if settings.delete_unreachable:
            return None
        if settings.skip_unreachable:
            return id_, inputs, resource.outputs
        raise ProviderError(f"{err} {GONE_FOR_GOOD}") from err
    except ApiError as err:
        if err.code == 404:
            return None
        raise refused("read", f"{kind.kind} {id_}", err) from err
    if resource.interrupted is not None and not made_by_us(live, resource.interrupted):
        return None
    fresh = not known and not to_object(resource.outputs)
    shape = known or {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name, "namespace": ""}}
    plain = _all_inputs(live) if fresh and kind.built_in else _pruned(live, shape, typed=kind.built_in)
    found = mark_secrets(plain, inputs)
    outputs = recorded(found, live, manager, str(resource.outputs.get(API_VERSION) or ""))
    if not fresh and resource.interrupted is None:
        hidden = secret_texts(inputs) | secret_texts(outputs)
        if reasons := tuple(redact(reason, hidden) for reason in await _missing(api, kind, known, live)):
            raise ProviderError(
                "\n".join([reasons[0], *(f"  - {reason}" for reason in reasons[1:])]),
                id=id_ or id_of(live), state=outputs, reasons=reasons, inputs=found,
            )  # fmt: skip
    return id_ or id_of(live), found, outputs


def _kind(resource: Resource, known: JsonObject) -> Kind:
    for manifest in (known, to_object(resource.outputs)):
        if manifest.get("apiVersion") and manifest.get("kind"):
            return from_manifest(str(manifest["apiVersion"]), str(manifest["kind"]))
    return from_token(resource.type)


def _all_inputs(live: JsonObject) -> JsonObject:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _NO_METADATA}
    if annotations := metadata.get("annotations"):
        metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _NO_ANNOTATIONS}
    return {**{key: value for key, value in live.items() if key not in _NO_INPUT}, "metadata": metadata}


def _pruned(live: Any, shape: Any, *, typed: bool) -> Any:
    """The parts of `live` that the recorded inputs have as well; a list keeps its length, or all of another kind.

    `typed`: whether whole numbers in the inputs count as such, which the provider knows of built-in kinds only.
    """
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: _pruned(value, shape[key], typed=typed) for key, value in live.items() if key in shape}
    if not isinstance(live, list) or not isinstance(shape, list):
        return live
    if live and shape and _type(live[0], typed=True) is not _type(shape[0], typed=typed):
        return live
    return [_pruned(a, b, typed=typed) for a, b in zip(live, shape, strict=False)]


def _type(value: Any, *, typed: bool) -> type:
    return float if type(value) is int and not typed else type(value)


async def _missing(api: Api, kind: Kind, inputs: JsonObject, live: JsonObject) -> tuple[str, ...]:
    """What a live object lacks to be ready, at one look; empty where it is."""
    if not kind.built_in or kind.kind not in _AWAITED or annotation(inputs, SKIP) == "true":
        return ()
    # an annotation that says what to wait for is for creates and updates only
    rule = rule_for(api, {"apiVersion": kind.api_version, "kind": kind.kind}, patient=False)
    try:
        text = await rule[0](live) if rule else ""
    except NeverReadyError as err:
        text = str(err)
    if not text:
        return ()
    details = await problems(api, live, logs=False) if live.get("kind") in COUNTS else []
    return (f"{described(live)} is not ready: {text}", *details)
