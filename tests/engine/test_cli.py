"""The command line: stacks, config, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import sys
import time
from pathlib import Path

import pytest

from engine.cli import main
from engine.deployment.providers import PACKAGES
from tests.engine.world import World


def test_stacks(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stack", "init"]) == 0
    assert main(["stack", "init", "other"]) == 0
    assert main(["stack", "init", "other"]) == 78
    assert "stack 'other' already exists" in capsys.readouterr().err
    assert main(["stack", "ls", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["dev", "other"]
    assert main(["stack", "ls"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["NAME", "LAST", "UPDATE", "RESOURCE", "COUNT"]
    assert main(["stack", "rm", "other"]) == 64
    assert main(["stack", "rm", "other", "--yes"]) == 0
    assert not (here.project / "Pulumi.other.yaml").exists()
    assert main(["stack", "output", "--stack", "other"]) == 78
    assert "no stack named 'other'" in capsys.readouterr().err
    assert main(["--stack", "dev"]) == 64


def test_a_stack_with_resources_is_not_removed(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init"])
    raw = json.loads(here.checkpoint.read_text())
    raw["checkpoint"]["latest"]["resources"] = [{"urn": "urn:x", "custom": True, "type": "fake:index:Thing", "id": "x"}]
    here.checkpoint.write_text(json.dumps(raw))
    assert main(["stack", "rm", "--yes"]) == 1
    assert "still has 1 resources" in capsys.readouterr().err
    assert main(["stack", "rm", "--yes", "--force", "--preserve-config"]) == 0
    assert (here.project / "Pulumi.dev.yaml").exists()


def test_config(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init"])
    assert main(["config", "set", "size", "7"]) == 0
    assert main(["config", "set", "other:key", "x"]) == 0
    assert main(["config", "set", "--secret", "password", "hunter2"]) == 0
    assert "hunter2" not in (here.project / "Pulumi.dev.yaml").read_text()
    capsys.readouterr()
    for key, value in (("size", "7"), ("demo:size", "7"), ("other:key", "x"), ("password", "hunter2")):
        assert main(["config", "get", key]) == 0
        assert capsys.readouterr().out == f"{value}\n"
    assert main(["config", "get", "password", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"value": "hunter2", "secret": True}
    assert main(["config", "rm", "size"]) == 0
    assert main(["config", "get", "size"]) == 0
    assert capsys.readouterr().out == "1\n", "the project's default"
    assert main(["config", "rm", "size"]) == 0, "as with the CLI"
    for words in (["secretName", "kubernetes"], ["password", "hunter2"], ["token", "S3cr3t-9f86d08", "--plaintext"]):
        assert main(["config", "set", *words]) == 0
    assert capsys.readouterr().err == ""
    assert main(["config", "get", "none"]) == 1
    assert "configuration key 'none' not found" in capsys.readouterr().err


def test_config_paths(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init"])
    for arguments in (["secrets.TOKEN", "hunter2", "--secret"], ["secrets.n", "3"], ["list[0].x", "true"]):
        assert main(["config", "set", "--path", *arguments]) == 0
    text = (here.project / "Pulumi.dev.yaml").read_text()
    assert "hunter2" not in text
    assert "    n: 3\n  demo:list:\n  - x: true\n" in text
    for key, value in (
        ("secrets.TOKEN", "hunter2"), ("secrets", '{"TOKEN":"hunter2","n":3}'), ("list[0]", '{"x":true}')
    ):  # fmt: skip
        capsys.readouterr()
        assert main(["config", "get", "--path", key]) == 0
        assert capsys.readouterr().out == f"{value}\n"
    assert main(["config", "get", "--path", "secrets.n", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"value": "3", "secret": False}
    assert main(["config", "get", "secrets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["objectValue"] == {"TOKEN": "hunter2", "n": 3}
    assert main(["config", "rm", "--path", "secrets.n"]) == 0
    assert main(["config", "get", "--path", "secrets.n"]) == 1
    assert main(["config", "set", "--path", "list[5]", "x"]) == 64
    assert "the array has only 1 elements" in capsys.readouterr().err


def test_a_value_from_standard_input(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    main(["stack", "init"])
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    assert main(["config", "set", "--secret", "key"]) == 0
    capsys.readouterr()
    main(["config", "get", "key"])
    assert capsys.readouterr().out == "from a pipe\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["refresh"], 64, "--yes or --skip-preview or --preview-only must be passed in"),
        (["refresh", "--run-program"], 64, "use the Pulumi CLI"),
        (["refresh", "--import-pending-creates", "urn", "id"], 64, "use the Pulumi CLI"),
        (["preview", "--refresh=perhaps"], 64, "--refresh"),
        (["up", "--plan", "x"], 64, "use the Pulumi CLI"),
        (["stack", "rename", "x"], 64, "use the Pulumi CLI"),
        (["config", "refresh"], 64, "use the Pulumi CLI"),
        (["stack", "init", "--secrets-provider", "awskms://x"], 64, "secrets provider 'awskms'"),
        (["stack", "init", "a b"], 64, "a stack name has"),
        (["preview", "--cwd", "/nowhere"], 64, "there is no such folder"),
        (["preview", "--parallel", "0"], 64, "it must be 1 or more"),
        (["up"], 64, "--yes or --skip-preview must be passed in"),
        ([], 64, "required"),
        (["stack", "rm", "organization/other/dev", "--yes"], 64, "is of the project 'other', and this is"),
        (["up", "--yes", "--stack", "organization/other/dev"], 64, "is of the project 'other', and this is"),
        (["stack", "select", "organization/other/dev"], 64, "is of the project 'other', and this is"),
        (["config", "set", "a:b:c", "x"], 64, "must read <namespace>:<name>"),
        (["config", "set", "dbPassword", "S3cr3t-9f86d08"], 64, "looks like a secret; rerun with --secret"),
        (["config", "set", "--path", "db.password", "S3cr3t-9f86d08"], 64, "looks like a secret"),
        (["config", "set", "--secret", "--plaintext", "a", "b"], 64, "not allowed with"),
        (["stack", "export", "--file", "/proc/none/x"], 69, "/proc/none/x cannot be written"),
    ],
)
def test_what_is_refused(
    here: World, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    here.program("")
    main(["stack", "init"])
    before = here.checkpoint.read_bytes(), (here.project / "Pulumi.dev.yaml").read_bytes()
    assert main(arguments) == code
    assert said in capsys.readouterr().err
    assert before == (here.checkpoint.read_bytes(), (here.project / "Pulumi.dev.yaml").read_bytes())


def test_no_stack_and_no_backend(
    here: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PULUMI_STACK")
    assert main(["stack", "output"]) == 64
    assert main(["stack", "init"]) == 64
    assert "no stack is named" in capsys.readouterr().err
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    assert main(["stack", "ls"]) == 78
    assert "PULUMI_BACKEND_URL" in capsys.readouterr().err
    monkeypatch.setenv("PULUMI_DIY_BACKEND_GZIP", "true")
    assert main(["stack", "ls"]) == 64
    assert "compressed state (PULUMI_DIY_BACKEND_GZIP) is not supported" in capsys.readouterr().err
    monkeypatch.setenv("PULUMI_DIY_BACKEND_GZIP", "false")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    assert main(["stack", "ls"]) == 64
    assert "s3://" in capsys.readouterr().err


def test_help_is_no_error(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "preview" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("prevew", "python -m engine 'prevew' (did you mean 'preview'?) is not supported by the embedded engine"),
        ("stack selct", "python -m engine stack 'selct' (did you mean 'select'?) is not supported"),
        ("import", "python -m engine 'import' (there is 'preview', 'up',"),
        ("up --frobnicate", "unrecognized arguments: --frobnicate: this is not supported"),
        ("preview --color blue", "invalid choice: 'blue' (choose from 'auto', "),
        ("stack", "required: action; see python -m engine stack --help"),
    ],
)
def test_what_is_mistyped_is_named_with_the_mend(
    here: World, capsys: pytest.CaptureFixture[str], words: str, said: str
) -> None:
    assert main(words.split()) == 64
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert ("Pulumi CLI" in told.err) == ("not supported" in told.err)


def test_a_run_in_this_process(
    here: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `deploy` runs it, twice in one process."""
    monkeypatch.setitem(PACKAGES, "fake", "tests.engine.fakeprovider")
    here.program("""Thing("a")""")
    main(["stack", "init"])
    assert main(["up", "--yes", "--cwd", str(here.project)]) == 0
    assert main(["preview", "--expect-no-changes"]) == 0
    assert Path.cwd() == here.project
    assert "2 unchanged" in capsys.readouterr().out


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("answer", "code", "made"), [("no\n", 1, 0), ("yes\n", 0, 1), ("\x03", 130, 0)])
def test_the_question_on_a_terminal(world: World, answer: str, code: int, made: int) -> None:
    world.program("""Thing("a")""")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(world.project)
        os.execve(sys.executable, [sys.executable, "-m", "tests.engine.launcher", "up"], world.environment)  # noqa: S606
    shown = ""
    asked = False
    while True:
        try:
            chunk = os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # what Linux answers when the other side is closed
            break
        if not chunk:
            break
        shown += chunk
        if not asked and "Type yes or no:" in shown:
            asked = True
            time.sleep(0.2)  # until it reads
            os.write(terminal, answer.encode())
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code, shown
    assert "+ 2 to create" in shown
    assert "\x1b[32m +  fake:index:Thing a create" in shown, "a terminal gets colours"
    assert "Traceback" not in shown
    assert len(world.objects()) == made
    assert not list((world.folder / "state/.pulumi/locks").rglob("*.json"))
