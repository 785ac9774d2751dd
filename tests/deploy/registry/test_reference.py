from __future__ import annotations

import os

import pytest

from deploy.errors import DeployError
from deploy.registry.reference import Reference

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "registry", "repository"),
    [
        ("ghcr.io/owner/app", "ghcr.io", "owner/app"),
        ("localhost:5001/flask-k8s", "localhost:5001", "flask-k8s"),
        ("localhost/flask-k8s", "localhost", "flask-k8s"),
        ("docker.io/owner/app", "docker.io", "owner/app"),
        ("owner/app", "docker.io", "owner/app"),
        ("python", "docker.io", "library/python"),
        ("docker.io/python", "docker.io", "library/python"),
    ],
)
def test_a_pinned_image_is_read(text: str, registry: str, repository: str) -> None:
    ref = Reference.parse(f"{text}@{DIGEST}")
    assert ref == Reference(registry, repository, DIGEST)
    assert str(ref) == f"{registry}/{repository}@{DIGEST}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ghcr.io/owner/app",
        "ghcr.io/owner/app:v1",
        f"ghcr.io/owner/app:v1@{DIGEST}",
        "ghcr.io/owner/app@sha256:0a",
        f"https://ghcr.io/owner/app@{DIGEST}",
        f"localhost:5001@{DIGEST}",
        f"@{DIGEST}",
    ],
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(DeployError, match=r"The image .* must ") as caught:
        Reference.parse(text)
    assert repr(text) in str(caught.value)
    assert caught.value.code == os.EX_CONFIG


@pytest.mark.parametrize(
    ("registry", "there"),
    [
        ("ghcr.io", "ghcr.io/app"),
        ("ghcr.io/other/team", "ghcr.io/other/team/app"),
        ("localhost:5002", "localhost:5002/app"),
    ],
)
def test_elsewhere_it_keeps_the_last_part_of_its_name(registry: str, there: str) -> None:
    assert str(Reference("localhost:5001", "owner/app", DIGEST).at(registry)) == f"{there}@{DIGEST}"


@pytest.mark.parametrize("registry", ["", "team", "https://ghcr.io", "ghcr.io/team:v1", "ghcr.io/"])
def test_what_is_no_registry_is_refused(registry: str) -> None:
    with pytest.raises(DeployError, match="must be a registry's host"):
        Reference("localhost:5001", "app", DIGEST).at(registry)
