"""`init`: the passphrase and the secrets of a stack; run with the embedded engine, for good."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import DEV_PASSPHRASE
from deploy import environment
from deploy.cli import main
from deploy.stack import Stack, load

FILE = "# The environment.\nconfig:\n  flask-k8s:replicas: 5  # enough\n"


@pytest.fixture
def staging(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack without secrets, in a home without passphrases."""
    for name in [name for name in os.environ if name.startswith("PULUMI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("engine.backend.passphrase.ROUNDS", 10)
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/state")
    (folder / "Pulumi.staging.yaml").write_text(FILE)
    return load(folder, "staging")


def init(stack: Stack) -> int:
    with environment.restored():
        return main(["--engine", "embedded", "--project", str(stack.project), "init", stack.name])


def test_a_passphrase_and_two_secrets(staging: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert init(staging) == 0
    file = environment.passphrase_file(staging)
    passphrase = file.read_text()
    assert len(passphrase) > 40
    assert file.stat().st_mode & 0o777 == 0o600
    assert [*file.parent.iterdir()] == [file]
    assert file.parent.stat().st_mode & 0o777 == 0o700
    made = load(staging.project, "staging")
    assert made.secret_keys == {"flask-k8s:secretKey", "flask-k8s:hashKey"}
    assert made.salt
    text = made.file.read_text()
    assert text.startswith("# The environment.")
    assert "replicas: 5  # enough" in text
    said = capsys.readouterr()
    assert str(file) in said.err
    assert "secretKey and hashKey made" in said.err
    assert passphrase not in text + said.out + said.err


def test_again_it_changes_nothing(staging: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    init(staging)
    before = staging.file.read_bytes(), environment.passphrase_file(staging).read_bytes()
    assert init(staging) == 0
    assert (staging.file.read_bytes(), environment.passphrase_file(staging).read_bytes()) == before
    assert "Pulumi.staging.yaml has its secrets already" in capsys.readouterr().err


def test_what_was_killed_half_way_is_gone_on_with(staging: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    init(staging)
    lines = staging.file.read_text().splitlines(keepends=True)
    at = next(index for index, line in enumerate(lines) if "hashKey" in line)
    staging.file.write_text("".join(lines[:at] + lines[at + 2 :]))
    assert load(staging.project, "staging").secret_keys == {"flask-k8s:secretKey"}
    assert init(staging) == 0
    assert load(staging.project, "staging").secret_keys == {"flask-k8s:secretKey", "flask-k8s:hashKey"}
    assert ": hashKey made" in capsys.readouterr().err


@pytest.mark.parametrize("moment", ["os.fsync", "os.link"], ids=["written", "complete"])
def test_killed_or_without_space_there_is_no_passphrase_rather_than_an_empty_one(
    staging: Stack, moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(moment, full)
        assert init(staging) == 1
    file = environment.passphrase_file(staging)
    assert [*file.parent.iterdir()] == []
    said = capsys.readouterr().err
    assert f"cannot be kept in {file}: No space left on device" in said
    assert load(staging.project, "staging").secret_keys == set()
    assert init(staging) == 0
    assert file.stat().st_size > 40


def test_an_empty_file_of_before_makes_way(staging: Stack) -> None:
    file = environment.passphrase_file(staging)
    file.parent.mkdir(parents=True)
    file.touch()
    assert init(staging) == 0
    assert file.stat().st_size > 40
    assert file.stat().st_mode & 0o777 == 0o600


def test_another_init_was_quicker(staging: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    file, fsync = environment.passphrase_file(staging), os.fsync

    def meanwhile(handle: int) -> None:
        fsync(handle)
        monkeypatch.setattr("os.fsync", fsync)
        file.write_text("the other one's")

    monkeypatch.setattr("os.fsync", meanwhile)
    assert init(staging) == 0
    assert file.read_text() == "the other one's"
    assert [*file.parent.iterdir()] == [file]


def test_a_passphrase_of_one_s_own_is_taken(staging: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "mine")
    assert init(staging) == 0
    assert not environment.passphrase_file(staging).exists()


def test_dev_s_passphrase_is_none_for_others(staging: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", DEV_PASSPHRASE)
    assert init(staging) == 0
    assert environment.passphrase_file(staging).exists()


def test_secrets_of_a_passphrase_that_is_elsewhere(staging: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    init(staging)
    environment.passphrase_file(staging).unlink()
    before = staging.file.read_bytes()
    assert init(staging) == 78
    said = capsys.readouterr().err
    assert "Pulumi.staging.yaml has secrets already" in said
    assert str(environment.passphrase_file(staging)) in said
    assert staging.file.read_bytes() == before
    assert not environment.passphrase_file(staging).exists()


def test_a_wrong_passphrase(
    staging: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    init(staging)
    staging.file.write_text(staging.file.read_text().replace("hashKey", "otherKey"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "not the one")
    assert init(staging) == 78
    assert "not the one" not in capsys.readouterr().err
