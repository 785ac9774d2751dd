"""Docker images, as the package `docker` builds them (docker:index/image:Image of pulumi-docker 5.2)."""

from __future__ import annotations

from engine.docker.provider import ImageProvider
from engine.docker.settings import parse
from engine.provider import Provider
from engine.resource.values import Properties

__all__ = ["configure"]


def configure(inputs: Properties) -> Provider:
    """A provider for the Docker daemon that the inputs or the environment name; it is asked only when a build is due.

    Relative paths of a build start at the process's working directory. Raises `ProviderError` for an input that only
    the Pulumi CLI can serve.
    """
    return ImageProvider(parse(inputs))
