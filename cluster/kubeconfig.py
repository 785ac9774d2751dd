"""Kubeconfig files: one for the user, and one for each part of the node."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cluster.files import write


def ensure(file: Path, *, pki: Path, leaf: str, server: str, context: str) -> bool:
    """Write a kubeconfig that reaches `server` with the certificate `leaf`; says whether that changed it.

    It holds the certificates themselves and is readable by its owner only. Its one context is the current one.
    """

    def data(name: str) -> str:
        return base64.b64encode((pki / name).read_bytes()).decode()

    credentials = {
        "client-certificate-data": data(f"{leaf}.crt"),
        "client-key-data": data(f"{leaf}.key"),
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": data("ca.crt")}}],
        "users": [{"name": context, "user": credentials}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "current-context": context,
    }
    return write(file, json.dumps(content, indent=2) + "\n")  # JSON is YAML
