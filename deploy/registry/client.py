"""A registry of images: manifests, blobs and what refers to them.

Follows https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urljoin

from deploy.errors import DeployError
from deploy.registry.connection import Connection
from deploy.registry.manifest import INDEXES, MANIFESTS, Descriptor, Manifest, digest_of, json_object
from deploy.registry.reference import Reference

_ACCEPT: Final = {"Accept": ", ".join((*INDEXES, *MANIFESTS))}


@dataclass(frozen=True)
class _Upload:
    """A blob on its way: can be gone through again, and has the length that registries want to know first."""

    content: Callable[[], Iterator[bytes]]
    size: int

    def __iter__(self) -> Iterator[bytes]:
        return self.content()

    def __len__(self) -> int:
        return self.size


class Registry:
    """A registry, with the credentials that `docker login` stored for it; plain HTTP on loopback only.

    Every call raises DeployError: code 69 when the registry is not reached or out of order, 1 when it refuses or
    what it gives is not what was asked for.
    """

    def __init__(self, host: str, timeout: float = 30.0) -> None:
        """`host` is like `ghcr.io` or `localhost:5001`; `timeout`, in seconds, is for connecting and each read."""
        self.host = host
        self._connection = Connection(host, timeout)
        self._call = self._connection.call

    def find(self, repository: str, reference: str) -> Manifest | None:
        """The manifest with this tag or digest; None if there is none."""
        answer = self._call("GET", repository, f"manifests/{reference}", headers=_ACCEPT, fine=(200, 404))
        if not answer.found:
            return None
        digest = digest_of(answer.body)
        self._check(repository, reference, digest)
        declared = json_object(answer.body, f"{self.host}/{repository} {reference}").get("mediaType")
        return Manifest(str(declared or answer.response.headers.get("Content-Type")), digest, answer.body)

    def manifest(self, repository: str, reference: str) -> Manifest:
        """As `find`, but what is missing is an error."""
        if found := self.find(repository, reference):
            return found
        raise DeployError(
            f"The registry {self.host} has no {reference} in {repository}: it was never pushed there, or has been "
            "deleted. Push it, or choose a digest that is there.",
            1,
        )

    def exists(self, ref: Reference) -> bool:
        """Whether the image is there, with the very content that its digest stands for."""
        return self.find(ref.repository, ref.digest) is not None

    def labels(self, ref: Reference) -> dict[str, str]:
        """Such as org.opencontainers.image.revision; of an index those of linux/amd64, else of the first image."""
        return (self._config(ref).get("config") or {}).get("Labels") or {}

    def platforms(self, ref: Reference) -> list[str]:
        """Such as `linux/amd64` and `linux/arm64/v8`."""
        manifest = self.manifest(ref.repository, ref.digest)
        places = [_platform(child) for child in manifest.children] or [self._config(ref)]
        names = ("os", "architecture", "variant")
        return ["/".join(place[name] for name in names if place.get(name)) for place in places if place]

    def blob(self, repository: str, digest: str) -> Iterator[bytes]:
        """A blob, bit by bit; only when all have come is it sure that they are the right ones."""
        seen = sha256()
        for chunk in self._connection.stream(repository, f"blobs/{digest}"):
            seen.update(chunk)
            yield chunk
        self._check(repository, digest, f"sha256:{seen.hexdigest()}")

    def put_blob(
        self, repository: str, entry: Descriptor, content: Callable[[], Iterator[bytes]], mount_from: str = ""
    ) -> bool:
        """Puts a blob there unless it is; False if it did not have to be sent.

        `mount_from` is a repository of the same registry that has it.
        """
        digest = entry["digest"]
        if self._call("HEAD", repository, f"blobs/{digest}", fine=(200, 404)).found:
            return False
        query = {"mount": digest, "from": mount_from} if mount_from else {}
        begun = self._call("POST", repository, "blobs/uploads/", params=query, fine=(201, 202)).response
        if begun.status_code == 201:
            return False
        place = urljoin(begun.url, begun.headers.get("Location", ""))
        upload = _Upload(content, entry["size"])
        kind = {"Content-Type": "application/octet-stream"}
        self._call("PUT", repository, place, params={"digest": digest}, data=upload, headers=kind, fine=(201,))
        return True

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        """Stores it under a tag or its digest; what it names must be there."""
        kind = {"Content-Type": manifest.media_type}
        self._call("PUT", repository, f"manifests/{reference}", data=manifest.body, headers=kind, fine=(201,))

    def referrers(self, repository: str, digest: str) -> list[Descriptor]:
        """Descriptors of the manifests, such as signatures and SBOMs, whose `subject` is `digest`.

        From the referrers API; where a registry has none, from the index that clients keep under a tag instead.
        """
        entries: list[Descriptor] = []
        path = f"referrers/{digest}"
        while path:
            answer = self._call("GET", repository, path, fine=(200, 400, 404, 405, 406))
            if not answer.found:
                index = self.find(repository, digest.replace(":", "-"))
                return index.children if index else []
            entries += Manifest(INDEXES[0], digest, answer.body).children
            following = answer.response.links.get("next", {}).get("url")
            path = urljoin(answer.response.url, following) if following else ""
        return entries

    def _config(self, ref: Reference) -> dict[str, Any]:
        manifest = self.manifest(ref.repository, ref.digest)
        if children := manifest.children:
            wanted = {"os": "linux", "architecture": "amd64"}.items()
            chosen = next((child for child in children if wanted <= _platform(child).items()), children[0])
            manifest = self.manifest(ref.repository, chosen["digest"])
        if not manifest.blobs:
            raise DeployError(f"{ref} is no image: it names no configuration.", 1)
        digest = manifest.blobs[0]["digest"]
        body = self._call("GET", ref.repository, f"blobs/{digest}").body
        self._check(ref.repository, digest, digest_of(body))
        return json_object(body, f"the configuration of {ref}")

    def _check(self, repository: str, reference: str, digest: str) -> None:
        if reference.startswith("sha256:") and reference != digest:
            raise DeployError(
                f"The registry {self.host} gives for {repository}@{reference} a content of the digest {digest}: it is "
                "damaged or forged, and is not used. Push the image again.",
                1,
            )


def _platform(entry: Descriptor) -> dict[str, str]:
    """Of an entry of an index; empty for what is no image, such as the provenance that BuildKit adds."""
    platform = entry.get("platform") or {}
    return {} if platform.get("os") == "unknown" else platform
