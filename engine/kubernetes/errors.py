"""What the API server refuses, and where it cannot be reached, in words that say what to do.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.kubernetes.kubeconfig import Cluster
from engine.provider import ProviderError
from engine.resource.marks import redact


@dataclass(frozen=True)
class Conflict:
    """One field of a server-side apply conflict."""

    manager: str
    """Who owns it."""
    field: str
    subresource: bool
    """Whether it was written through a subresource, such as `scale`."""


class ApiError(Exception):
    """The API server answered with a Status."""

    def __init__(self, code: int, status: dict[str, Any]) -> None:
        self.code = code
        """The HTTP status."""
        self.reason = str(status.get("reason") or "")
        """Such as `AlreadyExists`."""
        self.text = str(status.get("message") or f"HTTP status {code}")
        self.details: dict[str, Any] = status.get("details") or {}
        super().__init__(self.text)

    @property
    def conflicts(self) -> list[Conflict]:
        """The fields that a server-side apply may not take from other managers."""
        found = []
        for cause in self.details.get("causes") or []:
            if self.code == 409 and cause.get("reason") == "FieldManagerConflict":
                text = str(cause.get("message", ""))  # conflict with "kubectl" with subresource "scale" using apps/v1
                owner, _, rest = text.partition('"')[2].partition('"')
                field = str(cause.get("field", "")).lstrip(".")
                found.append(Conflict(owner or text, field, "with subresource" in rest))
        return found

    @property
    def namespace_missing(self) -> bool:
        """Whether the object's namespace isn't there."""
        return self.code == 404 and self.details.get("kind") == "namespaces"


class UnreachableError(ProviderError):
    """No answer came from the API server."""

    def __init__(self, cluster: Cluster, err: BaseException, *, sent: bool) -> None:
        self.sent = sent
        """Whether the request may have reached the server."""
        reason = _reason(err)
        mend = "Is the cluster running, and is this the right context?"
        if "certificate has expired" in reason:
            mend = "Renew the server's certificate, or write the kubeconfig anew, and check this machine's clock."
        elif "certificate" in reason.lower():
            mend = "The kubeconfig's certificate authority doesn't match this server: write the kubeconfig anew."
        super().__init__(
            f"the Kubernetes cluster at {cluster.server} (context {cluster.context!r}) cannot be reached: "
            f"{reason}. {mend}"
        )


def _reason(err: BaseException) -> str:
    chain: BaseException | None = err
    texts: list[str] = []
    while chain is not None:
        text = str(chain)
        if text:
            texts.append(text)
        chain = chain.__cause__ or chain.__context__
    if not texts:
        return "no answer in time" if "Timeout" in type(err).__name__ else "the connection was closed"
    if any("refused" in text or "111" in text for text in texts):
        return "connection refused"
    return texts[0].rstrip(".")


def signed_out(cluster: Cluster) -> ProviderError:
    """The error for HTTP 401; names a client certificate that has expired."""
    expired = _expiry(cluster)
    cause = f"its client certificate expired at {expired}" if expired else "its credentials were not accepted"
    return ProviderError(
        f"the Kubernetes cluster at {cluster.server} refused context {cluster.context!r}: {cause}. "
        "Sign in again, or write the kubeconfig anew."
    )


def _expiry(cluster: Cluster) -> str:
    """When the user's client certificate expired; empty if it did not."""
    from cryptography import x509  # noqa: PLC0415 - slow to import, and only needed here

    user: dict[str, str] = next((entry["user"] for entry in cluster.config.get("users") or []), {})
    try:
        if user.get("client-certificate-data"):
            pem = base64.b64decode(user["client-certificate-data"])
        elif user.get("client-certificate"):
            pem = ((cluster.path or Path()).parent / user["client-certificate"]).read_bytes()
        else:
            return ""
        end = x509.load_pem_x509_certificate(pem).not_valid_after_utc
    except (OSError, ValueError):
        return ""
    return end.isoformat() if end < datetime.now(UTC) else ""


_RIGHTS = "The signed-in user may not do this: ask for the right by RBAC, or use another context."
_POLICY = "So says a policy of the cluster: change the object as it asks, or have it changed."
_ADMISSION = (
    ("exceeded quota", "Raise the quota or ask for less."),
    ("violates PodSecurity", "Change the named fields, or loosen the namespace's pod-security label."),
    ("because it is being terminated", "Wait until its namespace is gone, and run this again."),
    ("denied the request", _POLICY),
    ("denied request", _POLICY),
)
"""What admission says, and what to do then."""


def refused(verb: str, what: str, err: ApiError, secrets: frozenset[str] = frozenset()) -> ProviderError:
    """The `ProviderError` for an `ApiError` in doing `verb` (such as `create`) to `what` (such as `ConfigMap a/b`)."""
    text = redact(err.text, secrets).strip().rstrip(".")
    if err.code == 409 and err.reason == "AlreadyExists":
        mend = (
            "An object of this name exists and doesn't belong to this stack, so it is left as it is. "
            "Give the resource another name, delete the object, or import it with the Pulumi CLI (`pulumi import`)."
        )
    elif err.conflicts:
        return ProviderError(f"cannot {verb} {what}: {_owners(err.conflicts)}")
    elif err.namespace_missing:
        mend = "Create the namespace first: let the resource depend on it, or name one that exists."
    elif why := next((mend for sign, mend in _ADMISSION if sign in text), ""):
        mend = why
    elif err.code == 403:
        mend = _RIGHTS if " cannot " in text else _POLICY
    elif err.code == 422 and any(sign in text for sign in ("immutable", "may not be changed", "updates to ")):
        mend = "It cannot change in place: set it back, or have a new object made (`replace_on_changes`)."
    elif err.code == 422:
        mend = "Correct the named field."
    elif err.code == 404:
        mend = "The cluster doesn't know this apiVersion and kind: install what defines it, or correct the apiVersion."
    elif "HTTP request to an HTTPS server" in text:
        mend = "The kubeconfig's `server` has to begin with https://."
    elif err.code >= 500:
        mend = "The API server or one of its webhooks failed: try again, or look at the cluster's health."
    else:
        mend = "Correct the resource."
    return ProviderError(f"cannot {verb} {what}: {text}. {mend}")


def _owners(conflicts: list[Conflict]) -> str:
    owners: dict[str, list[str]] = {}
    for conflict in conflicts:
        owners.setdefault(conflict.manager, []).append(conflict.field)
    said = "; ".join(f"field manager {owner!r} owns {', '.join(fields)}" for owner, fields in owners.items())
    return (
        f"server-side apply conflict: {said}. Leave these fields out of the program, or take them over with the "
        'annotation `pulumi.com/patchForce: "true"` on the resource.'
    )
