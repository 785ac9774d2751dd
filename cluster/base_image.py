"""The base image of Python applications, `python:3.11`, in the profile's registry.

It is Docker Hub's where that can be reached, else one from Debian packages; either way with this machine's CA
certificates and pip settings on top, so that builds reach what the machine reaches.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cluster import debian_image, docker_api, host_settings
from cluster.debian_image import VERSION
from cluster.docker_api import DockerError
from cluster.errors import ClusterError
from cluster.registry_client import ARCHITECTURE, CONFIG, LAYER, MANIFEST, OCI_LAYER, Repository

Say = Callable[[str], None]

HUB: Final = f"python:{VERSION}-slim-{debian_image.SUITE}"
PATIENCE: Final = 5.0
"""How long Docker Hub may stay silent before the image is made from Debian packages, in seconds."""
EDITION: Final = "1"
"""To be raised when images made by earlier versions of this file won't do any more."""


def prepare(docker_host: str | None, cache: Path, say: Say) -> str:
    """Get what the image is made of, before there is a registry: `hub` (the daemon has it now) or `debian`.

    `docker_host` is a daemon's address or None; `cache` is the user's cache folder. Quick the second time.
    """
    if docker_host is not None and not debian_image.made(cache):
        try:
            docker_api.pull(docker_host, HUB, PATIENCE)
            return "hub"
        except DockerError as err:
            say(f"Docker Hub is not reached, so Python comes from Debian packages ({err})")
    debian_image.layer(cache, say)
    return "debian"


def ensure(docker_host: str | None, registry: str, cache: Path, say: Say) -> str:
    """Have the image in `registry` (`localhost:5001`) and give its name there. Milliseconds when it is there."""
    repository = Repository(registry, "python")
    remarks: list[str] = []
    top = host_settings.layer(remarks.append)
    # A second tag says what the image was made with, so that changed settings of this machine make a new one.
    edition = f"{VERSION}-{hashlib.sha256(EDITION.encode() + top).hexdigest()[:12]}"
    there = repository.digest(edition)
    if there is None or there != repository.digest(VERSION):
        for remark in remarks:
            say(remark)
        manifest, config = _bottom(docker_host, repository, cache, say)
        _add(repository, manifest, config, top)
        repository.put_manifest(edition, manifest)
        digest = repository.put_manifest(VERSION, manifest)
        say(f"base image {repository}:{VERSION} is {digest}")
    return f"{repository}:{VERSION}"


def _bottom(
    docker_host: str | None, repository: Repository, cache: Path, say: Say
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put the Python image into the registry; gives its manifest and configuration."""
    if docker_host is not None and prepare(docker_host, cache, say) == "hub":
        try:
            tag = HUB.rpartition(":")[2]
            docker_api.push(docker_host, HUB, f"{repository}:{tag}")
            manifest = repository.manifest(tag)
            return manifest, json.loads(repository.blob(manifest["config"]["digest"]))
        except (DockerError, ClusterError) as err:
            say(f"the daemon does not push to {repository.registry}, so Python comes from Debian packages ({err})")
    layer = debian_image.layer(cache, say)
    config: dict[str, Any] = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
            "Cmd": ["python3"],
        },
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
        "history": [{"created_by": "Python from Debian packages"}],
    }
    entry = {"mediaType": LAYER, **repository.put_blob(layer.path, layer.digest)}
    return {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [entry]}, config


def _add(repository: Repository, manifest: dict[str, Any], config: dict[str, Any], tar: bytes) -> None:
    """Put a layer on top of an image, whose `manifest` and `config` are changed accordingly."""
    packed = gzip.compress(tar, mtime=0)
    kind = LAYER if manifest["mediaType"] == MANIFEST else OCI_LAYER
    manifest["layers"].append({"mediaType": kind, **repository.put_blob(packed)})
    config["rootfs"]["diff_ids"].append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
    config.setdefault("history", []).append({"created_by": "settings of the machine: CA certificates, pip"})
    stored = repository.put_blob(json.dumps(config, separators=(",", ":")).encode())
    manifest["config"] = {"mediaType": manifest.get("config", {}).get("mediaType", CONFIG), **stored}
