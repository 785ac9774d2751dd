"""The command `diff`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.cli import main
from deploy.objects import command
from deploy.objects.diff import Change, Difference

FOUND = Difference(
    [Change("", "replicas", "2", "3"), Change("", "hashKey", None, "[secret]")],
    [
        Change("Deployment app", "spec.replicas", 2, 3),
        Change("Secret app-pull", "", "app-pull-0123456789", None),
        Change("Service app", "", None, "app"),
    ],
)
TEXT = """\
dev -> staging

configuration
  replicas: 2 -> 3
  hashKey: (not set) -> [secret]

Deployment app
  spec.replicas: 2 -> 3

Secret app-pull
  only in dev

Service app
  only in staging
"""


@pytest.fixture
def diff(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setattr(command, "difference", lambda left, right: FOUND)
    return lambda *words: main(["--engine", "embedded", "--project", str(folder), "diff", "dev", *words])


def test_is_grouped_for_people(diff: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("staging") == 0
    assert capsys.readouterr().out == TEXT


def test_is_coloured_only_where_that_is_wanted(
    diff: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    diff("staging")
    assert capsys.readouterr().out == TEXT
    monkeypatch.delenv("NO_COLOR")
    diff("staging")
    assert "replicas: \x1b[31m2\x1b[0m -> \x1b[32m3\x1b[0m" in capsys.readouterr().out


def test_as_json(diff: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("staging", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["left"], found["right"]) == ("dev", "staging")
    assert found["objects"][0] == {"object": "Deployment app", "path": "spec.replicas", "left": 2, "right": 3}
    assert found["config"][1] == {"object": "", "path": "hashKey", "left": None, "right": "[secret]"}


def test_no_difference_is_said(
    diff: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "difference", lambda left, right: Difference([], []))
    assert diff("staging") == 0
    assert "no difference" in capsys.readouterr().out


def test_an_unknown_environment_is_refused(diff: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("nowhere") == os.EX_USAGE
    assert "'nowhere'" in capsys.readouterr().err


def test_the_repository_s_own_environments_compare(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "embedded", "--project", str(project), "diff", "staging", "prod"]) == 0
    shown = capsys.readouterr().out
    assert "greeting: 'Hello from staging!' -> 'Hello from production!'" in shown
    assert "protect: false -> true" in shown
    assert "Deployment flask-k8s\n" in shown
