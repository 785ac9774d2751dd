"""Every configuration key: its type and the rule its value obeys. Defaults and meanings are in Pulumi.yaml."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from components import rules

PROJECT: Final = "flask-k8s"
"""The project's name, and the namespace of its configuration keys."""
DEV_STACK: Final = "dev"
"""The stack for one's own machine."""
DEV_CONTEXT: Final = "flask-k8s-dev"
"""The context of the local cluster; a stack that names it gets that cluster started."""
DEV_PASSPHRASE: Final = "flask-k8s-dev-only"  # noqa: S105  (public on purpose)
"""Encrypts the secrets in Pulumi.dev.yaml. Everyone can read it, so no other stack may use it."""

MIN_SECRET: Final = 32
"""The least number of characters of a key: 128 bits when written in hex."""
IN_CONFIG_MAP: Final = {"GREETING": "greeting", "ENVIRONMENT": "environment", "LOG_LEVEL": "logLevel"}
"""Entries of the ConfigMap that have a key of their own."""
OF_THE_POD: Final = ("GRACEFUL_TIMEOUT", "POD_NAME", "PORT")
"""Variables that the Deployment sets itself."""

Kind = Literal["string", "integer", "boolean", "array", "object"]


@dataclass(frozen=True)
class Field:
    """One key."""

    kind: Kind
    example: str
    """A good value, shown in the mend; for a secret the command that gives one."""
    check: Callable[[Any], str | None] = lambda value: None
    """The rule; not asked about an empty value."""
    required: bool = False
    """Whether it must be given, and not be empty."""
    secret: bool = False
    """Whether it must be encrypted, and is never shown."""


def one_of(*choices: str) -> Callable[[str], str | None]:
    return lambda value: None if value in choices else f"must be one of {', '.join(choices)}"


def at_least(least: int, unit: str) -> Callable[[int], str | None]:
    return lambda value: None if value >= least else f"must be {least} {unit} or more"


def check_key(value: str) -> str | None:
    if len(value) >= MIN_SECRET:
        return None
    return f"must have {MIN_SECRET} characters or more, it has {len(value)}"


def check_line(value: str) -> str | None:
    controls = any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value)
    return "must be one line of printable text" if controls or not value.strip() else None


def check_surge(value: str) -> str | None:
    if re.fullmatch(r"[0-9]{1,4}%?", value) and int(value.rstrip("%")) > 0:
        return None
    return "must be a number of pods or a percentage, above zero: no pod may be missing during a rollout"


def check_names(value: list[str]) -> str | None:
    bad = [name for name in value if rules.check_label(name)]
    return f"{bad[0]!r} {rules.check_label(bad[0])}" if bad else None


def check_platform(value: str) -> str | None:
    return None if re.fullmatch(r"[a-z0-9]+/[a-z0-9]+(/v[0-9]+)?", value) else "must be <os>/<architecture>"


def check_image_name(value: str) -> str | None:
    if re.fullmatch(r"[a-z0-9][A-Za-z0-9._:/-]*(@sha256:[0-9a-f]{64})?", value):
        return None
    return "must be an image reference, such as python:3.11-slim-bookworm"


def check_env(value: dict[str, str]) -> str | None:
    for name in value:
        if name in IN_CONFIG_MAP:
            return f"{name} has a key of its own, {IN_CONFIG_MAP[name]}"
        if name in OF_THE_POD:
            return f"{name} is set by the Deployment"
        if broken := rules.check_env_key(name):
            return f"{name!r} {broken}"
    return None


def check_secrets(value: dict[str, str]) -> str | None:
    if "SECRET_KEY" in value:
        return "SECRET_KEY has a key of its own, secretKey"
    return check_env(value)


FIELDS: Final[dict[str, Field]] = {
    "context": Field("string", "my-cluster", required=True),
    "kubeconfig": Field("string", "~/.kube/config"),
    "clusterIdentifier": Field("string", "my-cluster"),
    "namespace": Field("string", "flask-k8s", rules.check_label),
    "createNamespace": Field("boolean", "true"),
    "protect": Field("boolean", "true"),
    "image": Field("string", f"ghcr.io/owner/flask-k8s@sha256:{64 * '0'}", rules.check_pinned),
    "registry": Field("string", "ghcr.io/owner", rules.check_repository),
    "baseImage": Field("string", "python:3.11-slim-bookworm", check_image_name, required=True),
    "buildNetwork": Field("string", "host"),
    "platform": Field("string", "linux/arm64", check_platform),
    "registryUsername": Field("string", "robot"),
    "registryPassword": Field("string", "cat FILE |", secret=True),
    "imagePullSecrets": Field("array", "[registry-login]", check_names),
    "name": Field("string", "flask-k8s", rules.check_service_name, required=True),
    "replicas": Field("integer", "3", rules.check_replicas),
    "maxSurge": Field("string", "25%", check_surge, required=True),
    "cpuRequest": Field("string", "50m", rules.check_quantity, required=True),
    "cpuLimit": Field("string", "500m", rules.check_quantity),
    "memoryRequest": Field("string", "64Mi", rules.check_quantity, required=True),
    "memoryLimit": Field("string", "256Mi", rules.check_quantity),
    "preStopSeconds": Field("integer", "5", at_least(0, "seconds")),
    "rolloutTimeout": Field("integer", "300", at_least(1, "seconds")),
    "environment": Field("string", "staging", check_line),
    "greeting": Field("string", "'Hello from Kubernetes!'", check_line, required=True),
    "logLevel": Field("string", "info", one_of("debug", "info", "warning", "error"), required=True),
    "env": Field("object", "{NAME: text}", check_env),
    "secretKey": Field("string", "openssl rand -hex 32 |", check_key, required=True, secret=True),
    "secrets": Field("object", "", check_secrets, secret=True),
    "hashKey": Field("string", "openssl rand -hex 32 |", check_key, required=True, secret=True),
    "serviceType": Field("string", "LoadBalancer", rules.check_service_type, required=True),
    "servicePort": Field("integer", "80", rules.check_port),
    "nodePort": Field("integer", "30080", rules.check_port),
    "nodeHost": Field("string", "node1.example.com", rules.check_host),
    "externalName": Field("string", "www.example.com", rules.check_host),
}
"""Every key, in the order of Pulumi.yaml."""
