"""What Pulumi hands to a program of this project, made from Pulumi.yaml as the CLI makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SECRETS = {"flask-k8s:secretKey": "s" * 64, "flask-k8s:hashKey": "h" * 64}


def declared() -> dict[str, dict[str, Any]]:
    """The `config` part of Pulumi.yaml."""
    project: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    config: dict[str, dict[str, Any]] = project["config"]
    return config


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def values(**changes: Any) -> dict[str, str]:
    """A right configuration, with the given keys changed; None leaves a key out."""
    found = {
        key if ":" in key else f"flask-k8s:{key}": as_text(field.get("default", field.get("value")))
        for key, field in declared().items()
    }
    found |= SECRETS | {"flask-k8s:context": "my-cluster", "flask-k8s:registry": "ghcr.io/owner"}
    for key, value in changes.items():
        if value is None:
            found.pop(f"flask-k8s:{key}")
        else:
            found[f"flask-k8s:{key}"] = as_text(value)
    return found
