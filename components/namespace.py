"""AppNamespace: the namespace of an application, new or existing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_kubernetes as k8s

from components.rules import check_label
from components.validate import check

PodSecurityLevel = Literal["privileged", "baseline", "restricted"]


@dataclass(frozen=True)
class AppNamespaceArgs:
    """What an AppNamespace takes."""

    name: pulumi.Input[str]
    """The namespace's name, a DNS label."""

    create: bool = True
    """False: the namespace exists and is left as it is, also by `destroy`. Default: True."""

    pod_security: PodSecurityLevel = "restricted"
    """Enforced on every pod of a new namespace. Default: `restricted`.
    https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

    labels: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """More labels of a new namespace. Default: none."""

    delete_timeout: int = 300
    """Seconds a deletion may take; a namespace lives on until its last object is gone. Default: 300."""

    def __post_init__(self) -> None:
        check("AppNamespaceArgs", "name", self.name, check_label)


class AppNamespace(pulumi.ComponentResource):
    """A namespace with Pod Security admission switched on, or a reference to an existing one."""

    name: pulumi.Output[str]
    """The namespace's name; objects that use it are created after the namespace."""

    def __init__(self, name: str, args: AppNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:AppNamespace", name, {}, opts)
        if args.create:
            namespace = k8s.core.v1.Namespace(
                name,
                metadata=k8s.meta.v1.ObjectMetaArgs(name=args.name, labels=self._labels(args)),
                opts=pulumi.ResourceOptions(
                    parent=self, custom_timeouts=pulumi.CustomTimeouts(delete=f"{args.delete_timeout}s")
                ),
            )
            self.name = namespace.metadata.name
        else:
            self.name = pulumi.Output.from_input(args.name)
        self.register_outputs({"name": self.name})

    @staticmethod
    def _labels(args: AppNamespaceArgs) -> dict[str, pulumi.Input[str]]:
        modes = ("enforce", "audit", "warn")
        return {**args.labels, **{f"pod-security.kubernetes.io/{mode}": args.pod_security for mode in modes}}
