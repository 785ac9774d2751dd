from __future__ import annotations

import os
from pathlib import Path

import pytest

from cluster import apt, packages, path
from cluster.errors import ClusterError
from tests.cluster.fakes import Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A machine with nothing on PATH but what the test adds, and with apt's files in a folder of the test's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(path, "SBIN", ())
    monkeypatch.setattr(packages, "FOLDERS", {"cni-plugins": ("bridge", (str(tmp_path / "cni"),))})
    monkeypatch.setattr(apt, "PLACES", apt.Places(journal=tmp_path / "journal"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return Programs(folder)


def test_what_is_there_is_used_and_no_program_runs(programs: Programs, tmp_path: Path) -> None:
    said: list[str] = []
    programs.add("runc")
    programs.add("dockerd")
    (tmp_path / "cni").mkdir()
    (tmp_path / "cni" / "bridge").touch()
    packages.ensure(["runc", "dockerd", "cni-plugins"], install=True, say=said.append)
    assert said == programs.calls == []
    assert packages.require("runc") == programs.folder / "runc"
    assert packages.require("cni-plugins") == tmp_path / "cni"


def test_without_installing_what_is_missing_is_listed_with_the_command_to_run(programs: Programs) -> None:
    said: list[str] = []
    for name in ("runc", "apt-get", "dpkg"):
        programs.add(name)
    with pytest.raises(ClusterError) as error:
        packages.ensure(["dockerd", "runc", "cni-plugins", "dockerd"], install=False, say=said.append)
    assert error.value.code == os.EX_UNAVAILABLE
    assert said == ["missing: dockerd, cni-plugins (Debian packages: docker.io containernetworking-plugins)"]
    assert "apt-get install --no-install-recommends docker.io containernetworking-plugins" in str(error.value)
    assert programs.calls == []


def test_a_package_is_named_once_for_all_its_programs(programs: Programs) -> None:
    said: list[str] = []
    with pytest.raises(ClusterError):
        packages.ensure(["containerd", "ctr"], install=False, say=said.append)
    assert said == ["missing: containerd, ctr (Debian packages: containerd)"]


def test_only_root_installs(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("apt-get", "dpkg"):
        programs.add(name)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match=r"dockerd.*only root can install.*apt-get install .*docker\.io"):
        packages.ensure(["dockerd"], install=True, say=print)
    assert programs.calls == []


def test_without_apt_the_missing_programs_are_named(programs: Programs) -> None:
    with pytest.raises(ClusterError, match=r"dockerd, nft: missing, and there is no apt-get"):
        packages.ensure(["dockerd", "nft"], install=True, say=print)
    assert programs.calls == []


def test_a_package_that_brings_no_program_is_an_error(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("apt-get", "dpkg"):
        programs.add(name)
    monkeypatch.setattr(apt, "install", lambda *_: ["runc"])
    with pytest.raises(ClusterError, match="runc: still missing"):
        packages.ensure(["runc"], install=True, say=print)


def test_a_missing_requirement_says_how_to_get_it(programs: Programs) -> None:
    for name in ("apt-get", "dpkg"):
        programs.add(name)
    with pytest.raises(ClusterError, match=r"mmdebstrap is missing: .* apt-get install .* mmdebstrap"):
        packages.require("mmdebstrap")
