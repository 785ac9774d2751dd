"""Ranges of the CLI's versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import EngineError
from engine.workspace.project import load_project
from engine.workspace.version import require


@pytest.mark.parametrize(
    "range_", [">=3.0.0", "3.260.0", "= 3.260.0", ">=3.5.0 !3.7.7", "<3.4.0 || >3.8.0", ">3.259.9 <4.0.0", "v3.260.0"]
)
def test_within(range_: str) -> None:
    require(range_)


@pytest.mark.parametrize("range_", [">=9.0.0", "!3.260.0", ">=3.0.0 <3.260.0", "<3.4.0 || >=4.0.0"])
def test_without(range_: str) -> None:
    with pytest.raises(EngineError, match="is not in the version range"):
        require(range_)


@pytest.mark.parametrize("range_", ["", "latest", ">=3.0.0, <4.0.0", "3", ">=3.0.0 ||"])
def test_no_range(range_: str) -> None:
    with pytest.raises(EngineError, match="is no range of versions"):
        require(range_)


def test_a_project_that_wants_another(tmp_path: Path) -> None:
    project = tmp_path / "Pulumi.yaml"
    project.write_text("name: demo\nruntime: python\nrequiredPulumiVersion: '>=3.0.0'\n")
    assert load_project(project).name == "demo"
    project.write_text("name: demo\nruntime: python\nrequiredPulumiVersion: '<3.0.0'\n")
    with pytest.raises(EngineError, match="is not in the version range"):
        load_project(project)
