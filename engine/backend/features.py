"""The version of a deployment: 3, or 4 where its resources have what older CLIs would lose.

Source: ApplyFeatures in pkg/resource/stack/deployment.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

VERSION: Final = 3
_WITH_FEATURES: Final = 4
_FIELDS: Final = (
    ("resourceHooks", "hooks"), ("refreshBeforeUpdate", "refreshBeforeUpdate"), ("replaceWith", "replaceWith"),
    ("taint", "taint"),
)  # fmt: skip
"""The field of a resource, and the feature that it is of; those that this engine knows."""


def envelope(resources: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The version and the features of a deployment; a resource is its JSON, or its `extra` fields."""
    found = {feature for resource in resources if resource for field, feature in _FIELDS if resource.get(field)}
    return {"version": _WITH_FEATURES, "features": sorted(found)} if found else {"version": VERSION}


def unsupported(version: int, features: Any) -> str:
    """What this engine does not know of a deployment; empty where it knows all."""
    if version in (0, VERSION) and not features:
        return ""
    if version < VERSION:
        return f"version {version}; 3 and 4 are"
    names = features if isinstance(features, list) else []
    unknown = [str(name) for name in names if name not in {feature for _, feature in _FIELDS}]
    if version > _WITH_FEATURES or unknown:
        return f"version {version}, features {unknown}; 3 and 4 are, without these features"
    return ""
