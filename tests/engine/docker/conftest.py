"""A program's folder with a build context, and a fake daemon."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.docker import configure
from engine.provider import Provider
from tests.engine.docker.fake_daemon import FakeDaemon


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a context `app`."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\nCOPY main.py /\n")
    (tmp_path / "app" / "main.py").write_text("print(1)\n")
    (tmp_path / "app" / "main.py").chmod(0o644)
    (tmp_path / "app" / "Dockerfile").chmod(0o644)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-docker-config"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return tmp_path


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with tempfile.TemporaryDirectory() as folder, FakeDaemon(Path(folder) / "docker.sock") as running:
        yield running


@pytest.fixture
def provider(project: Path, daemon: FakeDaemon) -> Provider:
    return configure({"host": daemon.host})
