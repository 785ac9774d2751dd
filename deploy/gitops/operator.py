"""For the Pulumi Kubernetes Operator, which runs the program itself: a Stack for each environment that builds nothing.

Sources: https://github.com/pulumi/pulumi-kubernetes-operator, docs/stacks.md and docs/workspaces.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deploy.gitops.source import Source
from deploy.gitops.target import Target

NAMESPACE: Final = "pulumi-kubernetes-operator"
"""Where the operator is installed by its own manifest."""
_MOUNT: Final = "/run/flask-k8s"


def operator(targets: Sequence[Target], source: Source) -> dict[str, dict[str, Any]]:
    """The objects, each under its file's name; none where every environment builds its image."""
    pinned = [target for target in targets if not target.builds]
    if not pinned:
        return {}
    made = {f"pulumi-operator/stack-{target.stack}.yaml": _stack(target, source) for target in pinned}
    return made | _account(pinned[0].project)


def _account(project: str) -> dict[str, dict[str, Any]]:
    """Who the pods are that run Pulumi; they must be able to check the token by which the operator proves itself."""
    account = {"kind": "ServiceAccount", "name": project, "namespace": NAMESPACE}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"}
    return {
        "pulumi-operator/serviceaccount.yaml": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": project, "namespace": NAMESPACE},
        },
        "pulumi-operator/clusterrolebinding.yaml": {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{project}:system:auth-delegator"},
            "roleRef": role,
            "subjects": [account],
        },
    }


def _stack(target: Target, source: Source) -> dict[str, Any]:
    secret = f"{target.name}-pulumi"

    def of(key: str) -> dict[str, Any]:
        return {"type": "Secret", "secret": {"name": secret, "key": key}}

    spec: dict[str, Any] = {
        "stack": target.stack,
        "projectRepo": source.url,
        "branch": source.branch,
        "envRefs": {"PULUMI_BACKEND_URL": of("backend"), "PULUMI_CONFIG_PASSPHRASE": of("passphrase")},
        "config": {f"{target.project}:kubeconfig": f"{_MOUNT}/kubeconfig"},
        "serviceAccountName": target.project,
        "destroyOnFinalize": False,
        "retryOnUpdateConflict": True,
        "workspaceTemplate": {"spec": {"podTemplate": {"spec": _pod(secret)}}},
    }
    if source.prefix:
        spec["repoDir"] = source.prefix
    if source.by_key:
        key = {"type": "Secret", "secret": {"name": f"{target.project}-git", "key": "identity"}}
        spec["gitAuth"] = {"sshAuth": {"sshPrivateKey": key}}
    return {
        "apiVersion": "pulumi.com/v1",
        "kind": "Stack",
        "metadata": {"name": target.name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _pod(secret: str) -> dict[str, Any]:
    """The kubeconfig in which the stack's context is looked up, as a file."""
    items = [{"key": "kubeconfig", "path": "kubeconfig"}]
    mount = {"name": "kubeconfig", "mountPath": _MOUNT, "readOnly": True}
    return {
        "containers": [{"name": "pulumi", "volumeMounts": [mount]}],
        "volumes": [{"name": "kubeconfig", "secret": {"secretName": secret, "items": items}}],
    }
