"""The inputs of a Kubernetes provider, as a typed record.

Source: the arguments of pulumi_kubernetes.Provider; all arrive as strings (`"true"`, JSON).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.kubernetes import kubeconfig
from engine.kubernetes.kubeconfig import Cluster
from engine.provider import ProviderError
from engine.resource.values import UNKNOWN, Properties, has_unknown, unwrap

ENGINE_INPUTS = frozenset({"version", "__internal", "pluginDownloadURL", "parameterization"})
"""Inputs that are about the plugin and not about the cluster."""

SILENT_INPUTS = frozenset(
    {"clusterIdentifier", "suppressDeprecationWarnings", "suppressHelmHookWarnings", "kubeClientSettings"}
)
"""Inputs that change nothing in what is sent to the cluster."""

CLI_INPUTS = frozenset(
    {"renderYamlToDirectory", "alwaysRender", "helmReleaseSettings", "upsertExistingObjects", "rejectUnknownResources",
     "strictMode"}
)  # fmt: skip
"""Inputs that only the provider of the Pulumi CLI serves."""

OFF = frozenset({"", "false", "{}"})


@dataclass(frozen=True)
class Settings:
    """What the provider needs to know."""

    cluster: Cluster | None
    """None while the kubeconfig or context is only known after an `up`."""
    namespace: str = ""
    """Namespace of objects that name none; empty while it is only known after an `up`."""
    mutable_config_maps: bool = False
    """Whether changed data updates a ConfigMap in place instead of replacing it."""
    mutable_secrets: bool = False
    """The same for a Secret."""
    patch_force: bool = False
    """Whether an update takes over fields that others manage."""
    delete_unreachable: bool = False
    """Whether the objects of a cluster that is not reached count as gone, in a refresh and when they are deleted."""
    skip_unreachable: bool = False
    """Whether a refresh keeps the record of the objects of such a cluster as it is."""


def parse(inputs: Properties) -> Settings:
    """The record for a provider's inputs, or `ProviderError`."""
    plain: dict[str, Any] = {**_from_environment(), **{k: v for k, v in unwrap(inputs).items() if v is not None}}
    for key, value in plain.items():
        if key in CLI_INPUTS and _text(value) not in OFF:
            raise ProviderError(
                f"kubernetes provider: the input {key!r} is not served by the embedded engine"
                f"{f' ({VARIABLES[key]} sets it)' if key in VARIABLES else ''}. "
                "Use the Pulumi CLI (ENGINE=pulumi), or leave it out."
            )
        if key not in _KNOWN:
            raise ProviderError(
                f"kubernetes provider: unknown input {key!r}. Known are {', '.join(sorted(_KNOWN - ENGINE_INPUTS))}."
            )
    if not _flag(plain, "enableServerSideApply", default=True):
        raise ProviderError(
            "kubernetes provider: enableServerSideApply is false, and the embedded engine only knows server-side "
            "apply. Use the Pulumi CLI (ENGINE=pulumi), or leave it out."
        )
    unknown = any(has_unknown(plain.get(key)) for key in ("kubeconfig", "context", "cluster"))
    cluster = None if unknown else kubeconfig.load(
        plain.get("kubeconfig"), context=plain.get("context") or "", cluster=plain.get("cluster") or ""
    )  # fmt: skip
    namespace = plain.get("namespace") or (cluster.namespace if cluster else "")
    return Settings(
        cluster=cluster,
        namespace="" if namespace is UNKNOWN else str(namespace),
        mutable_config_maps=_flag(plain, "enableConfigMapMutable"),
        mutable_secrets=_flag(plain, "enableSecretMutable"),
        patch_force=_flag(plain, "enablePatchForce"),
        delete_unreachable=_flag(plain, "deleteUnreachable"),
        skip_unreachable=_flag(plain, "skipUpdateUnreachable"),
    )  # fmt: skip


_READ = frozenset(
    {"kubeconfig", "context", "cluster", "namespace", "enableServerSideApply", "enableConfigMapMutable",
     "enableSecretMutable", "enablePatchForce", "deleteUnreachable", "skipUpdateUnreachable"}
)  # fmt: skip
_KNOWN = _READ | ENGINE_INPUTS | SILENT_INPUTS | CLI_INPUTS

_text: Callable[[Any], str] = lambda value: "" if value is None else str(value).lower()  # noqa: E731


VARIABLES = {
    "enableServerSideApply": "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
    "skipUpdateUnreachable": "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
"""Where an input comes from that is not given."""


def _from_environment() -> dict[str, Any]:
    return {key: os.environ[variable] for key, variable in VARIABLES.items() if variable in os.environ}


def _flag(plain: dict[str, Any], key: str, *, default: bool = False) -> bool:
    return default if plain.get(key) is None else _text(plain[key]) == "true"
