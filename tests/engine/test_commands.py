"""What the commands about a stack say, and what they leave alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer
from typing import Any

import pytest

from engine.backend import checkpoint as checkpoints
from engine.cli import main
from engine.resource import wire
from engine.stack.stackref import Stack, backend_for
from engine.workspace.project import load_project
from tests.engine.world import World

OUTPUTS = {
    "asset": {wire.SIGNATURE: wire.ASSET, "text": "x"},
    "m": {"z": [1, "é"], "a": {wire.SIGNATURE: wire.SECRET, "plaintext": '"hush"'}},
    "lines": "a\nb",
    "later": wire.UNKNOWN_TEXT,
}


def test_outputs_as_the_cli_prints_them(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init"])
    root = {"urn": "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev", "custom": False, "outputs": OUTPUTS}
    document = {"version": 3, "deployment": {"resources": [{**root, "type": "pulumi:pulumi:Stack"}]}}
    (here.folder / "in.json").write_text(json.dumps(document))
    assert main(["stack", "import", "--file", str(here.folder / "in.json")]) == 0

    def said(*words: str) -> str:
        capsys.readouterr()
        assert main(["stack", "output", *words]) == 0
        return capsys.readouterr().out

    asset = json.dumps(OUTPUTS["asset"], separators=(",", ":"))
    assert said() == (
        f"Current stack outputs (4):\n    OUTPUT  VALUE\n    asset   {asset}\n    later   {wire.UNKNOWN_TEXT}\n"
        '    lines   a\n            b\n    m       {"a":"[secret]","z":[1,"é"]}\n'
    )
    assert said("m") == '{"a":"[secret]","z":[1,"é"]}\n'
    assert said("lines", "--json") == '"a\\nb"\n'
    shown = {**OUTPUTS, "m": {"a": "hush", "z": [1, "é"]}}
    assert said("--json", "--show-secrets") == json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert said("m", "--json", "--show-secrets") == '{\n  "a": "hush",\n  "z": [\n    1,\n    "é"\n  ]\n}\n'
    assert main(["stack", "output", "none"]) == 1
    main(["stack", "init", "empty"])
    assert said("--stack", "empty") == "Current stack outputs (0):\n    No output values currently in this stack\n"


def test_an_export_does_not_replace_what_is_no_file(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init"])
    pipe = here.folder / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)
    assert main(["stack", "export", "--file", str(pipe)]) == 0
    assert json.loads(os.read(reader, 1 << 16))["version"] == 3
    assert pipe.is_fifo()


def test_a_salt_that_was_lost_is_not_made_anew(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    main(["stack", "init"])
    main(["config", "set", "--secret", "key", "hush"])
    file = here.project / "Pulumi.dev.yaml"
    salt, rest = file.read_text().split("\n", 1)
    file.write_text(rest)
    assert main(["config", "get", "key"]) == 78
    assert "holds secrets, but no `encryptionsalt`" in capsys.readouterr().err
    assert main(["config", "set", "--secret", "other", "x"]) == 0
    assert file.read_text().startswith(f"{salt}\n"), "the state had it too"
    here.checkpoint.write_text('{"version":3,"checkpoint":{}}')
    file.write_text(rest)
    assert main(["config", "set", "--secret", "other", "x"]) == 78
    assert file.read_text() == rest


def test_a_stack_that_another_process_makes_meanwhile(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def meanwhile(*_: object) -> Iterator[None]:
        here.checkpoint.parent.mkdir(parents=True)
        here.checkpoint.write_text("made by another")
        yield

    monkeypatch.setattr("engine.stack.stacks.locked", meanwhile)
    assert main(["stack", "init"]) == 78
    assert here.checkpoint.read_text() == "made by another"


def test_what_another_update_wrote_before_the_lock_was_held(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["stack", "init"])
    project = load_project(here.project / "Pulumi.yaml")
    stack = Stack(project, backend_for(project), "dev")
    reading, go_on, read = Event(), Event(), checkpoints.read

    def slowly(*arguments: Any) -> dict[str, Any]:
        found = read(*arguments)
        if not reading.is_set():
            reading.set()
            go_on.wait(20)
        return found

    monkeypatch.setattr(checkpoints, "read", slowly)
    stack.prepare_early(writing=False)
    assert reading.wait(20)
    here.checkpoint.write_text('{"version":3,"checkpoint":{"latest":{"resources":["of the other update"]}}}')
    Timer(0.1, go_on.set).start()
    stack.reread()
    assert stack.latest == {"resources": ["of the other update"]}
