"""Building the Go parts: when, where to, and what a failure says. The compiler itself is a stand-in here."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from cluster import build
from cluster.config import PAUSE
from cluster.errors import ClusterError
from tests.cluster.fakes import Programs

BUILD = """while [ "$1" != -o ]; do shift; done; echo binary >"$2"; echo some/package >&2"""


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    module = tmp_path / "go"
    for main in build.OTHERS:
        (module / main).mkdir(parents=True)
    (module / "go.mod").write_text("module x\nrequire k8s.io/kubernetes v1.99.7\n")
    (module / "main.go").write_text("package main")
    monkeypatch.setattr(build, "MODULE", module)
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    programs = Programs(folder)
    programs.add("go", BUILD)
    return programs


def ignore(_: str) -> None:
    pass


def test_built_once_for_each_state_of_the_module(go: Programs) -> None:
    first = build.ensure(ignore)
    calls = len(go.calls)
    assert build.ensure(ignore) == first
    assert len(go.calls) == calls
    (build.MODULE / "main.go").write_text("package main // changed")
    second = build.ensure(ignore)
    assert second != first
    assert first.exists()


def test_tests_of_the_module_do_not_count(go: Programs) -> None:
    first = build.folder()
    (build.MODULE / "main_test.go").write_text("package main")
    assert build.folder() == first


def test_the_version_is_that_of_go_mod(go: Programs) -> None:
    build.ensure(ignore)
    assert "-X k8s.io/component-base/version.gitVersion=v1.99.7" in go.calls[0]
    assert "version.gitMinor=99" in go.calls[0]


def test_every_part_is_a_name_of_the_one_binary(go: Programs) -> None:
    folder = build.ensure(ignore)
    assert all((folder / name).readlink() == Path("cluster") for name in build.NAMES)


def test_the_sandbox_image_is_whole(go: Programs) -> None:
    with tarfile.open(build.ensure(ignore) / "pause.tar") as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    for name, content in files.items():
        if name.startswith("blobs/sha256/"):
            assert hashlib.sha256(content).hexdigest() == name.removeprefix("blobs/sha256/")
    (entry,) = json.loads(files["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == PAUSE
    manifest = json.loads(files["blobs/" + entry["digest"].replace(":", "/")])
    for part in [manifest["config"], *manifest["layers"]]:
        assert len(files["blobs/" + part["digest"].replace(":", "/")]) == part["size"]


def test_a_failure_shows_what_the_compiler_said_and_leaves_nothing_half_done(go: Programs) -> None:
    go.add("go", "echo main.go:1: wrong >&2; exit 1")
    with pytest.raises(ClusterError, match=r"main\.go:1: wrong"):
        build.ensure(ignore)
    assert not build.folder().exists()
    go.add("go", BUILD)
    assert build.ensure(ignore).exists()


def test_what_a_killed_build_left_is_no_hindrance(go: Programs, tmp_path: Path) -> None:
    left = tmp_path / "cache/flask-k8s/cluster-next"
    left.mkdir(parents=True)
    (left / "kubelet").touch()
    assert (build.ensure(ignore) / "kubelet").is_symlink()


def test_without_go_the_message_says_what_to_install(go: Programs) -> None:
    (go.folder / "go").unlink()
    with pytest.raises(ClusterError, match=r"go is missing: install Go 1\.26"):
        build.ensure(ignore)
