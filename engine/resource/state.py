"""One resource of a checkpoint, and its JSON form.

Source: ResourceV3 in sdk/go/common/apitype/core.go, SerializeResource in pkg/resource/stack/deployment.go. Key order
and omitted empty fields are as Go writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.resource import wire
from engine.resource.values import UNKNOWN, Asset, Properties, Secret, Value

Crypt = Callable[[str, str], str]
"""(text, place) -> text: encrypts or decrypts; `place` is where in the state the secret is."""


@dataclass(frozen=True, eq=False)
class State:
    """What the checkpoint says about one resource. Compared by identity: two of the same URN may exist."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    dependencies: tuple[str, ...] = ()
    init_errors: tuple[str, ...] = ()
    provider: str = ""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    """create, update, delete, read: seconds."""
    retain_on_delete: bool = False
    deleted_with: str = ""
    created: str = ""
    modified: str = ""
    source_position: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields that the engine only carries along (not stackTrace: it is about the run that wrote it)."""

    def references(self) -> Iterator[str]:
        """The URNs of the resources that must precede this one (its provider aside)."""
        if self.parent:
            yield self.parent
        yield from self.dependencies
        for urns in self.property_dependencies.values():
            yield from urns
        if self.deleted_with:
            yield self.deleted_with
        yield from self.replace_with

    @property
    def replace_with(self) -> tuple[str, ...]:
        """The resources that a CLI's program replaces this one with."""
        return tuple(self.extra.get("replaceWith") or ())

    @property
    def taint(self) -> bool:
        """Whether `pulumi state taint` has marked the resource: the next update replaces it."""
        return bool(self.extra.get("taint"))


_LISTS: Final = (
    ("dependencies", "dependencies"),
    ("initErrors", "init_errors"),
    ("additionalSecretOutputs", "additional_secret_outputs"),
    ("aliases", "aliases"),
    ("ignoreChanges", "ignore_changes"),
    ("replaceOnChanges", "replace_on_changes"),
)
_SCALARS: Final = (
    ("urn", "urn"), ("custom", "custom"), ("delete", "delete"), ("id", "id"), ("type", "type"), ("parent", "parent"),
    ("protect", "protect"), ("external", "external"), ("provider", "provider"),
    ("pendingReplacement", "pending_replacement"), ("retainOnDelete", "retain_on_delete"),
    ("deletedWith", "deleted_with"), ("created", "created"), ("modified", "modified"),
    ("sourcePosition", "source_position"),
)  # fmt: skip
_ORDER: Final = (
    "urn", "custom", "delete", "id", "type", "inputs", "outputs", "parent", "protect", "taint", "external",
    "dependencies", "initErrors", "provider", "propertyDependencies", "pendingReplacement", "additionalSecretOutputs",
    "aliases", "customTimeouts", "importID", "retainOnDelete", "deletedWith", "replaceWith", "created", "modified",
    "sourcePosition", "stackTrace", "ignoreChanges", "hideDiff", "replaceOnChanges", "replacementTrigger",
    "refreshBeforeUpdate", "viewOf", "resourceHooks", "extensionRef", "snippetID",
)  # fmt: skip
_ESCAPED: Final = re.compile("[<>&\u2028\u2029]")
_RANK: Final = {key: index for index, key in enumerate(_ORDER)}


def to_json(state: State, encrypt: Crypt) -> dict[str, Any]:
    """The JSON object of a resource, keys in Go's order."""
    result: dict[str, Any] = {}
    for key, attribute in _SCALARS:
        value = getattr(state, attribute)
        if value or key in ("urn", "custom", "type"):
            result[key] = value
    for key, attribute in _LISTS:
        if items := getattr(state, attribute):
            result[key] = list(items)
    if state.inputs:
        result["inputs"] = properties_json(state.inputs, encrypt, f"{state.urn} inputs")
    if state.outputs:
        result["outputs"] = properties_json(state.outputs, encrypt, f"{state.urn} outputs")
    if state.property_dependencies:
        result["propertyDependencies"] = {key: list(urns) for key, urns in sorted(state.property_dependencies.items())}
    if timeouts := {key: value for key, value in state.custom_timeouts.items() if value}:
        result["customTimeouts"] = timeouts
    result.update(state.extra)
    return dict(sorted(result.items(), key=lambda item: _RANK.get(item[0], len(_RANK))))


def from_json(raw: Mapping[str, Any], decrypt: Crypt) -> State:
    """The resource in a JSON object. Raises KeyError or TypeError where the object is no resource."""
    fields: dict[str, Any] = {attribute: raw[key] for key, attribute in _SCALARS if raw.get(key) is not None}
    for attribute, value in fields.items():
        if type(value).__name__ != State.__annotations__[attribute]:
            raise TypeError(attribute)
    for key, attribute in _LISTS:
        fields[attribute] = tuple(raw.get(key) or ())
    urn = raw["urn"]
    fields["inputs"] = _parse(raw.get("inputs") or {}, decrypt, f"{urn} inputs")
    fields["outputs"] = _parse(raw.get("outputs") or {}, decrypt, f"{urn} outputs")
    fields["property_dependencies"] = {
        key: tuple(urns or ()) for key, urns in (raw.get("propertyDependencies") or {}).items()
    }
    fields["custom_timeouts"] = dict(raw.get("customTimeouts") or {})
    known = {*(key for key, _ in _SCALARS), *(key for key, _ in _LISTS)}
    known |= {"inputs", "outputs", "propertyDependencies", "customTimeouts", "stackTrace"}
    fields["extra"] = {key: value for key, value in raw.items() if key not in known}
    return State(**fields)


def properties_json(properties: Properties, encrypt: Crypt, place: str = "") -> dict[str, Any]:
    """The JSON object of properties."""
    return {key: _value(properties[key], encrypt, f"{place}.{key}") for key in sorted(properties)}


def _value(value: Value, encrypt: Crypt, place: str) -> Any:
    if isinstance(value, Secret):
        inner = _value(value.value, lambda text, _: text, place)
        return {wire.SIGNATURE: wire.SECRET, "ciphertext": encrypt(go_json(inner), place)}
    if value is UNKNOWN:
        return wire.UNKNOWN_TEXT
    if isinstance(value, Asset):
        return dict(value.wire)
    if isinstance(value, dict):
        return properties_json(value, encrypt, place)
    if isinstance(value, list | tuple):
        return [_value(item, encrypt, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def go_json(value: Any) -> str:
    """JSON text as Go's encoder writes it, so that a secret the CLI encrypted is recognized as unchanged."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _parse(value: Any, decrypt: Crypt, place: str) -> Value:
    if isinstance(value, dict):
        signature = value.get(wire.SIGNATURE)
        if signature == wire.SECRET:
            text = value["plaintext"] if "plaintext" in value else decrypt(value["ciphertext"], place)
            return Secret(_parse(json.loads(text), lambda inner, _: inner, place))
        if signature in (wire.ASSET, wire.RESOURCE, wire.ARCHIVE):
            return Asset(tuple(sorted(value.items())))
        return {key: _parse(item, decrypt, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_parse(item, decrypt, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, float):
        return wire.number(value)
    return UNKNOWN if value == wire.UNKNOWN_TEXT else value
