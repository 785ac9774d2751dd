"""A client for image registries on loopback: just enough to look at an image and to put one there.

Follows the OCI distribution specification, https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import platform
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cluster.errors import ClusterError

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
"""Lists of manifests, one for each platform."""
ACCEPT = {"Accept": ", ".join((MANIFEST, OCI_MANIFEST, *INDEXES))}
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
"""This machine's, as images call it."""


class Repository:
    """One repository, such as `python`, of the registry at `host`:`port` (plain HTTP, no credentials).

    Every call raises ClusterError when the registry is not reached or refuses.
    """

    def __init__(self, registry: str, name: str, timeout: float = 30.0) -> None:
        """`registry` is like `localhost:5001`; `timeout`, in seconds, is for connecting and for each read."""
        self.registry = registry
        self.name = name
        self.timeout = timeout

    def digest(self, reference: str) -> str | None:
        """Digest of the manifest with this tag or digest; None if there is no such image."""
        status, headers, _ = self._call("HEAD", f"manifests/{reference}", headers=ACCEPT, fine=(200, 404))
        return headers["Docker-Content-Digest"] if status == 200 else None

    def manifest(self, reference: str) -> dict[str, Any]:
        """The manifest with this tag or digest, as JSON; of a list of manifests, the one for this machine."""
        _, headers, body = self._call("GET", f"manifests/{reference}", headers=ACCEPT)
        manifest: dict[str, Any] = json.loads(body)
        kind = manifest.setdefault("mediaType", headers.get_content_type())
        if kind in (MANIFEST, OCI_MANIFEST):
            return manifest
        wanted = {"os": "linux", "architecture": ARCHITECTURE}
        for entry in manifest.get("manifests", []) if kind in INDEXES else []:
            if wanted.items() <= entry.get("platform", {}).items():
                return self.manifest(entry["digest"])
        raise ClusterError(f"{self}:{reference} is no image for linux/{ARCHITECTURE}: it is of the kind {kind}")

    def blob(self, digest: str) -> bytes:
        """The whole blob; meant for small ones."""
        return self._call("GET", f"blobs/{digest}")[2]

    def put_blob(self, content: bytes | Path, digest: str = "") -> dict[str, Any]:
        """Upload a blob unless it is there; gives `{"size": ..., "digest": ...}`, to go into a manifest."""
        if isinstance(content, bytes):
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        if self._call("HEAD", f"blobs/{digest}", fine=(200, 404))[0] == 404:
            _, headers, _ = self._call("POST", "blobs/uploads/", fine=(202,))
            place = urlsplit(headers["Location"])
            query = f"{place.query}&digest={digest}" if place.query else f"digest={digest}"
            length = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            self._call("PUT", f"{place.path}?{query}", content, length, fine=(201,))
        return {"size": size, "digest": digest}

    def put_manifest(self, reference: str, manifest: dict[str, Any]) -> str:
        """Store `manifest` under a tag; gives its digest. Its blobs must be there."""
        body = json.dumps(manifest, separators=(",", ":")).encode()
        kind = {"Content-Type": manifest["mediaType"], "Content-Length": str(len(body))}
        _, headers, _ = self._call("PUT", f"manifests/{reference}", body, kind, fine=(201,))
        return headers["Docker-Content-Digest"]

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"

    def _call(
        self,
        method: str,
        path: str,
        content: bytes | Path | None = None,
        headers: dict[str, str] | None = None,
        fine: tuple[int, ...] = (200,),
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request; `path` is below this repository unless it starts with a slash."""
        where = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        connection = http.client.HTTPConnection(self.registry, timeout=self.timeout)
        try:
            if isinstance(content, Path):
                with content.open("rb") as file:
                    connection.request(method, where, file, headers or {})
            else:
                connection.request(method, where, content, headers or {})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as err:
            raise ClusterError(f"the registry {self.registry} is not reached: {err or type(err).__name__}") from err
        finally:
            connection.close()
        if answer.status not in fine:
            reason = body.decode(errors="replace")[:300].strip() or answer.reason
            raise ClusterError(f"the registry {self.registry} refuses {method} {where}: {answer.status} {reason}")
        return answer.status, answer.headers, body
