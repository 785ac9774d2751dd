from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from cluster import debian_image, path
from cluster.errors import ClusterError
from tests.cluster.fakes import Programs

TAR = "a file system\n"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """A machine whose mmdebstrap makes `TAR`, whatever it is told."""
    programs = Programs(tmp_path / "bin")
    programs.folder.mkdir()
    programs.add("setpriv", 'shift 2; exec "$@"')
    programs.add("unshare", 'shift; exec "$@"')
    programs.add("apt-get", "exit 1")
    programs.add("apt-config", "exit 1")
    programs.add("mmdebstrap", 'echo "$TMPDIR" > "$CALLS.folder"; echo "a file system"')
    monkeypatch.setenv("PATH", str(programs.folder))
    monkeypatch.setattr(path, "SBIN", ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return programs


def runs(programs: Programs) -> list[str]:
    return [call for call in programs.calls if call.startswith("mmdebstrap")]


def test_the_layer_is_made_once(programs: Programs, tmp_path: Path) -> None:
    said: list[str] = []
    assert debian_image.made(tmp_path / "cache") is None
    layer = debian_image.layer(tmp_path / "cache", said.append)
    packed = layer.path.read_bytes()
    assert gzip.decompress(packed).decode() == TAR
    assert layer.digest == f"sha256:{hashlib.sha256(packed).hexdigest()}"
    assert layer.diff_id == f"sha256:{hashlib.sha256(TAR.encode()).hexdigest()}"
    assert debian_image.layer(tmp_path / "cache", said.append) == layer
    assert debian_image.made(tmp_path / "cache") == layer
    assert len(runs(programs)) == 1
    assert len(said) == 2


def test_it_is_made_in_the_cache_folder_and_nothing_is_left(programs: Programs, tmp_path: Path) -> None:
    scratch = tmp_path / "cache" / "python.tmp"
    scratch.mkdir(parents=True)
    (scratch / "of a killed run").touch()
    layer = debian_image.layer(tmp_path / "cache", print)
    assert programs.notes.with_name("calls.folder").read_text().strip() == str(scratch)
    assert not scratch.exists()
    assert {entry.suffix for entry in layer.path.parent.iterdir()} == {".gz", ".json", ".lock", ".log"}


def test_a_layer_without_its_description_is_made_again(programs: Programs, tmp_path: Path) -> None:
    layer = debian_image.layer(tmp_path / "cache", print)
    layer.path.with_suffix(".json").unlink()
    assert debian_image.made(tmp_path / "cache") is None
    assert debian_image.layer(tmp_path / "cache", print) == layer
    assert len(runs(programs)) == 2


def test_another_recipe_is_another_layer(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = debian_image.layer(tmp_path / "cache", print)
    monkeypatch.setattr(debian_image, "INCLUDE", ("python3",))
    assert debian_image.layer(tmp_path / "cache", print).path != first.path
    assert "--include=python3 " in runs(programs)[1]


def test_a_failure_says_why_and_where_the_log_is(programs: Programs, tmp_path: Path) -> None:
    programs.add("mmdebstrap", "echo half; echo 'I: hello' >&2; echo 'E: mirror not reached' >&2; exit 25")
    with pytest.raises(ClusterError, match=r"mirror not reached\. Its log is .*python\.log"):
        debian_image.layer(tmp_path / "cache", print)
    assert (tmp_path / "cache" / "python.log").read_text() == "I: hello\nE: mirror not reached\n"
    assert debian_image.made(tmp_path / "cache") is None
    assert not (tmp_path / "cache" / "python.tmp").exists()


def test_the_machines_own_mirrors_and_proxy_are_used(programs: Programs, tmp_path: Path) -> None:
    programs.add(
        "apt-get",
        "/bin/cat <<END\nDebian Debian main trixie http://mirror.test/debian/\n"
        "Debian Debian contrib trixie http://mirror.test/contrib/\n"
        "Debian Debian main trixie-updates http://mirror.test/debian/\n"
        "Debian Debian-Security main trixie-security http://mirror.test/security/\n"
        "Debian Debian main trixie-backports http://mirror.test/backports/\n"
        "Some Company Packages main stable http://other.test/debian/\nEND",
    )
    programs.add("apt-config", "echo 'Acquire::http::Proxy http://proxy.test:3142'")
    debian_image.layer(tmp_path / "cache", print)
    [call] = runs(programs)
    assert call.endswith(
        " bookworm - deb http://mirror.test/debian/ bookworm main deb http://mirror.test/security/ bookworm-security"
        " main deb http://mirror.test/debian/ bookworm-updates main"
    )
    assert '--aptopt=Acquire::http::Proxy "http://proxy.test:3142"' in call


def test_elsewhere_mmdebstrap_chooses_the_mirror(programs: Programs, tmp_path: Path) -> None:
    programs.add("apt-get", "echo 'Ubuntu Ubuntu main noble http://mirror.test/ubuntu/'")
    debian_image.layer(tmp_path / "cache", print)
    assert runs(programs)[0].endswith(" bookworm -")


def test_only_root_makes_it(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ClusterError, match="only root"):
        debian_image.layer(tmp_path / "cache", print)
    assert programs.calls == []
