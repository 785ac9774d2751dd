from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cluster import host_settings


def certificate(word: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{word}\n-----END CERTIFICATE-----\n"


def unpack(tar: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return {entry.name: archive.extractfile(entry).read().decode() for entry in archive}  # type: ignore[union-attr]


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An account without settings, on a machine that trusts two certificates, one of them Debian's."""
    (tmp_path / "known").mkdir()
    (tmp_path / "known" / "a.crt").write_text(certificate("AAAA"))
    monkeypatch.setattr(host_settings, "KNOWN", tmp_path / "known")
    monkeypatch.setattr(host_settings, "SYSTEM_PIP", ())
    (tmp_path / "bundle.crt").write_text(certificate("AAAA") + certificate("BBBB"))
    return {"HOME": str(tmp_path), "SSL_CERT_FILE": str(tmp_path / "bundle.crt")}


def test_the_image_trusts_what_the_machine_trusts(environment: dict[str, str]) -> None:
    files = unpack(host_settings.layer(print, environment))
    assert files["etc/ssl/certs/ca-certificates.crt"] == certificate("AAAA") + certificate("BBBB")
    assert files["usr/local/share/ca-certificates/host.crt"] == certificate("BBBB")
    assert files["etc/pip.conf"] == "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n"


def test_a_machine_without_anything_special_adds_nothing_special(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bundle.crt").write_text(certificate("AAAA"))
    assert "usr/local/share/ca-certificates/host.crt" not in unpack(host_settings.layer(print, environment))


def test_the_same_settings_are_the_same_bytes(environment: dict[str, str], tmp_path: Path) -> None:
    first = host_settings.layer(print, environment)
    assert host_settings.layer(print, environment) == first
    (tmp_path / "bundle.crt").write_text(certificate("CCCC"))
    assert host_settings.layer(print, environment) != first


def test_pip_in_builds_looks_where_pip_on_the_machine_looks(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".config" / "pip").mkdir(parents=True)
    (tmp_path / ".config" / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://weaker.test/simple\ntrusted-host = index.test\n    two.test\ntimeout = 9\n"
    )
    environment["PIP_INDEX_URL"] = "https://index.test/simple"
    assert host_settings.pip_settings(environment, print) == {
        "index-url": "https://index.test/simple",
        "trusted-host": "index.test\ntwo.test",
    }
    pip = unpack(host_settings.layer(print, environment))["etc/pip.conf"]
    assert "index-url = https://index.test/simple\n" in pip
    assert "trusted-host = index.test\n    two.test\n" in pip


def test_no_password_gets_into_an_image_or_a_message(environment: dict[str, str]) -> None:
    said: list[str] = []
    environment["PIP_INDEX_URL"] = "https://user:canary@index.test/simple"
    layer = host_settings.layer(said.append, environment)
    assert b"canary" not in layer
    assert b"index.test" not in layer
    assert len(said) == 1
    assert "index-url" in said[0]
    assert "canary" not in said[0]


def test_a_folder_of_the_machine_is_no_index(environment: dict[str, str]) -> None:
    environment["PIP_EXTRA_INDEX_URL"] = "file:///srv/wheels"
    assert host_settings.pip_settings(environment, print) == {}


def test_pip_can_be_told_to_read_no_settings(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".pip").mkdir()
    (tmp_path / ".pip" / "pip.conf").write_text("[install]\nindex-url = https://index.test/simple\n")
    assert host_settings.pip_settings(environment, print) == {"index-url": "https://index.test/simple"}
    environment["PIP_CONFIG_FILE"] = "/dev/null"
    assert host_settings.pip_settings(environment, print) == {}
