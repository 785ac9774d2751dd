"""What an update leaves in the history, and how `stack history` shows it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest

from engine.cli import main
from tests.engine.world import World

IDENTITY = ("-c", "user.name=A Person", "-c", "user.email=a@example.com")


def updates(world: World, *options: str) -> list[dict[str, Any]]:
    """What `stack history --json` prints."""
    ended = world.run("stack", "history", "--json", *options)
    assert (ended.code, ended.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def commit(world: World, message: str) -> None:
    """Commits the project as it is."""
    for words in (("init", "--quiet"), ("add", "--all"), (*IDENTITY, "commit", "--quiet", "-m", message)):
        subprocess.run(["git", *words], cwd=world.project, env=world.environment, check=True)


def test_commits_messages_and_config_files(world: World) -> None:
    assert updates(world) == []
    world.environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    world.program("""Thing("a", size=pulumi.Config().require_int("size"))""")
    assert world.run("config", "set", "--secret", "key", "hunter2").code == 0
    world.write(".gitignore", "__pycache__/\n")  # what the program leaves while git is asked
    commit(world, "feat: one\n\nmore")
    world.up()
    world.write("other.yaml", (world.project / "Pulumi.dev.yaml").read_text() + "  size: 7\n  list: [x]\n")
    world.up("--message", "by hand", "--config-file", "other.yaml")
    assert world.resources()["a"]["inputs"]["size"] == 7
    second, first = updates(world)
    assert [first["message"], second["message"]] == ["feat: one", "by hand"]
    assert first["environment"]["git.author"] == "A Person"
    assert first["environment"]["git.dirty"] == "false"
    assert first["environment"]["git.head"] == second["environment"]["git.head"]
    assert second["environment"]["git.dirty"] == "true"
    assert second["config"] == {
        "demo:key": {"secret": True},
        "demo:list": {"value": '["x"]', "objectValue": ["x"], "secret": False},
        "demo:size": {"value": "7", "secret": False},
    }
    assert updates(world, "--page-size", "1", "--page", "2") == [first]
    assert updates(world, "--page-size", "0") == [second, first]
    assert updates(world, "--page", "2") == []
    assert world.run("preview", "--config-file", "other.yaml", "--expect-no-changes", "-m", "no matter").code == 0
    assert world.run("preview", "--expect-no-changes").code == 7
    assert world.run("destroy", "--yes", "-f", "--config-file", "other.yaml").code == 0


@pytest.fixture
def here(here: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project with its stack and two updates in its history; commands run in this process."""
    monkeypatch.setattr("time.time", lambda: 1_767_322_805.5 + 7200)
    assert main(["stack", "init"]) == 0
    folder = here.folder / "state/.pulumi/history/demo/dev"
    folder.mkdir(parents=True)
    old = {"kind": "update", "startTime": 1_600_000_000, "endTime": 1_600_003_665, "result": "failed"}
    new = {
        "kind": "destroy",
        "startTime": 1_767_322_805,
        "endTime": 1_767_322_810,
        "result": "succeeded",
        "message": "feat: \x1bone",
        "environment": {"git.head": "abc", "empty": " "},
        "resourceChanges": {"create": 2, "same": 9},
    }
    for stamp, entry in enumerate((old, new)):
        (folder / f"dev-{stamp}.history.json").write_text(json.dumps(entry))
        (folder / f"dev-{stamp}.history.json.attrs").write_text("{}")
    return here


def test_text(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["stack", "history"]) == 0
    assert capsys.readouterr().out == (
        "Version: 0\nUpdateKind: destroy\nStatus: succeeded\nMessage: feat:  one\n"
        "+2-0~0 9 Updated 2 hours ago took 5s\n    git.head: abc\n\n"
        "Version: 0\nUpdateKind: update\nStatus: failed\nMessage: \n"
        "+0-0~0 0 Updated 5 years ago took 1h1m5s\n\n"
    )
    assert main(["stack", "history", "--full-dates", "--page-size", "1"]) == 0
    assert re.search(r"Updated 2026-01-0\d \d\d:\d\d:05 [+-]\d{4} \S+ took 5s\n", capsys.readouterr().out)
    assert main(["stack", "history", "--page", "9"]) == 0
    assert capsys.readouterr().out == "No stack updates found on page '9'\n"
    assert main(["stack", "init", "new"]) == 0
    assert main(["stack", "history", "--stack", "new"]) == 0
    assert capsys.readouterr().out.endswith("Stack has never been updated\n")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["stack", "history", "--stack", "none"], 78, "no stack named 'none'"),
        (["stack", "history", "--show-secrets"], 64, "use the Pulumi CLI"),
        (["up", "--yes", "--config-file", "none.yaml"], 64, "--config-file none.yaml: there is no such file"),
        (["up", "--yes", "--config", "a=b"], 64, "use the Pulumi CLI"),
    ],
)
def test_refusals(here: World, capsys: pytest.CaptureFixture[str], words: list[str], code: int, error: str) -> None:
    assert main(words) == code
    assert error in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("dev-0.history.json", "{", "dev-0.history.json is damaged; remove it"),
        ("dev-0.history.json", "[]", "dev-0.history.json is damaged; remove it"),
        ("dev-2.history.json.gz", "", "compressed history file dev-2.history.json.gz"),
    ],
)
def test_files_that_cannot_be_used(
    here: World, capsys: pytest.CaptureFixture[str], name: str, content: str, error: str
) -> None:
    (here.folder / "state/.pulumi/history/demo/dev" / name).write_text(content)
    assert main(["stack", "history"]) != 0
    assert error in capsys.readouterr().err
