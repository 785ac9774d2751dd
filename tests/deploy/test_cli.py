"""The command line: exit codes and messages of what is refused before an engine runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.cli import main


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "COMMAND"),
        (["upp", "dev"], "upp"),
        (["up"], "stack"),
        (["up", "dev", "--force"], "--force"),
        (["up", "nowhere"], "'nowhere'"),
        (["config", "dev", "set"], "needs a key"),
        (["clean", "staging"], "staging runs on no local cluster"),
    ],
)
def test_a_wrong_command_line(folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "embedded", "--project", str(folder), *words]) == os.EX_USAGE
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert says in error
    assert "Traceback" not in error


def test_dev_without_root_and_without_a_cluster_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr("deploy.preflight.check_config", lambda stack: None)
    assert main(["--engine", "embedded", "--project", str(folder), "up", "dev", "--yes"]) == os.EX_UNAVAILABLE
    error = capsys.readouterr().err
    assert "root" in error
    assert "a cluster of your own" in error


def test_config_shows_no_secret(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "embedded", "--project", str(folder), "config", "staging"]) == 0
    shown = capsys.readouterr().out
    assert "flask-k8s:hashKey: [secret]" in shown
    assert "v1:AAAA" not in shown


def test_build_of_a_pinned_stack_prints_its_digest_and_runs_nothing(
    folder: Path, pulumi: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = f"registry.test/app@sha256:{'1' * 64}"
    (folder / "Pulumi.prod.yaml").write_text(f"config:\n  flask-k8s:image: {reference}\n")
    assert main(["--engine", "pulumi", "--project", str(folder), "build", "prod"]) == 0
    assert capsys.readouterr().out == f"{reference}\n"
    assert not pulumi.exists()
