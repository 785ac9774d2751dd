"""Which engine runs a command, and with which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy import engines
from deploy.errors import DeployError


def test_the_cli_is_taken_where_there_is_one(folder: Path, pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENGINE", raising=False)
    assert engines.choose(None, folder).name == "pulumi"
    monkeypatch.setenv("ENGINE", "embedded")
    assert engines.choose(None, folder).name == "embedded"
    assert engines.choose("pulumi", folder).name == "pulumi"


def test_without_a_cli_the_embedded_engine_serves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENGINE", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    assert engines.choose(None, folder).name == "embedded"
    with pytest.raises(DeployError, match="no `pulumi` on PATH") as caught:
        engines.choose("pulumi", folder)
    assert caught.value.code == os.EX_UNAVAILABLE


def test_an_unknown_engine_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE", "terraform")
    with pytest.raises(DeployError, match=r"'terraform'.*pulumi, embedded"):
        engines.choose(None, folder)


def test_a_reading_cli_waits_for_no_input(folder: Path, pulumi: Path) -> None:
    program = folder / "bin" / "pulumi"
    program.write_text("#!/bin/sh\nreadlink /proc/self/fd/0\n")
    terminal, (ours, other) = os.dup(0), os.pipe()
    try:
        os.dup2(ours, 0)
        assert engines.choose("pulumi", folder).read("stack", "export") == "/dev/null\n"
    finally:
        os.dup2(terminal, 0)
        for number in (terminal, ours, other):
            os.close(number)


def test_the_cli_gets_the_words_and_the_project(folder: Path, pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = engines.choose("pulumi", folder)
    assert cli.read("stack", "output", "--json") == "{}\n"
    cli.read("stack", "export", "--show-secrets")
    assert pulumi.read_text().splitlines() == [
        f"stack output --json --non-interactive --cwd {folder}",
        f"stack export --show-secrets --cwd {folder}",  # which may ask for the passphrase
    ]
    monkeypatch.setenv("FAKE_EXIT", "255")
    assert cli.run("up") == 1
    with pytest.raises(DeployError, match="exit status 1"):
        cli.read("stack", "output")
