"""For Argo CD: one ApplicationSet, which makes an Application for each environment.

Sources: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/,
https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deploy.gitops.protect import kept
from deploy.gitops.source import Source
from deploy.gitops.target import Target
from deploy.render.yamltext import dump

NAMESPACE: Final = "argocd"
"""Argo CD's own."""


def argocd(targets: Sequence[Target], source: Source) -> dict[str, dict[str, Any]]:
    """The object under its file's name."""
    spec: dict[str, Any] = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": [_element(target, source) for target in targets]}}],
        # Whoever deletes the ApplicationSet, or takes a stage out of the pipeline, deletes no running app.
        "syncPolicy": {"preserveResourcesOnDeletion": True},
        "template": {"metadata": {"name": "{{ .name }}"}, "spec": _application(source)},
    }
    if any(target.protected for target in targets):
        spec["templatePatch"] = _patch()
    return {
        "argocd/applicationset.yaml": {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": {"name": targets[0].project, "namespace": NAMESPACE},
            "spec": spec,
        }
    }


def _element(target: Target, source: Source) -> dict[str, str]:
    return {
        "name": target.name,
        "namespace": target.namespace,
        "path": source.prefix + target.render,
        "protected": str(target.protected).lower(),
    }


def _application(source: Source) -> dict[str, Any]:
    return {
        "project": "default",
        "source": {"repoURL": source.url, "targetRevision": source.branch, "path": "{{ .path }}"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "{{ .namespace }}"},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            # The old ConfigMap and Secret go when the pods that use them are gone.
            "syncOptions": ["ServerSideApply=true", "PruneLast=true"],
            "retry": {"limit": 5, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
        },
    }


def _patch() -> str:
    """Only a text of its own can have a condition; never an empty one, which would be no patch."""
    spec = dump({"spec": {"source": {"kustomize": {"patches": [kept(*_NEVER)]}}}})
    return 'metadata:\n  name: "{{ .name }}"\n{{- if eq .protected "true" }}\n' + spec.rstrip() + "\n{{- end }}\n"


_NEVER: Final = ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false")
