"""Fields that mean nothing while they are empty, zero or false: Kubernetes' own types leave them out then.

Source: the `omitempty` marks of k8s.io/api v0.35; pulumi-kubernetes normalises inputs through these types. All other
fields keep such a value, for there it does say something (`replicas: 0`, `emptyDir: {}`).
"""

from __future__ import annotations

from typing import Any

ANYWHERE = frozenset(
    {"accessModes", "add", "allowedTopologies", "annotations", "apiVersions", "args", "auditAnnotations",
     "binaryData", "caBundle", "chapAuthDiscovery", "chapAuthSession", "cidrs", "claims", "clusterIP", "clusterIPs",
     "clusterRoleSelectors", "clusterScope", "command", "concurrencyPolicy", "config", "constraints",
     "defaultRequest", "description", "directory", "dnsPolicy", "drop", "egress", "env", "envFrom",
     "ephemeralContainers", "except", "excludeResourceRules", "externalID", "externalIPs", "externalName",
     "externalTrafficPolicy", "extra", "failureThreshold", "finalizers", "from", "generateName", "globalDefault",
     "groups", "hard", "healthCheckNodePort", "host", "hostAliases", "hostIP", "hostIPC", "hostNetwork", "hostPID",
     "hostPort", "hostnames", "hosts", "httpHeaders", "imagePullPolicy", "imagePullSecrets", "ingress",
     "initContainers", "initialDelaySeconds", "ipFamilies", "items", "labels", "level", "loadBalancerIP",
     "loadBalancerSourceRanges", "matchConditions", "matchExpressions", "matchFields", "matchLabelKeys",
     "matchLabels", "maxLimitRequestRatio", "medium", "metrics", "minReadySeconds", "mismatchLabelKeys",
     "mountOptions", "nameservers", "nodePort", "nonResourceRules", "notReadyAddresses", "number", "onPodConditions",
     "options", "ownerReferences", "paused", "persistentVolumeReclaimPolicy", "podCIDR", "podCIDRs", "podFixed",
     "podManagementPolicy", "policies", "policyName", "policyTypes", "portals",
     "preferredDuringSchedulingIgnoredDuringExecution", "priorityClassName", "providerID", "publishNotReadyAddresses",
     "readinessGates", "resizePolicy", "resourceClaims", "resourceNames", "resourceRules", "restartPolicyRules",
     "role", "schedulerName", "schedulingGates", "scheme", "scopes", "searches", "secrets", "serviceAccountName",
     "sessionAffinity", "stdin", "stdinOnce", "subPath", "subPathExpr", "subdomain", "subsets", "successThreshold",
     "supplementalGroups", "sysctls", "taints", "targetWWNs", "terminationMessagePath", "terminationMessagePolicy",
     "tls", "to", "tokenRequests", "tolerations", "topologySpreadConstraints", "tty", "unschedulable", "usages",
     "username", "validationActions", "validations", "variables", "volumeAttributes", "volumeClaimTemplates",
     "volumeDevices", "volumeLifecycleModes", "volumeMounts", "volumes", "webhooks", "workingDir", "wwids"}
)  # fmt: skip
"""By their name alone."""

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_VOLUMES = (
    "awsElasticBlockStore", "azureFile", "cephfs", "cinder", "fc", "flexVolume", "gcePersistentDisk", "glusterfs",
    "iscsi", "nfs", "persistentVolumeClaim", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "volumeMounts",
)  # fmt: skip

WITHIN: dict[str, frozenset[str]] = {
    "": frozenset({"data", "parameters", "subjects"}),
    "metadata": frozenset({"namespace", "name"}),
    "spec": frozenset(
        {
            "hostname",
            "nodeName",
            "nodeSelector",
            "overhead",
            "ports",
            "restartPolicy",
            "rules",
            "serviceAccount",
            "volumeName",
        }
    ),
    "resources": frozenset({"limits", "requests"}),
    "limits": frozenset({"default", "max", "min"}),
    "rules": frozenset({"apiGroups", "nonResourceURLs", "resources"}),
    "port": frozenset({"name"}),
    "ports": frozenset({"name", "protocol"}),
    "tls": frozenset({"secretName"}),
    "env": frozenset({"value"}),
    "tolerations": frozenset({"effect", "key", "operator", "value"}),
    "strategy": frozenset({"type"}),
    "updateStrategy": frozenset({"type"}),
    "seLinuxOptions": frozenset({"type", "user"}),
    "subjects": frozenset({"apiGroup", "namespace"}),
    "httpGet": frozenset({"path"}),
    "paths": frozenset({"path"}),
    "secret": frozenset({"secretName"}),
    "serviceAccountToken": frozenset({"audience"}),
    "egress": frozenset({"ports"}),
    "ingress": frozenset({"ports"}),
    "podAffinity": frozenset({"requiredDuringSchedulingIgnoredDuringExecution"}),
    "podAntiAffinity": frozenset({"requiredDuringSchedulingIgnoredDuringExecution"}),
    "podAffinityTerm": frozenset({"namespaces"}),
    **{name: frozenset({"image", "ports"}) for name in _CONTAINERS},
    **{name: frozenset({"periodSeconds", "timeoutSeconds"}) for name in _PROBES},
    **{name: frozenset({"readOnly", "fsType"}) for name in _VOLUMES},
    "matchExpressions": frozenset({"values"}),
}
"""By the field that they are in; the top of the object is ''."""

OF_KIND = {
    "PersistentVolume": "storageClassName", "ReplicationController": "selector", "Service": "selector",
}  # fmt: skip
"""In the `spec` of these kinds only: to a PodDisruptionBudget an empty selector is all pods, and no selector none."""

FREE = frozenset(
    {"annotations", "binaryData", "data", "default", "defaultRequest", "extra", "hard", "labels", "limits",
     "matchLabels", "max", "min", "nodeSelector", "options", "parameters", "podFixed", "requests", "stringData",
     "volumeAttributes"}
)  # fmt: skip
"""Fields whose keys are the user's own, and so not judged."""


def without_empty(value: Any, within: str = "", *, item: bool = False) -> Any:
    """The manifest less nulls and what has no meaning; `item`: whether `value` is one of a list."""
    if isinstance(value, dict):
        if within in FREE and not item:
            return value
        meaningless = WITHIN.get(within, frozenset())
        return {
            key: without_empty(field, key)
            for key, field in value.items()
            if field is not None and not (_zero(field) and (key in ANYWHERE or key in meaningless))
        }
    if isinstance(value, list):
        return [without_empty(one, within, item=True) for one in value]
    return value


def _zero(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | list | dict) and not value
