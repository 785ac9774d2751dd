"""What an engine finds in its environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster import Handout
from config import DEV_PASSPHRASE
from deploy import environment
from deploy.stack import Stack, load

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


def test_any_other_stack_gets_no_passphrase_and_no_cluster(folder: Path, home: Path) -> None:
    assert environment.wanted(load(folder, "staging"), None) == {}


def test_what_the_user_has_set_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///mine")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    monkeypatch.setenv("KUBECONFIG", "")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    monkeypatch.setenv("PATH", "/usr/bin")
    environment.enter(load(folder, "dev"), HANDOUT)
    assert os.environ["PULUMI_BACKEND_URL"] == "file:///mine"
    assert os.environ["DOCKER_HOST"] == "tcp://127.0.0.1:2375"
    assert os.environ["PULUMI_CONFIG_PASSPHRASE"] == "mine"
    assert os.environ["KUBECONFIG"] == "/data/kubeconfig"


def test_a_backend_named_in_pulumi_yaml_is_not_overruled(folder: Path) -> None:
    with (folder / "Pulumi.yaml").open("a") as file:
        file.write("backend: {url: 'file:///theirs'}\n")
    assert "PULUMI_BACKEND_URL" not in environment.wanted(load(folder, "dev"), HANDOUT)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without passphrases."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def keep_passphrase(stack: Stack) -> Path:
    file = environment.passphrase_file(stack)
    file.parent.mkdir(parents=True)
    file.write_text("kept")
    return file


def test_the_passphrase_that_init_made_is_found(folder: Path, home: Path) -> None:
    stack = load(folder, "staging")
    assert environment.passphrase_file(stack) == home / ".config/flask-k8s/staging.passphrase"
    assert not environment.has_passphrase(stack)
    file = keep_passphrase(stack)
    assert environment.has_passphrase(stack)
    assert environment.wanted(stack, None) == {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}


def test_an_empty_file_is_no_passphrase(folder: Path, home: Path) -> None:
    stack = load(folder, "staging")
    keep_passphrase(stack).write_text("")
    assert not environment.has_passphrase(stack)
    assert environment.wanted(stack, None) == {}


@pytest.mark.parametrize("variable", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_the_user_s_own_passphrase_comes_first(
    folder: Path, home: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = load(folder, "staging")
    keep_passphrase(stack)
    monkeypatch.setenv(variable, "mine")
    assert environment.has_passphrase(stack)
    assert environment.wanted(stack, None) == {}


def test_dev_s_passphrase_in_the_shell_does_not_stand_in_the_way(
    folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = load(folder, "staging")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", DEV_PASSPHRASE)
    assert not environment.has_passphrase(stack)
    file = keep_passphrase(stack)
    with environment.restored():
        environment.enter(stack, None)
        assert os.environ["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(file)
        assert "PULUMI_CONFIG_PASSPHRASE" not in os.environ, "it would be taken before the file"
    assert os.environ["PULUMI_CONFIG_PASSPHRASE"] == DEV_PASSPHRASE
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in os.environ


def test_dev_has_its_own(folder: Path, home: Path) -> None:
    stack = load(folder, "dev")
    assert environment.has_passphrase(stack)
    keep_passphrase(stack)
    assert environment.wanted(stack, None)["PULUMI_CONFIG_PASSPHRASE"] == DEV_PASSPHRASE


def test_from_one_stack_to_the_next(folder: Path, home: Path) -> None:
    staging, dev = load(folder, "staging"), load(folder, "dev")
    keep_passphrase(staging)
    before = dict(os.environ)
    for stack in (dev, staging, dev):
        with environment.restored():
            environment.enter(stack, HANDOUT if stack is dev else None)
            assert ("PULUMI_CONFIG_PASSPHRASE_FILE" in os.environ) == (stack is staging)
            assert ("PULUMI_CONFIG_PASSPHRASE" in os.environ) == (stack is dev)
        assert dict(os.environ) == before


def test_it_is_taken_back_after_an_error_too(folder: Path, home: Path) -> None:
    before = dict(os.environ)

    def fail() -> None:
        with environment.restored():
            environment.enter(load(folder, "dev"), HANDOUT)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert dict(os.environ) == before


def test_the_profile_is_what_the_context_names(folder: Path) -> None:
    stack = load(folder, "dev")
    assert environment.profile(stack) == "dev"
    assert environment.state_folder("dev") == Path.home() / ".local/state/flask-k8s/dev/pulumi"
    assert environment.wanted(stack, None)["PULUMI_BACKEND_URL"].endswith("/flask-k8s/dev/pulumi")
