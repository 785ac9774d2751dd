"""Whether a provider's changed inputs mean another cluster: then all its objects have to be made anew there.

Source: DiffConfig of pulumi-kubernetes 4.34. A cluster is the same while its entry in the kubeconfig is; with a
`clusterIdentifier`, that alone decides.
"""

from __future__ import annotations

from typing import Any

from engine.kubernetes import kubeconfig
from engine.provider import Diff, ProviderError
from engine.resource.values import Properties, has_unknown, unwrap

IDENTIFIER = "clusterIdentifier"
WHERE = ("kubeconfig", "context", "cluster")


def diff_config(olds: Properties, news: Properties) -> Diff:
    """The difference between a provider's recorded and wanted inputs."""
    old, new = unwrap(olds), unwrap(news)
    changed = tuple(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
    if not changed:
        return Diff(changes=False)
    if IDENTIFIER in old and IDENTIFIER in new:
        replaces: tuple[str, ...] = (IDENTIFIER,) if IDENTIFIER in changed else ()
    elif any(has_unknown(new.get(key)) for key in WHERE):
        replaces = tuple(key for key in WHERE if has_unknown(new.get(key)))
    else:
        before, after = _cluster(old), _cluster(new)
        moved = before is not None and after is not None and before != after
        replaces = tuple(key for key in WHERE if moved and key in changed)
    return Diff(changes=True, replaces=replaces, changed=changed)


def _cluster(inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The entry of the cluster in the kubeconfig; None where none is named or found."""
    if not inputs.get("kubeconfig"):
        return None
    try:
        return kubeconfig.load(
            inputs["kubeconfig"], context=inputs.get("context") or "", cluster=inputs.get("cluster") or ""
        ).entry
    except ProviderError:
        return None
