"""AppDeploymentArgs: everything that can be said about an AppDeployment, with its safe defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.labels import AppLabels
from components.rules import check_env_key, check_label, check_label_value, check_port, check_replicas
from components.validate import check, check_resources

GRACE_MARGIN: Final = 5
"""Seconds between the end of the graceful timeout and the kubelet's SIGKILL."""


OWN_ENV: Final = ("GRACEFUL_TIMEOUT", "POD_NAME", "PORT")
"""Variables that are derived from other arguments."""


def _check_env(name: str) -> str | None:
    return "is derived from another argument; leave it out" if name in OWN_ENV else check_env_key(name)


@dataclass(frozen=True)
class Resources:
    """What one container asks for and may use at most.

    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """

    cpu_request: pulumi.Input[str] = "50m"
    """Default: 50m, a twentieth of a core."""
    cpu_limit: pulumi.Input[str] | None = "500m"
    """Default: 500m. None: no limit."""
    memory_request: pulumi.Input[str] = "64Mi"
    """Default: 64Mi."""
    memory_limit: pulumi.Input[str] | None = "256Mi"
    """Default: 256Mi. None: no limit."""

    def __post_init__(self) -> None:
        check_resources("Resources", "cpu", self.cpu_request, self.cpu_limit)
        check_resources("Resources", "memory", self.memory_request, self.memory_limit)


@dataclass(frozen=True)
class Probes:
    """Paths and rhythm of the kubelet's probes.

    https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """

    live_path: str = "/healthz"
    """Answers while the process can serve at all; used for startup too. Default: /healthz."""
    ready_path: str = "/readyz"
    """Answers 200 when traffic may come. Default: /readyz."""
    startup_seconds: int = 60
    """How long a container may take to answer for the first time; asked every second. Default: 60."""
    ready_period: int = 5
    """Seconds between readiness probes; two misses take the pod out of the Service. Default: 5."""
    live_period: int = 10
    """Seconds between liveness probes; three misses restart the container. Default: 10."""
    timeout: int = 2
    """Seconds a probe may take. Default: 2."""


@dataclass(frozen=True)
class AppDeploymentArgs:
    """What an AppDeployment takes."""

    name: str
    """The Deployment's name, a DNS label."""

    namespace: pulumi.Input[str]
    """The namespace it lives in."""

    labels: AppLabels
    """Labels of the Deployment and its pods; the selector is taken from them."""

    image: pulumi.Input[str]
    """The image reference; pin it by digest, or a moved tag changes pods behind the Deployment's back."""

    version: str | None = None
    """What runs, such as a commit; the label `app.kubernetes.io/version` of Deployment and pods. Default: none."""

    config_map: pulumi.Input[str] | None = None
    """Name of a ConfigMap given as environment and mounted at `<mount_path>/config`. Default: none."""

    secret: pulumi.Input[str] | None = None
    """Name of a Secret given as environment and mounted at `<mount_path>/secrets`. Default: none."""

    mount_path: str = "/etc/flask-k8s"
    """The folder of both mounts. Default: /etc/flask-k8s."""

    replicas: pulumi.Input[int] | None = 3
    """How many pods. Default: 3. None leaves the field out, for a HorizontalPodAutoscaler to own."""

    port: int = 5000
    """The port the container listens on, given to it as PORT. Default: 5000."""

    env: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """More environment variables, shown in every diff: no secrets here. Default: none."""

    resources: Resources = field(default_factory=Resources)
    """Requests and limits. Default: 50m to 500m CPU, 64Mi to 256Mi memory."""

    probes: Probes = field(default_factory=Probes)
    """The kubelet's probes. Default: /healthz and /readyz."""

    image_pull_secrets: Sequence[pulumi.Input[str]] = ()
    """Names of Secrets with registry credentials. Default: none."""

    service_account: pulumi.Input[str] | None = None
    """Name of the service account. Default: the namespace's `default`."""

    mount_service_account_token: bool = False
    """Whether pods get a token for the API server. Default: False."""

    user: int | None = 10001
    """Numeric user, group and file group of the pods. Default: 10001. None leaves the choice to the image
    or to the cluster (OpenShift assigns one); it must still not be root."""

    read_only_root: bool = True
    """Whether the container's root file system is read-only; /tmp is always writable. Default: True."""

    tmp_size: pulumi.Input[str] = "64Mi"
    """Upper bound of what /tmp may hold. Default: 64Mi."""

    max_surge: pulumi.Input[int | str] = "25%"
    """How many pods more than `replicas` a rollout may start. Default: 25%."""

    max_unavailable: pulumi.Input[int | str] = 0
    """How many pods fewer than `replicas` a rollout may leave. Default: 0, none is ever missing."""

    pre_stop_seconds: int = 5
    """Seconds a pod serves on after it was told to go, while the proxies learn of it. Default: 5."""

    graceful_seconds: int = 20
    """Seconds from SIGTERM until the server gives up on what is in flight, given as GRACEFUL_TIMEOUT.
    Default: 20."""

    termination_seconds: int | None = None
    """The pod's grace period. Default: pre_stop_seconds + graceful_seconds + 5."""

    revision_history: int = 3
    """Old ReplicaSets that are kept. Default: 3."""

    rollout_timeout: int = 300
    """Seconds a rollout may take, and may go without progress, before it has failed. Default: 300."""

    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Annotations of the pods. Default: none."""

    adjust_pod: Callable[[k8s.core.v1.PodSpecArgs], k8s.core.v1.PodSpecArgs] = field(default=lambda spec: spec)
    """Last word on the pod's spec, for what has no argument of its own: spread, probes' thresholds, security
    context. Loosening that last one, Pod Security `restricted` refuses the pods. Default: as is."""

    def __post_init__(self) -> None:
        owner = "AppDeploymentArgs"
        check(owner, "name", self.name, check_label)
        check(owner, "version", self.version, check_label_value)
        check(owner, "replicas", self.replicas, check_replicas)
        check(owner, "port", self.port, check_port)
        for name in self.env:
            check(owner, "env", name, _check_env)
        check(owner, "user", self.user, lambda uid: None if uid > 0 else "must not be root: 1 or more")
        for name, least in (("pre_stop_seconds", 0), ("graceful_seconds", 1), ("rollout_timeout", 1)):
            value: int = getattr(self, name)
            if value < least:
                raise ValueError(f"{owner}: {name} {value}: must be {least} seconds or more")
        least = self.pre_stop_seconds + self.graceful_seconds
        if self.termination_seconds is not None and self.termination_seconds <= least:
            raise ValueError(
                f"{owner}: termination_seconds {self.termination_seconds}: must be above {least}, "
                f"pre_stop_seconds {self.pre_stop_seconds} + graceful_seconds {self.graceful_seconds}, "
                "or pods are killed in mid-request; raise it, or leave it out to have it derived"
            )

    @property
    def grace_period(self) -> int:
        """Seconds between the order to go and SIGKILL."""
        if self.termination_seconds is not None:
            return self.termination_seconds
        return self.pre_stop_seconds + self.graceful_seconds + GRACE_MARGIN

    @property
    def all_labels(self) -> dict[str, pulumi.Input[str]]:
        """The labels of the Deployment and its pods."""
        version: dict[str, pulumi.Input[str]] = {"app.kubernetes.io/version": self.version} if self.version else {}
        return {**version, **self.labels.all}

    @property
    def env_vars(self) -> list[k8s.core.v1.EnvVarArgs]:
        """What the container is told beside the ConfigMap and the Secret, sorted for a stable diff."""
        own: dict[str, pulumi.Input[str]] = {
            "PORT": str(self.port),
            "GRACEFUL_TIMEOUT": str(self.graceful_seconds),
            **self.env,
        }
        pod_name = k8s.core.v1.EnvVarSourceArgs(
            field_ref=k8s.core.v1.ObjectFieldSelectorArgs(api_version="v1", field_path="metadata.name")
        )
        return [
            k8s.core.v1.EnvVarArgs(name="POD_NAME", value_from=pod_name),
            *(k8s.core.v1.EnvVarArgs(name=name, value=own[name]) for name in sorted(own)),
        ]
