"""Which fields can only change with a new object, by kind.

Source: the table of pulumi-kubernetes 4.34 (provider/pkg/provider/diff.go); `[*]` stands for any list element.
"""

from __future__ import annotations

from typing import Any

from engine.kubernetes.kinds import from_manifest

IDENTITY = ("metadata.name", "metadata.namespace")

_CONTAINER = (
    "args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
    "resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "volumeMounts", "workingDir",
)  # fmt: skip
_POD = (
    "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases",
    "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead",
    "preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName",
    "schedulerName",
    "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
    "terminationGracePeriodSeconds", "volumes",
)  # fmt: skip
_VOLUME_SOURCES = (
    "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
    "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume",
    "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
)  # fmt: skip


def _spec(*fields: str) -> tuple[str, ...]:
    return tuple(f"spec.{field}" for field in fields)


_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps", "Deployment"): _spec("selector"),
    ("apps", "DaemonSet"): _spec("selector"),
    ("apps", "StatefulSet"): _spec(
        "podManagementPolicy", "revisionHistoryLimit", "selector", "serviceName", "volumeClaimTemplates"
    ),
    ("batch", "Job"): _spec("completions", "parallelism", "selector", "template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
    ("", "PersistentVolume"): _spec(*_VOLUME_SOURCES),
    ("", "PersistentVolumeClaim"): _spec("accessModes", "selector", "storageClassName", "volumeName"),
    ("", "Pod"): _spec(
        *_POD, *(f"{containers}[*].{field}" for containers in ("containers", "initContainers") for field in _CONTAINER)
    ),
    ("", "ResourceQuota"): _spec("scopes"),
    ("", "Service"): _spec("clusterIP"),
}


def immutable_fields(manifest: dict[str, Any], *, config_maps: bool, secrets: bool) -> tuple[str, ...]:
    """The paths that force a new object; `config_maps` and `secrets` say whether their data may change in place."""
    kind = from_manifest(str(manifest.get("apiVersion", "")), str(manifest.get("kind", "")))
    sealed = manifest.get("immutable") is True
    if (kind.group, kind.kind) == ("", "Secret"):
        return IDENTITY + (("type",) if secrets and not sealed else ("type", "stringData", "data"))
    if (kind.group, kind.kind) == ("", "ConfigMap"):
        return IDENTITY + (() if config_maps and not sealed else ("binaryData", "data"))
    if kind.group == "policy" and kind.version == "v1beta1" and kind.kind == "PodDisruptionBudget":
        return (*IDENTITY, "spec")
    return IDENTITY + _FIELDS.get((kind.group, kind.kind), ())
