"""What an engine finds in its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster import Handout
from config import DEV_PASSPHRASE
from deploy import environment
from deploy.stack import load

HANDOUT = Handout(
    profile="dev",
    kubeconfig=Path("/data/kubeconfig"),
    context="flask-k8s-dev",
    registry="localhost:5001",
    docker_host="unix:///run/docker.sock",
    bin=Path("/cache/bin"),
)


def test_dev_has_the_cluster_a_state_folder_and_the_throwaway_passphrase(folder: Path) -> None:
    found = environment.wanted(load(folder, "dev"), HANDOUT)
    assert found["KUBECONFIG"] == "/data/kubeconfig"
    assert found["DOCKER_HOST"] == "unix:///run/docker.sock"
    assert found["PULUMI_BACKEND_URL"] == f"file://{environment.state_folder('dev')}"
    assert found["PULUMI_CONFIG_PASSPHRASE"] == DEV_PASSPHRASE
    assert found["PATH"].split(":")[0] == "/cache/bin"


def test_any_other_stack_gets_no_passphrase_and_no_cluster(folder: Path) -> None:
    assert environment.wanted(load(folder, "staging"), None) == {}


def test_what_the_user_has_set_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///mine")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    monkeypatch.setenv("PATH", "/usr/bin")
    environment.enter(load(folder, "dev"), HANDOUT)
    import os

    assert os.environ["PULUMI_BACKEND_URL"] == "file:///mine"
    assert os.environ["DOCKER_HOST"] == "tcp://127.0.0.1:2375"
    assert os.environ["PULUMI_CONFIG_PASSPHRASE"] == "mine"
    assert os.environ["KUBECONFIG"] == "/data/kubeconfig"


def test_a_backend_named_in_pulumi_yaml_is_not_overruled(folder: Path) -> None:
    with (folder / "Pulumi.yaml").open("a") as file:
        file.write("backend: {url: 'file:///theirs'}\n")
    assert "PULUMI_BACKEND_URL" not in environment.wanted(load(folder, "dev"), HANDOUT)
