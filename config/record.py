"""The stack's configuration as one typed record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]
LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Every value is checked. Pulumi.yaml says what each means, and its default; None stands for "not set"."""

    stack: str
    """The stack's name, such as `dev`."""

    # ---- which cluster
    context: str
    kubeconfig: str
    """Path of the kubeconfig; empty: $KUBECONFIG, else ~/.kube/config."""
    cluster_identifier: str
    namespace: str
    create_namespace: bool
    protect: bool

    # ---- the image
    image: str | None
    """A pinned reference; exactly one of this and `registry` is set."""
    registry: str | None
    base_image: str
    build_network: str | None
    platform: str | None
    registry_username: str | None
    registry_password: str | None = field(repr=False)
    image_pull_secrets: tuple[str, ...]

    # ---- the pods
    name: str
    replicas: int
    max_surge: int | str
    """A number of pods, or a percentage such as `25%`."""
    cpu_request: str
    cpu_limit: str | None
    memory_request: str
    memory_limit: str | None
    pre_stop_seconds: int
    rollout_timeout: int
    """Seconds."""

    # ---- what the app is told
    environment: str
    greeting: str
    log_level: LogLevel
    env: Mapping[str, str]
    secret_key: str = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    hash_key: str = field(repr=False)

    # ---- how it is reached
    service_type: ServiceType
    service_port: int
    node_port: int | None
    node_host: str | None
    external_name: str | None

    @property
    def instance(self) -> str:
        """The installation's name, such as `flask-k8s-dev`."""
        return f"{self.name}-{self.stack}"

    @property
    def repository(self) -> str | None:
        """Where the image is pushed, without a tag; None when it is pinned."""
        return f"{self.registry}/{self.name}" if self.registry else None

    @property
    def config_entries(self) -> dict[str, str]:
        """The ConfigMap's entries."""
        own = {"GREETING": self.greeting, "ENVIRONMENT": self.environment, "LOG_LEVEL": self.log_level}
        return {**self.env, **own}

    @property
    def secret_entries(self) -> dict[str, str]:
        """The Secret's entries, in plain text."""
        return {**self.secrets, "SECRET_KEY": self.secret_key}
