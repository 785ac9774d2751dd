"""For Flux: where the renders are, and a Kustomization for each environment.

Sources: https://fluxcd.io/flux/components/source/gitrepositories/,
https://fluxcd.io/flux/components/kustomize/kustomizations/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from deploy.gitops.protect import kept
from deploy.gitops.source import RECORD, Source
from deploy.gitops.target import RENDERS, Target

NAMESPACE: Final = "flux-system"
"""Flux's own."""
_SPARE: Final = 60
"""Seconds beside the rollout, for all that goes before it."""


def flux(targets: Sequence[Target], source: Source) -> dict[str, dict[str, Any]]:
    """The objects, each under its file's name."""
    made = {RECORD: _repository(targets, source)}
    return made | {f"flux/kustomization-{target.stack}.yaml": _kustomization(target, source) for target in targets}


def _repository(targets: Sequence[Target], source: Source) -> dict[str, Any]:
    project = targets[0].project
    folders = {RENDERS if it.render.startswith(f"{RENDERS}/") else it.render for it in targets}
    spec: dict[str, Any] = {
        "interval": "1m",
        "url": source.url,
        "ref": {"branch": source.branch},
        "ignore": _all_but(source.prefix + folder for folder in sorted(folders)),
    }
    if source.by_key:
        spec["secretRef"] = {"name": f"{project}-git"}
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": project, "namespace": NAMESPACE},
        "spec": spec,
    }


def _all_but(folders: Iterable[str]) -> str:
    """In the words of .gitignore, where the last one counts: the artifact of a commit holds the renders alone."""
    lines = []
    for folder in folders:
        above = ""
        for part in folder.split("/"):
            lines += [f"{above}/*", f"!{above}/{part}"]
            above += f"/{part}"
    return "\n".join([*dict.fromkeys(lines), ""])


def _kustomization(target: Target, source: Source) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "interval": "10m",
        "retryInterval": "1m",
        "timeout": f"{target.timeout + _SPARE}s",
        "sourceRef": {"kind": "GitRepository", "name": target.project},
        "path": f"./{source.prefix}{target.render}",
        "prune": True,
        "healthChecks": [
            {"apiVersion": version, "kind": kind, "name": name, "namespace": target.namespace}
            for version, kind, name in target.workloads
        ],
    }
    if target.sops:
        spec["decryption"] = {"provider": "sops", "secretRef": {"name": f"{target.name}-age"}}
    if target.protected:
        spec["deletionPolicy"] = "Orphan"
        spec["patches"] = [kept("kustomize.toolkit.fluxcd.io/prune", "disabled")]
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": target.name, "namespace": NAMESPACE},
        "spec": spec,
    }
