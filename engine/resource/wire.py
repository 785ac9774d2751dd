"""Property values on the wire: protobuf Structs <-> engine values.

Source: "Property values" of the protocol, sdk/go/common/resource/plugin/rpc.go. Numbers arrive as doubles and become
integers where they are whole; signature maps become `Secret`, `UNKNOWN`, `Asset`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

from engine.errors import CONFIG, EngineError, needs_cli
from engine.resource.values import UNKNOWN, Asset, Properties, Secret, Value

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, not a secret
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_WHOLE: Final = 2.0**53


def number(value: float) -> int | float:
    """An int for a whole number that a double holds exactly, else the float."""
    return int(value) if value.is_integer() and abs(value) <= _WHOLE else value


def decode(struct: struct_pb2.Struct) -> Properties:
    """The property map in a Struct."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text == UNKNOWN_TEXT else text
    if kind == "number_value":
        return number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields = {key: _decode(item) for key, item in value.struct_value.fields.items()}
        return from_signature(fields) if SIGNATURE in fields else fields
    return None


def from_signature(fields: dict[str, Any]) -> Value:
    """The value that a map with a signature stands for; an unknown signature is an error."""
    signature = fields[SIGNATURE]
    if signature == SECRET:
        return Secret(fields.get("value"))
    if signature == OUTPUT:
        inner = fields.get("value", UNKNOWN)
        return Secret(inner) if fields.get("secret") else inner
    if signature == RESOURCE:
        return Asset(tuple(sorted(fields.items())))
    if signature == ASSET:
        return Asset(tuple(sorted(_with_hash(fields).items())))
    if signature == ARCHIVE:
        raise needs_cli("an archive as a property")
    raise needs_cli(f"a property with the signature {signature!r}")


def _with_hash(fields: dict[str, Any]) -> dict[str, Any]:
    if fields.get("hash"):
        return fields
    if "text" in fields:
        content = str(fields["text"]).encode()
    elif "path" in fields:
        try:
            content = Path(str(fields["path"])).read_bytes()
        except OSError as err:
            raise EngineError(f"the asset {fields['path']!r} cannot be read: {err.strerror}", CONFIG) from err
    else:
        raise needs_cli("a remote asset as a property")
    return {**fields, "hash": hashlib.sha256(content).hexdigest()}


def encode(properties: Properties) -> struct_pb2.Struct:
    """The Struct for a property map."""
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        _encode(value, struct.fields[key])
    return struct


def _encode(value: Value, target: struct_pb2.Value) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif value is UNKNOWN:
        target.string_value = UNKNOWN_TEXT
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, Secret):
        _encode({SIGNATURE: SECRET, "value": value.value}, target)
    elif isinstance(value, Asset):
        _encode(dict(value.wire), target)
    elif isinstance(value, dict):
        fields = target.struct_value.fields
        target.struct_value.SetInParent()
        for key, item in value.items():
            _encode(item, fields[key])
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in value:
            _encode(item, target.list_value.values.add())
    else:
        raise TypeError(f"no property value: {type(value).__name__}")
