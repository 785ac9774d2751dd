"""A Secret as an ExternalSecret: the render names the values, and the cluster fetches them from a store."""

from __future__ import annotations

from typing import Any

from config.schema import FIELDS
from deploy.errors import DeployError
from deploy.objects.placeholders import placeholders
from deploy.pipeline.sealing import ExternalSecret
from deploy.stack import Stack


def external(manifest: dict[str, Any], form: ExternalSecret) -> dict[str, Any]:
    """The ExternalSecret that makes the Secret `manifest`, whose values are placeholders.

    https://external-secrets.io/latest/api/externalsecret/
    """
    metadata = manifest["metadata"]
    name = metadata["name"]
    entries = {**manifest.get("data", {}), **manifest.get("stringData", {})}
    template: dict[str, Any] = {"type": manifest.get("type", "Opaque")}
    labels = {"labels": metadata["labels"]} if metadata.get("labels") else {}
    if labels:
        template["metadata"] = labels
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {key: value for key, value in metadata.items() if key != "annotations"},
        "spec": {
            "refreshInterval": form.refresh,
            "secretStoreRef": {"name": form.store, "kind": form.kind},
            "target": {"name": name, "creationPolicy": "Owner", "template": template},
            "data": [
                {"secretKey": key, "remoteRef": {"key": f"{form.key}/{name}", "property": key}}
                for key in sorted(entries)
            ],
        },
    }


def check_names(stack: Stack) -> None:
    """Refuses a stack whose secrets are encrypted as one, so that nobody knows what to ask the store for.

    Raises:
        DeployError: names the key, and the mend.
    """
    known = placeholders(stack)
    for full in sorted(stack.secret_keys):
        key = full.rpartition(":")[2]
        if key in FIELDS and FIELDS[key].kind == "object" and known[full] == "{}":
            raise DeployError(
                f"{stack.file.name}: `{key}` is encrypted as a whole, so the names in it are not known, and an "
                f"ExternalSecret must name them. Encrypt them one by one: `.venv/bin/python -m deploy config "
                f"{stack.name} set {key}.NAME --path --secret`."
            )
