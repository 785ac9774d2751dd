"""The inputs of a Docker provider, as a typed record.

Source: the arguments of pulumi_docker.Provider and the environment of the Docker CLI.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.provider import ProviderError
from engine.resource.values import UNKNOWN, Properties, unwrap

ENGINE_INPUTS = frozenset({"version", "__internal", "pluginDownloadURL", "parameterization"})
SILENT_INPUTS = frozenset({"disableDockerDaemonCheck"})
CLI_INPUTS = frozenset({"caMaterial", "certMaterial", "keyMaterial", "registryAuth", "sshOpts", "context"})
READ = frozenset({"host", "certPath"})


@dataclass(frozen=True)
class Settings:
    """Where the Docker daemon is."""

    host: str = ""
    """As in DOCKER_HOST; empty: DOCKER_HOST, else the default sockets."""
    cert_path: str = ""
    """Folder with ca.pem, cert.pem and key.pem; empty: DOCKER_CERT_PATH where DOCKER_TLS_VERIFY is set."""


def parse(inputs: Properties) -> Settings:
    """The record for a provider's inputs, or `ProviderError`."""
    plain = unwrap(inputs)
    for key, value in plain.items():
        if key in CLI_INPUTS and value not in (None, "", "[]"):
            raise ProviderError(
                f"docker provider: the input {key!r} is not served by the embedded engine. "
                "Use the Pulumi CLI (ENGINE=pulumi), or leave it out."
            )
        if key not in READ | ENGINE_INPUTS | SILENT_INPUTS | CLI_INPUTS:
            raise ProviderError(f"docker provider: unknown input {key!r}. Known are {', '.join(sorted(READ))}.")
    host = plain.get("host")
    return Settings(host="" if host in (None, UNKNOWN) else str(host), cert_path=str(plain.get("certPath") or ""))
