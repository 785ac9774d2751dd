"""Objects go to a kubeconform that is told what to answer; the real one is in tests/integration/test_ci.py."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster import build
from deploy import stack as stacks
from deploy.ci import schemas
from deploy.ci.schemas import Checked, check
from deploy.errors import DeployError
from tests.deploy.ci.conftest import settle

Tool = Callable[..., Path]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Puts a kubeconform on PATH that prints a text; the file with its arguments and its input."""

    def make(text: object, code: int = 0) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "answer").write_text(text if isinstance(text, str) else json.dumps(text))
        program = folder / "kubeconform"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {folder}/asked; cat >> {folder}/asked\ncat {folder}/answer; exit {code}'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return folder / "asked"

    return make


def answer(*resources: object, valid: int = 5, invalid: int = 0, errors: int = 0) -> object:
    return {"resources": resources, "summary": {"valid": valid, "invalid": invalid, "errors": errors, "skipped": 0}}


def test_objects_of_the_stack_are_checked_for_the_clusters_version(project: Path, tool: Tool) -> None:
    asked = tool(answer())
    assert check(stacks.load(project, "dev")) == Checked(5)
    words, _, rest = asked.read_text().partition("\n")
    version = build.version().removeprefix("v")
    assert words == f"-strict -summary -output json -kubernetes-version {version} -"
    kinds = [json.loads(document)["kind"] for document in rest.split("\n---\n")]
    assert sorted(kinds) == ["ConfigMap", "Deployment", "Namespace", "Secret", "Service"]
    assert "canary" not in rest


def test_schemas_of_ones_own(project: Path, tool: Tool) -> None:
    asked = tool(answer())
    check(stacks.load(project, "dev"), "/srv/schemas")
    assert " -schema-location /srv/schemas -\n" in asked.read_text()


def test_stage_without_an_image_is_checked_too(project: Path, tool: Tool) -> None:
    asked = tool(answer())
    settle(project, "prod")
    assert check(stacks.load(project, "prod")).problems == ()
    assert f"flask-k8s@sha256:{'0' * 64}" in asked.read_text()


def test_what_is_wrong_is_told_line_by_line(project: Path, tool: Tool) -> None:
    wrong = {
        "kind": "Deployment",
        "name": "web",
        # As kubeconform v0.8.0 has it.
        "msg": "problem validating schema. Check JSON formatting: jsonschema validation failed with 'file:///s.json#' "
        "- at '': validation failed   - at '/spec/replicas': got string,   want integer   - at '': additional "
        "properties 'foo' not allowed",
        "validationErrors": [{"path": "", "msg": "validation failed"}],
    }
    missing = {"kind": "Namespace", "name": "shop", "msg": "could not find schema for Namespace"}
    tool(answer(wrong, missing, valid=3, invalid=1, errors=1), code=1)
    assert check(stacks.load(project, "dev")).problems == (
        "Deployment web: additional properties 'foo' not allowed",
        "Deployment web: spec.replicas: got string, want integer",
        "Namespace shop: could not find schema for Namespace",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("boom\nbang", "kubeconform failed: boom bang"),
        ("[]", "kubeconform failed: "),
        (answer(valid=4), "looked at 4 of 5 objects"),
    ],
)
def test_tool_that_fails(project: Path, tool: Tool, text: object, words: str) -> None:
    tool(text, code=2)
    with pytest.raises(DeployError, match=words) as raised:
        check(stacks.load(project, "dev"))
    assert raised.value.code == os.EX_UNAVAILABLE


def test_tool_that_is_missing(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stacks.load(project, "dev")
    monkeypatch.setattr(schemas, "objects", lambda *_, **__: [])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match=r"kubeconform is not on PATH.*go install") as raised:
        check(stack)
    assert raised.value.code == os.EX_UNAVAILABLE


def test_tool_that_hangs(project: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tool("")
    (asked.parent / "kubeconform").write_text("#!/bin/sh\nexec sleep 60")
    monkeypatch.setattr(schemas, "TIMEOUT", 0.2)
    with pytest.raises(DeployError, match=rf"more than 0\.2 s.*{schemas.LOCATION} names others"):
        check(stacks.load(project, "dev"))
