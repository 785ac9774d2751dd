"""What a registry keeps of an image: a manifest names its blobs, an index the manifests of its platforms.

Follows https://github.com/opencontainers/image-spec/blob/main/manifest.md and .../image-index.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from deploy.errors import DeployError

INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")

Descriptor = dict[str, Any]
"""`mediaType`, `digest`, `size` and more, as the image specification has it."""


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True)
class Manifest:
    """A manifest or an index, byte for byte as the registry gave it."""

    media_type: str
    digest: str
    """Of `body`: computed, not as the registry said."""
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """`body` as JSON.

        Raises:
            DeployError: it is no JSON object.
        """
        return json_object(self.body, f"the manifest {self.digest}")

    @property
    def children(self) -> list[Descriptor]:
        """The manifests that an index lists; none for a manifest."""
        return self._descriptors(self.content.get("manifests", []))

    @property
    def blobs(self) -> list[Descriptor]:
        """Configuration and layers; none for an index."""
        content = self.content
        config = [content["config"]] if "config" in content else []
        return self._descriptors(config + content.get("layers", []))

    def _descriptors(self, entries: Any) -> list[Descriptor]:
        try:
            fine = all(re.fullmatch(r"sha256:[0-9a-f]{64}", e["digest"]) and type(e["size"]) is int for e in entries)
        except (TypeError, LookupError):
            fine = False
        if not fine:
            raise DeployError(f"The manifest {self.digest} has an entry without a sha256 digest and a size.", 1)
        return list(entries)


def json_object(body: bytes, what: str) -> dict[str, Any]:
    """`body` as a JSON object; DeployError if `what` is none."""
    try:
        content = json.loads(body)
    except ValueError as err:
        raise DeployError(f"The registry's answer for {what} is no JSON: {err}.", 1) from err
    if not isinstance(content, dict):
        raise DeployError(f"The registry's answer for {what} is no JSON object.", 1)
    return content
