"""Finds the cluster that a kubeconfig and a context name.

Source: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ and pulumi-kubernetes:
the kubeconfig is a path (`~/` is expanded) or the content itself; without one, those of KUBECONFIG, merged, then
~/.kube/config.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.provider import ProviderError

EXEC_V1 = "client.authentication.k8s.io/v1"
EXEC_V1BETA1 = "client.authentication.k8s.io/v1beta1"
CLI_FIELDS = frozenset(
    {"as", "as-groups", "as-uid", "as-user-extra", "auth-provider", "proxy-url", "tls-server-name"}
)  # fmt: skip
"""Fields of a user or a cluster that only the Pulumi CLI's client knows: without them it would be another request."""
PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Fields that may be relative paths."""


@dataclass(frozen=True)
class Cluster:
    """One cluster and how to sign in to it."""

    context: str
    entry: dict[str, Any]
    """The cluster's entry: server, certificate authority ..."""
    config: dict[str, Any]
    """The whole kubeconfig, with `current-context` set to `context`."""
    path: Path | None
    """The file it came from: relative paths in it start there."""

    @property
    def server(self) -> str:
        """URL of the API server."""
        return str(self.entry["server"])

    @property
    def namespace(self) -> str:
        """Of objects that name none."""
        return str(self.config["contexts"][0]["context"].get("namespace") or "default")

    def __repr__(self) -> str:
        return f"Cluster({self.context!r}, {self.server!r})"  # the config holds credentials


def load(value: Any, *, context: str = "", cluster: str = "") -> Cluster:
    """The cluster for a provider's `kubeconfig` (path, content or mapping), `context` and `cluster`.

    Raises `ProviderError` for a file that is missing or no kubeconfig, and for an entry that it doesn't hold.
    """
    config, path, label = _read(value)
    context = context or str(config.get("current-context") or "")
    if not context:
        raise ProviderError(f"{label} has no current-context, and no context is named. Set the provider's `context`.")
    chosen = _entry(config, "contexts", "context", context, label)
    cluster = cluster or str(chosen.get("cluster") or "")
    entry = _entry(config, "clusters", "cluster", cluster, label)
    if not entry.get("server"):
        raise ProviderError(f"{label}: the cluster {cluster!r} has no `server`. Add its URL.")
    user = str(chosen.get("user") or "")
    who = _entry(config, "users", "user", user, label) if user else {}
    for field in sorted(CLI_FIELDS & {*entry, *who}):
        raise ProviderError(
            f"{label}: the field {field!r} of context {context!r} is not served by the embedded engine. "
            "Use the Pulumi CLI (ENGINE=pulumi), or another context."
        )
    context_entry = {"name": context, "context": {**chosen, "cluster": cluster}}
    return Cluster(
        context=context,
        entry=entry,
        config={**config, "current-context": context, "contexts": [context_entry], "users": _users(config, user)},
        path=path,
    )


def _read(value: Any) -> tuple[dict[str, Any], Path | None, str]:
    if isinstance(value, dict):
        return value, None, "the given kubeconfig"
    if value and ("\n" in value or value.lstrip().startswith("{")):
        return _parse(value, "the given kubeconfig"), None, "the given kubeconfig"
    if not value:
        parts = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
        there = [part for part in parts if Path(part).exists()]
        if len(there) > 1:
            return _merged(there), None, f"KUBECONFIG {':'.join(there)!r}"
        value = (there or parts or ["~/.kube/config"])[0]
    path = Path(value).expanduser()
    label = f"kubeconfig {value!r}"
    try:
        text = path.read_text()
    except FileNotFoundError as err:
        raise ProviderError(
            f"{label}: there is no such file. Start the cluster that writes it, or name another file."
        ) from err
    except (OSError, UnicodeDecodeError) as err:
        raise ProviderError(f"{label} cannot be read: {err}.") from err
    return _parse(text, label), path.absolute(), label


def _merged(files: list[str]) -> dict[str, Any]:
    """Their entries as one kubeconfig: of each name, and as current context, the first one counts."""
    merged: dict[str, Any] = {}
    for file in files:
        config, path, _ = _read(file)
        folder = path.parent if path else Path()
        merged["current-context"] = merged.get("current-context") or config.get("current-context")
        for section, key in (("clusters", "cluster"), ("contexts", "context"), ("users", "user")):
            have = merged.setdefault(section, [])
            names = {entry.get("name") for entry in have}
            for entry in config.get(section) or []:
                if entry.get("name") not in names:
                    found = {name: str(folder / text) for name, text in entry.get(key, {}).items() if name in PATHS}
                    have.append({**entry, key: {**entry.get(key, {}), **found}})
    return merged


def _parse(text: str, label: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - not needed for a kubeconfig in JSON

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        config = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, loader)  # noqa: S506
    except (ValueError, yaml.YAMLError) as err:  # the error may quote a credential: not repeated
        raise ProviderError(f"{label} is neither YAML nor JSON.") from err
    if not isinstance(config, dict) or not isinstance(config.get("clusters"), list):
        raise ProviderError(f"{label} is no kubeconfig: it has no list of `clusters`.")
    return config


def _entry(config: dict[str, Any], section: str, key: str, name: str, label: str) -> dict[str, Any]:
    entries = {str(entry.get("name")): entry.get(key) for entry in config.get(section) or []}
    found = entries.get(name)
    if not isinstance(found, dict):
        have = ", ".join(sorted(entries)) or "none"
        raise ProviderError(f"{label} has no {key} {name!r}. It has: {have}.")
    return found


def _users(config: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The one user, with an exec plugin asked for v1beta1: the newest version that the client library reads."""
    users = [dict(entry) for entry in config.get("users") or [] if entry.get("name") == name]
    for entry in users:
        plugin = entry["user"].get("exec")
        if plugin:
            version = EXEC_V1BETA1 if plugin.get("apiVersion") == EXEC_V1 else plugin.get("apiVersion")
            info = json.dumps({"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}})
            env = [*(plugin.get("env") or []), {"name": "KUBERNETES_EXEC_INFO", "value": info}]
            entry["user"] = {**entry["user"], "exec": {**plugin, "apiVersion": version, "env": env}}
    return users
