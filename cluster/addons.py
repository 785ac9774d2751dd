"""Objects that every node has in its API server: roles of its own parts, DNS, and the word about the registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cluster.api import Api
from cluster.profile import DNS_ADDRESS, NODE_ADDRESS, Profile

LABELS = {"app.kubernetes.io/managed-by": "flask-k8s"}
ROLES = "/apis/rbac.authorization.k8s.io/v1"


def apply(api: Api, profile: Profile) -> None:
    """Apply all objects; they exist as said when this returns."""
    for path, content in objects(profile):
        api.apply(path, content)


def objects(profile: Profile) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with its path in the API."""
    yield (
        "/api/v1/namespaces/kube-public/configmaps/local-registry-hosting",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            # https://github.com/kubernetes/enhancements/tree/master/keps/sig-cluster-lifecycle/generic/1755-communicating-a-local-registry
            "metadata": {"name": "local-registry-hosting", "namespace": "kube-public", "labels": LABELS},
            "data": {"localRegistryHosting.v1": json.dumps({"host": profile.registry})},
        },
    )
    yield _binding("apiserver", "system:kubelet-api-admin")
    yield _role(
        "coredns",
        [
            _rule("", ["services", "namespaces", "pods"], ["list", "watch"]),
            _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
        ],
    )
    yield _role(
        "forwarder",
        [
            _rule("", ["services"], ["list", "watch"]),
            _rule("", ["services/status"], ["patch"]),
            _rule("", ["events"], ["create", "patch"]),
        ],
    )
    yield _binding("forwarder", "flask-k8s:forwarder")
    yield from _dns()
    # Last: CoreDNS isn't ready without it, so that a node that is ready has all of these.
    yield _binding("coredns", "flask-k8s:coredns")


def _rule(group: str, resources: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _role(name: str, rules: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    name = f"flask-k8s:{name}"
    return f"{ROLES}/clusterroles/{name}", {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name, "labels": LABELS},
        "rules": rules,
    }


def _binding(user: str, role: str) -> tuple[str, dict[str, Any]]:
    name = f"flask-k8s:{user}"
    return f"{ROLES}/clusterrolebindings/{name}", {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name, "labels": LABELS},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
    }


def _dns() -> Iterator[tuple[str, dict[str, Any]]]:
    """CoreDNS is a process of the node, so its Service has no selector but an EndpointSlice written here."""
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    yield (
        "/api/v1/namespaces/kube-system/services/kube-dns",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "kube-dns",
                "namespace": "kube-system",
                "labels": LABELS | {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"},
            },
            "spec": {"clusterIP": DNS_ADDRESS, "ports": ports},
        },
    )
    yield (
        "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "kube-dns",
                "namespace": "kube-system",
                "labels": {
                    "kubernetes.io/service-name": "kube-dns",
                    "endpointslice.kubernetes.io/managed-by": "flask-k8s",
                },
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": True}}],
            "ports": ports,
        },
    )
