"""The command line: exit codes and messages of what is refused before an engine runs."""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.cli import main, parser

IMAGE = f"registry.test/app@sha256:{'1' * 64}"


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
        (["promote", "dev"], "target"),
        (["promote", "dev", "staging", "--up", "--pr"], "--pr"),
        (["promote", "dev", "staging", "--copy-to"], "the stage staging declares none"),
        (["rollback", "nowhere"], "'nowhere'"),
        (["rollback", "staging", "--to"], "--to"),
        (["freeze", "staging"], "--why"),
        (["history", "nowhere"], "'nowhere'"),
        (["diff", "staging"], "other"),
        (["drift", "nowhere"], "'nowhere'"),
        (["up", "dev", "--image"], "--image"),
        (["up", "staging", "--yes", "--image", "registry.test/app:1"], "--image: The image 'registry.test/app:1' must"),
        (["preview", "staging", "--image", ""], "--image: The image ''"),
    ],
)
def test_a_wrong_command_line(folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pipeline.yaml").write_text("stages: [{stack: dev}, {stack: staging}]\n")
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
    (folder / "Pulumi.prod.yaml").write_text(f"config:\n  flask-k8s:image: {IMAGE}\n")
    assert main(["--engine", "pulumi", "--project", str(folder), "build", "prod"]) == 0
    assert capsys.readouterr().out == f"{IMAGE}\n"
    assert not pulumi.exists()


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command's parser."""
    actions = parser()._subparsers._group_actions  # type: ignore[union-attr]  # there is no public way
    return dict(next(action.choices for action in actions if isinstance(action, argparse._SubParsersAction)))


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_leads_to_a_function(name: str) -> None:
    module, _, function = commands()[name].get_default("run").partition(":")
    found = getattr(importlib.import_module(module), function)
    of_stack = commands()[name].get_default("of_stack")
    assert [*inspect.signature(found).parameters] == ["stack" if of_stack else "project", "engine", "args"]
    assert inspect.getdoc(found)


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["up", "prod", "--no-rollback-on-failure"], {"rollback_on_failure": False, "push": False, "image": None}),
        (["up", "dev", "--rollback-on-failure", "--push"], {"rollback_on_failure": True, "push": True}),
        (["up", "dev"], {"rollback_on_failure": None, "yes": False}),
        (["preview", "dev", "--diff", "--image", IMAGE], {"diff": True, "image": IMAGE}),
        (["promote", "a", "b"], {"copy_to": None, "up": False, "pr": False, "skip_stage": False, "approved_by": None}),
        (["promote", "a", "b", "--copy-to", "--up"], {"copy_to": "", "up": True, "rollback_on_failure": None}),
        (["promote", "a", "b", "--copy-to", "r.test/x", "--pr"], {"copy_to": "r.test/x", "pr": True}),
        (["rollback", "prod", "--to", "7", "--push"], {"to": "7", "push": True, "stack": "prod"}),
        (["freeze", "prod", "--why", "it is late"], {"why": "it is late", "push": False}),
        (["drift", "prod", "--fix", "--json"], {"fix": True, "json": True}),
        (["diff", "staging", "prod"], {"stack": "staging", "other": "prod"}),
        (["status", "--html", "page.html", "--watch"], {"html": Path("page.html"), "watch": True}),
    ],
    ids=" ".join,
)
def test_options(words: list[str], given: dict[str, object]) -> None:
    found = vars(parser().parse_args(words))
    assert {key: found[key] for key in given} == given


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["promote", "dev", "staging"], "pipeline.yaml"),
        (["status"], "pipeline.yaml"),
    ],
    ids=" ".join,
)
def test_a_wrong_configuration(folder: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--engine", "embedded", "--project", str(folder), *words]) == os.EX_CONFIG
    assert says in capsys.readouterr().err


def test_what_a_shell_waits_for_loads_no_slow_library() -> None:
    slow = ["lightkube", "httpx2", "requests", "jinja2", "grpc", "pulumi", "docker"]
    code = f"import sys, deploy.cli, deploy.commands; print([name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "[]\n"
