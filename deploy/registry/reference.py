"""Where an image is, and which: registry, repository, digest."""

from __future__ import annotations

from dataclasses import dataclass

from components import rules
from deploy.errors import DeployError

DOCKER_HUB = "docker.io"


@dataclass(frozen=True)
class Reference:
    """An image pinned by digest; `str()` gives it in full, as `ghcr.io/owner/app@sha256:...`."""

    registry: str
    """Host, with the port if there is one: `localhost:5001`, `docker.io`."""
    repository: str
    """Path in the registry: `owner/app`."""
    digest: str
    """`sha256:` and 64 hex digits."""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Reads `repository@sha256:...`; short names are Docker Hub's, as for Docker.

        Raises:
            DeployError: it is no such reference; a tag in place of the digest, or beside it, is refused too.
        """
        if broken := rules.check_pinned(text):
            raise DeployError(
                f"The image {text!r} {broken}: a tag can be moved to another image. "
                "`python -m deploy build STACK` prints the digest of what it pushed."
            )
        place, _, digest = text.partition("@")
        host, path = _split(place)
        if not path:
            raise DeployError(f"The image {text!r} must name a repository, as in registry.example.com/app@sha256:...")
        return cls(host, path if host != DOCKER_HUB or "/" in path else f"library/{path}", digest)

    def at(self, registry: str) -> Reference:
        """The same image in another registry: `registry` (a host, or host/path) and the repository's last part.

        Raises:
            DeployError: `registry` is no such thing.
        """
        if broken := rules.check_repository(registry):
            raise DeployError(f"The registry {registry!r} {broken}.")
        host, path = _split(registry)
        name = self.repository.rpartition("/")[2]
        return Reference(host, f"{path}/{name}" if path else name, self.digest)

    def __str__(self) -> str:
        return f"{self.registry}/{self.repository}@{self.digest}"


def _split(place: str) -> tuple[str, str]:
    """Host and path; what has no dot, no port and is not `localhost` is no host, so that Docker Hub is meant."""
    if rules.check_repository(place):
        return DOCKER_HUB, place
    host, _, path = place.partition("/")
    return host, path
