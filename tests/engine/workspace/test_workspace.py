"""The selected stack, in the file that the CLI keeps it in."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from engine.cli import main
from tests.engine.world import World


@pytest.fixture
def here(here: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project without a stack, and no stack named in the environment."""
    monkeypatch.delenv("PULUMI_STACK")
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    monkeypatch.setenv("PWD", str(here.project))
    return here


def settings_file(world: World, project: Path) -> Path:
    digest = hashlib.sha1(f"{project}/Pulumi.yaml".encode(), usedforsecurity=False).hexdigest()
    return world.folder / "home/.pulumi/workspaces" / f"demo-{digest}-workspace.json"


def current(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What `stack ls` marks."""
    capsys.readouterr()
    assert main(["stack", "ls", "--json"]) == 0
    return [row["name"] for row in json.loads(capsys.readouterr().out) if row["current"]]


def test_select_and_unselect(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    file, url = settings_file(here, here.project), here.environment["PULUMI_BACKEND_URL"]
    assert main(["stack", "init", "one"]) == 0
    assert json.loads(file.read_text()) == {"stacks": {url: "organization/demo/one"}}
    assert main(["stack", "init", "two", "--no-select"]) == 0
    assert current(capsys) == ["one"]
    assert main(["config", "set", "size", "3"]) == 0
    assert "size: '3'" in (here.project / "Pulumi.one.yaml").read_text()
    assert main(["stack", "select", "two"]) == 0
    assert current(capsys) == ["two"]
    assert main(["stack", "select", "none"]) == 78
    assert main(["stack", "select"]) == 64
    assert main(["stack", "select", "three", "--create"]) == 0
    assert current(capsys) == ["three"]
    main(["stack", "ls"])
    assert "three*" in capsys.readouterr().out
    assert main(["stack", "unselect"]) == 0
    assert not file.exists()
    assert main(["stack", "output"]) == 64
    assert "stack select NAME" in capsys.readouterr().err
    main(["stack", "select", "two"])
    assert main(["stack", "rm", "--yes"]) == 0
    assert not (here.project / "Pulumi.two.yaml").exists()
    assert not file.exists()


def test_the_environment_comes_first(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["stack", "init", "one"])
    main(["stack", "init", "two"])
    monkeypatch.setenv("PULUMI_STACK", "one")
    assert current(capsys) == ["one"]
    monkeypatch.setenv("PULUMI_STACK", "")
    assert current(capsys) == []


def test_each_backend_has_its_own(here: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    main(["stack", "init", "one"])
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/other")
    (tmp_path / "other").mkdir()
    assert main(["stack", "output"]) == 64
    main(["stack", "init", "two"])
    main(["stack", "unselect"])
    assert list(json.loads(settings_file(here, here.project).read_text())["stacks"].values()) == [
        "organization/demo/one"
    ]


@pytest.mark.parametrize(
    ("name", "found"), [("one", ["one"]), ("organization/demo/one", ["one"]), ("acme/demo/one", [])]
)
def test_what_an_older_version_wrote(
    here: World, capsys: pytest.CaptureFixture[str], name: str, found: list[str]
) -> None:
    main(["stack", "init", "one", "--no-select"])
    file = settings_file(here, here.project)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"stack": name}))
    assert current(capsys) == found


def test_the_path_is_spelled_as_in_the_shell(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here.project / "sub").mkdir()
    link = here.folder / "link"
    link.symlink_to(here.project)
    os.chdir(link / "sub")
    monkeypatch.setenv("PWD", str(link / "sub"))
    assert main(["stack", "init", "one"]) == 0
    assert settings_file(here, link).exists()
    monkeypatch.setenv("PWD", "/")
    assert main(["stack", "select", "one"]) == 0
    assert settings_file(here, here.project).exists()


def test_a_home_that_cannot_be_written(
    here: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = here.folder / "blocked"
    blocked.write_text("")
    monkeypatch.setenv("PULUMI_HOME", str(blocked))
    assert main(["stack", "init", "one"]) == 0
    assert "warning: the selected stack cannot be noted" in capsys.readouterr().err
    assert main(["stack", "select", "one"]) == 78
    assert main(["stack", "rm", "one", "--yes"]) == 0


def test_a_damaged_file(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init", "one"])
    settings_file(here, here.project).write_text("{")
    assert main(["stack", "output"]) == 78
    assert "is damaged; remove it and select again" in capsys.readouterr().err
