"""Kinds of Kubernetes objects: from Pulumi's type token to apiVersion and kind, and to the path of the API.

The kinds of Kubernetes itself follow its naming rule and need no discovery; those of other groups are looked up once.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from engine.provider import ProviderError

BUILT_IN_GROUPS = frozenset(
    {"", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling",
     "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions",
     "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
     "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io"}
)  # fmt: skip

CLUSTER_SCOPED = frozenset(
    {"APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
     "ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "DeviceTaintRule",
     "FlowSchema", "IPAddress", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
     "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass",
     "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "ServiceCIDR", "StorageClass", "StorageVersion",
     "StorageVersionMigration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
     "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass"}
)  # fmt: skip
"""Kinds of the built-in groups that live in no namespace."""

NOT_OBJECTS = ("helm.sh/", "yaml", "kustomize", "index")
"""Modules of the package that are no Kubernetes objects."""


@dataclass(frozen=True)
class Kind:
    """One kind of object."""

    group: str
    """API group; empty for core."""
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As in a manifest: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def built_in(self) -> bool:
        """Whether it belongs to Kubernetes itself."""
        return self.group in BUILT_IN_GROUPS

    @property
    def prefix(self) -> str:
        """The path of the API's group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


@dataclass(frozen=True)
class Endpoint:
    """Where the objects of a kind are found."""

    kind: Kind
    plural: str
    namespaced: bool

    def path(self, namespace: str = "", name: str = "") -> str:
        """The path of a collection or, with a name, of one object; `namespace` is left out where it doesn't apply."""
        middle = f"/namespaces/{quote(namespace or 'default')}" if self.namespaced else ""
        return f"{self.kind.prefix}{middle}/{self.plural}" + (f"/{quote(name)}" if name else "")


def from_token(token: str) -> Kind:
    """The kind of a type token such as `kubernetes:apps/v1:Deployment`; `ProviderError` if it is no single object."""
    _, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    group, _, version = module.partition("/")
    if module.startswith(NOT_OBJECTS) or not version or "/" in version:
        raise ProviderError(f"{token} is not served by the embedded engine. Use the Pulumi CLI (ENGINE=pulumi).")
    group = "" if group == "core" else group
    kind = Kind(group, version, name)
    if kind.built_in and name.endswith("Patch"):
        raise ProviderError(
            f"{token}: Patch resources are not served by the embedded engine. Use the Pulumi CLI (ENGINE=pulumi)."
        )
    if kind.built_in and name.endswith("List"):
        raise ProviderError(f"{token}: lists cannot be created. Use the resource type of their items instead.")
    return kind


def from_manifest(api_version: str, kind: str) -> Kind:
    """The kind of an object's own apiVersion and kind."""
    group, _, version = api_version.rpartition("/")
    return Kind("" if group == "core" else group, version, kind)


def built_in_endpoint(kind: Kind) -> Endpoint:
    """The endpoint of a built-in kind, by Kubernetes' naming rule."""
    lower = kind.kind.lower()
    if lower == "endpoints":
        plural = lower
    elif lower.endswith("s"):
        plural = lower + "es"
    elif lower.endswith("y"):
        plural = lower[:-1] + "ies"
    else:
        plural = lower + "s"
    return Endpoint(kind, plural, kind.kind not in CLUSTER_SCOPED)
