"""What the program asks for: a registration, parsed from the wire and refused where it cannot be honoured.

Source: RegisterResourceRequest in proto/pulumi/resource.proto, RegisterResource in pkg/resource/deploy/source_eval.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from engine.errors import FAILED, EngineError, needs_cli
from engine.resource import wire
from engine.resource.urn import is_provider_type
from engine.resource.values import Properties


@dataclass(frozen=True)
class Alias:
    """Another identity of the resource: a whole URN, or the parts that differ."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True)
class Goal:
    """The resource as the program wants it."""

    type: str
    name: str
    custom: bool
    inputs: Properties
    parent: str = ""
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    protect: bool | None = None
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    delete_before_replace: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[Alias, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    source_position: str = ""


_REFUSED: Final = {
    "importId": "the option import_",
    "replace_with": "the option replace_with",
    "replacement_trigger": "the option replacement_trigger",
    "hideDiffs": "the option hide_diffs",
    "transforms": "the option transforms",
    "state_migrations": "the option state_migrations",
    "packageRef": "a parameterized package",
    "pluginDownloadURL": "the option plugin_download_url",
    "pluginChecksums": "plugin checksums",
    "envVarMappings": "the option env_var_mappings",
}
_HOOKS: Final = (
    "before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete", "on_error"
)  # fmt: skip


def parse_goal(request: Any, root: Path) -> Goal:
    """The goal in a RegisterResourceRequest; `root` is the project's folder, for source positions."""
    what = f"{request.type} {request.name!r}"
    if request.remote:
        raise needs_cli(f"{what}: a component of another language or package (remote)")
    _refuse_fields(request)
    if any(getattr(request.hooks, name) for name in _HOOKS):
        raise needs_cli(f"{what}: the option hooks")
    if request.custom and request.type.count(":") != 2:
        raise EngineError(f"{what}: the type of a resource reads package:module:Name")
    inputs = wire.decode(request.object)
    if is_provider_type(request.type) and request.version:
        inputs = {**inputs, "version": request.version, "__internal": {}}
    dependencies = tuple(sorted(set(request.dependencies)))
    per_property = {key: tuple(sorted(set(value.urns))) for key, value in request.propertyDependencies.items()}
    defined = request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=inputs,
        parent=request.parent,
        provider=request.provider,
        providers=dict(request.providers),
        version=request.version,
        protect=request.protect if request.HasField("protect") else None,
        dependencies=dependencies,
        property_dependencies=per_property or dict.fromkeys(inputs, dependencies),
        delete_before_replace=request.deleteBeforeReplace if defined else None,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=(*(Alias(urn=urn) for urn in request.aliasURNs), *(_alias(alias) for alias in request.aliases)),
        custom_timeouts=_timeouts(what, request.customTimeouts),
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        deleted_with=request.deletedWith,
        source_position=position(request.sourcePosition, root),
    )


def parse_read(request: Any, root: Path) -> Goal:
    """The goal in a ReadResourceRequest; `root` as of `parse_goal`."""
    _refuse_fields(request)
    if not request.id:
        raise EngineError(f"{request.type} {request.name!r}: the id of the resource to read is empty")
    return Goal(
        type=request.type,
        name=request.name,
        custom=True,
        inputs=wire.decode(request.properties),
        parent=request.parent,
        provider=request.provider,
        version=request.version,
        dependencies=tuple(sorted(set(request.dependencies))),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        source_position=position(request.sourcePosition, root),
    )


def _refuse_fields(request: Any) -> None:
    """Raises EngineError, which names the CLI, where a registration or a read has what the engine does not do."""
    for name, label in _REFUSED.items():
        descriptor = request.DESCRIPTOR.fields_by_name.get(name)
        if descriptor is None:
            continue
        present = request.HasField(name) if descriptor.has_presence else bool(getattr(request, name))
        if present:
            raise needs_cli(f"{request.type} {request.name!r}: {label}")


def _alias(alias: Any) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def _timeouts(what: str, timeouts: Any) -> dict[str, float]:
    result = {}
    for name in ("create", "update", "delete", "read"):
        if text := getattr(timeouts, name):
            try:
                result[name] = wire.number(duration(text))
            except ValueError:
                raise EngineError(
                    f"{what}: custom timeout {name}={text!r} is no duration; it must read like 90s, 5m or 1h30m", FAILED
                ) from None
    return result


def duration(text: str) -> float:
    """Seconds of a Go duration such as `1h30m`. Raises ValueError."""
    parts = _DURATION.findall(text)
    if not parts or "".join(value + unit for value, unit in parts) != text:
        raise ValueError(text)
    return sum(float(value) * _UNITS[unit] for value, unit in parts)


def position(raw: Any, root: Path) -> str:
    """`project:///<path>#<line>` of a source position; empty for one that is not in the project (the SDK's own)."""
    url = urlsplit(raw.uri)
    path = Path(unquote(url.path))
    if url.scheme != "file" or not path.is_relative_to(root):
        return ""
    return f"project:///{quote(str(path.relative_to(root)))}#{raw.line}" + (f",{raw.column}" if raw.column else "")
