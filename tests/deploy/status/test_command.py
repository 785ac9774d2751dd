"""The command: text, JSON, a page in a file, and again and again."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import pytest

from deploy.engines import Embedded
from deploy.errors import DeployError
from deploy.pipeline.record import Pipeline
from deploy.status import command
from deploy.status.record import Report
from tests.deploy.status.samples import REPORT


@pytest.fixture(autouse=True)
def compared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each report that was collected was to have the differences."""
    (folder / "pipeline.yaml").write_text("stages:\n- stack: dev\n- stack: staging\n")
    asked = []

    def collect(project: Path, pipeline: Pipeline, engine: Embedded, *, compare: bool = False) -> Report:
        assert pipeline.names == ("dev", "staging")
        asked.append(compare)
        return REPORT

    monkeypatch.setattr(command, "collect", collect)
    return asked


def run(folder: Path, *, json: bool = False, watch: bool = False, html: Path | None = None) -> int:
    return command.status(folder, Embedded(folder), argparse.Namespace(json=json, watch=watch, html=html))


def test_text_goes_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    assert capsys.readouterr().out.startswith("ENVIRONMENT")


def test_json(folder: Path, capsys: pytest.CaptureFixture[str], compared: list[bool]) -> None:
    assert run(folder, json=True) == 0
    assert json.loads(capsys.readouterr().out)["project"] == "flask-k8s"
    assert compared == [False]


def test_a_page_replaces_the_file_and_has_the_differences(
    folder: Path, capsys: pytest.CaptureFixture[str], compared: list[bool]
) -> None:
    file = folder / "status.html"
    file.write_text("the one before")
    assert run(folder, html=file) == 0
    assert file.read_text("utf-8").startswith("<!doctype html>")
    assert capsys.readouterr() == ("", f"written: {file}\n")
    assert compared == [True]


def test_a_page_where_none_can_be_written_is_a_mistake_of_the_command_line(folder: Path) -> None:
    with pytest.raises(DeployError, match="name a file that can be written") as err:
        run(folder, html=folder / "Pulumi.yaml" / "status.html")
    assert err.value.code == os.EX_USAGE


def test_watching_goes_on_until_it_is_interrupted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = iter([None, None])

    def pause(seconds: float) -> None:
        if next(pauses, "over") == "over":
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", pause)
    assert run(folder, watch=True) == 0
    shown = capsys.readouterr().out
    assert shown.count("ENVIRONMENT") == 3
    assert "\x1b" not in shown


def test_watching_and_a_page_do_not_go_together(folder: Path) -> None:
    with pytest.raises(DeployError, match="leave out") as err:
        run(folder, watch=True, html=folder / "status.html")
    assert err.value.code == os.EX_USAGE
