"""Where a profile keeps its things, and which ports it takes."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cluster.errors import ClusterError
from cluster.profile import Profile, cache_folder, free_ports


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("name", ["dev", "a", "test-2"])
def test_good_names(name: str) -> None:
    assert Profile(name).context == f"flask-k8s-{name}"


@pytest.mark.parametrize("name", ["", "Dev", "-a", "a-", "a/b", "..", "a" * 21, "2a"])
def test_bad_names_are_refused_with_the_rule(name: str) -> None:
    with pytest.raises(ClusterError, match="lower-case letters") as caught:
        Profile(name)
    assert repr(name) in str(caught.value)
    assert caught.value.code == os.EX_USAGE


def test_data_stay_in_the_home_folder_whatever_xdg_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/elsewhere")
    assert Profile("dev").kubeconfig == tmp_path / ".local/state/flask-k8s/dev/kubeconfig"


def test_cache_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache/flask-k8s"
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache_folder() == Path("/elsewhere/flask-k8s")


def test_dev_has_fixed_ports() -> None:
    assert Profile("dev").server == "https://127.0.0.1:16443"
    assert Profile("dev").registry == "localhost:5001"


def test_other_profiles_choose_once() -> None:
    ports = Profile("other").ports
    assert len(set(ports)) == 2
    assert Profile("other").ports == ports
    assert not set(ports) & set(Profile("dev").ports)


def test_a_broken_ports_file_is_made_anew() -> None:
    first = Profile("other").ports
    (Profile("other").data / "ports.json").write_text("{")
    assert Profile("other").ports != first


def test_free_ports_skip_those_that_are_taken() -> None:
    (port,) = free_ports(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert port not in free_ports(900)
