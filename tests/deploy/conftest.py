"""A small project folder, and a `pulumi` on PATH that writes down what it was asked."""

from __future__ import annotations

import gc
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deploy.objects import offline
from tests import warm

PROJECT = """\
name: flask-k8s
runtime: python
config:
  replicas: {type: integer, default: 3}
  image: {type: string, default: ""}
  context: {type: string, default: ""}
  kubeconfig: {type: string, default: ""}
  pulumi:disable-default-providers: {value: [kubernetes]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with the stacks dev (on the local cluster) and staging (on a cluster of one's own)."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  flask-k8s:context: flask-k8s-dev\n")
    (tmp_path / "Pulumi.staging.yaml").write_text(
        "config:\n  flask-k8s:context: kind-kind\n  flask-k8s:hashKey:\n    secure: v1:AAAA\n  flask-k8s:replicas: 5\n"
    )
    return tmp_path


@pytest.fixture(autouse=True)
def warm_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that run offline are forks of a process that has loaded the SDK."""

    def run(words: list[str], *, cwd: Path, env: dict[str, str], timeout: float, check: bool, **more: Any) -> object:
        if warm.is_own(words[0]):
            return warm.run(words[1], words[2:], cwd, env, given=more["input"], timeout=timeout)
        return subprocess.run(words, check=check, cwd=cwd, env=env, timeout=timeout, **more)

    quick = SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)
    monkeypatch.setattr(offline, "subprocess", quick)


@pytest.fixture
def no_collection() -> Iterator[None]:
    """For texts that exhaust the stack: the finalizer of other tests' garbage would find none left, and warn."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the `pulumi` on PATH writes its arguments; it exits with FAKE_EXIT (default 0)."""
    words = tmp_path / "words"
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> {words}\necho "{{}}"\nexit "${{FAKE_EXIT:-0}}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    return words
