"""The commands: their exit codes, and what they say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import cluster
from cluster.__main__ import main
from cluster.profile import Profile


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Profile, "run", tmp_path / "run")


@pytest.mark.parametrize("argv", [[], ["start"], ["up", "--unknown"], ["up", "--profile"]])
def test_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == os.EX_USAGE
    assert "usage: python -m cluster" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "--profile" in capsys.readouterr().out


def test_only_root_can_start_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["up", "--profile", "mine"]) == os.EX_UNAVAILABLE
    error = capsys.readouterr().err
    assert error.startswith("error: the local cluster (profile mine) needs root")
    assert "name a cluster of your own" in error


def test_a_bad_profile_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--profile", "No"]) == os.EX_USAGE
    assert "'No'" in capsys.readouterr().err


def test_down_and_clean_of_what_never_ran(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down", "--profile", "mine"]) == 0
    assert main(["clean", "--profile", "mine"]) == 0
    assert capsys.readouterr().err.count("cluster mine was never started") == 2


def test_clean_deletes_the_data_of_its_profile_only(tmp_path: Path) -> None:
    mine, other = Profile("mine"), Profile("other")
    for place in (mine, other):
        place.pki.mkdir(parents=True)
    cluster.clean("mine", say=print)
    assert not mine.data.exists()
    assert other.pki.exists()


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster, "up", interrupted)
    assert main(["up"]) == 130


def test_nothing_is_handed_out_of_what_does_not_run() -> None:
    assert cluster.handout("mine") is None
