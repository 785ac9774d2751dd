"""`stack import`: what an export, of either engine, becomes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from engine.cli import main
from engine.deployment.providers import PACKAGES
from tests.engine.world import World

Said = pytest.CaptureFixture[str]


@pytest.fixture
def here(here: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A stack with a resource that holds a secret; commands run in this process."""
    monkeypatch.setitem(PACKAGES, "fake", "tests.engine.fakeprovider")
    here.program("""
        thing = Thing("a", password=pulumi.Output.secret("hunter2"))
        pulumi.export("password", thing.token)
    """)
    assert main(["stack", "init"]) == 0
    assert main(["up", "--skip-preview"]) == 0
    return here


def exported(said: Said, *options: str) -> dict[str, Any]:
    said.readouterr()
    assert main(["stack", "export", *options]) == 0
    document: dict[str, Any] = json.loads(said.readouterr().out)
    return document


def imported(world: World, document: Any, *options: str) -> int:
    (world.folder / "in.json").write_text(json.dumps(document))
    return main(["stack", "import", "--file", str(world.folder / "in.json"), *options])


@pytest.mark.parametrize("options", [(), ("--show-secrets",)])
def test_there_and_back(here: World, capsys: Said, options: tuple[str, ...]) -> None:
    before = exported(capsys, "--show-secrets")
    document = exported(capsys, *options)
    assert ("hunter2" in json.dumps(document)) == bool(options)
    here.checkpoint.write_text("{")  # a damaged state is what an import is for
    history = sorted(here.folder.glob("state/.pulumi/history/**/*.json"))
    assert imported(here, document) == 0
    assert capsys.readouterr().out == "Import complete.\n"
    assert "hunter2" not in here.checkpoint.read_text()
    assert exported(capsys, "--show-secrets") == before
    assert main(["preview", "--expect-no-changes"]) == 0
    assert sorted(here.folder.glob("state/.pulumi/history/**/*.json")) == history
    assert not list((here.folder / "state/.pulumi/locks").rglob("*.json"))


def test_standard_input_into_a_stack_of_another_passphrase(
    here: World, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = exported(capsys, "--show-secrets")
    del document["deployment"]["secrets_providers"]
    assert main(["stack", "rm", "--yes", "--force"]) == 0
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")
    assert main(["stack", "init"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(document)))
    assert main(["stack", "import"]) == 0
    assert "hunter2" not in here.checkpoint.read_text()
    assert exported(capsys, "--show-secrets")["deployment"]["resources"] == document["deployment"]["resources"]


def test_what_is_wrong_with_it(here: World, capsys: Said) -> None:
    before = here.checkpoint.read_bytes()
    document = exported(capsys)
    resources = document["deployment"]["resources"]
    reverse = {**document, "deployment": {**document["deployment"], "resources": resources[::-1]}}
    foreign = json.loads(json.dumps(document).replace("urn:pulumi:dev::", "urn:pulumi:prod::"))
    other = json.loads(json.dumps(document).replace("::demo::", "::shop::"))
    tampered = {**document, "deployment": {**document["deployment"], "manifest": {"version": "x", "magic": "y"}}}
    for wrong, reason in (
        (reverse, "refers to unknown provider"),
        (foreign, "is from a different stack (prod != dev)"),
        (other, "is from a different project (shop != demo)"),
        (tampered, "magic cookie mismatch"),
    ):
        assert imported(here, wrong) == 1
        error = capsys.readouterr().err
        assert reason in error
        assert "rerun with --force to proceed anyway" in error
        assert here.checkpoint.read_bytes() == before
    assert imported(here, foreign, "--force") == 0
    assert "warning: resource 'urn:pulumi:prod::demo::" in capsys.readouterr().err
    assert "urn:pulumi:prod::" in here.checkpoint.read_text()


def test_pending_operations_are_dropped(here: World, capsys: Said) -> None:
    document = exported(capsys)
    resource = {"urn": "urn:pulumi:dev::demo::fake:index:Thing::b", "custom": True, "type": "fake:index:Thing"}
    document["deployment"]["pending_operations"] = [{"type": "creating", "resource": resource}]
    assert imported(here, document) == 0
    assert f"removing pending operation 'creating' on '{resource['urn']}'" in capsys.readouterr().err
    assert "pending_operations" not in here.latest()


@pytest.mark.parametrize(
    ("document", "code", "said"),
    [
        ([], 78, "holds no deployment"),
        ({"version": 3}, 78, "holds no deployment"),
        ({"version": 3, "deployment": {"resources": [{"type": "a:b:C"}]}}, 78, "a resource in it is malformed"),
        ({"version": 5, "deployment": {}}, 64, "use the Pulumi CLI"),
        ({"version": 3, "deployment": {"secrets_providers": {"type": "cloud"}}}, 64, "secrets provider 'cloud'"),
        ({"version": 3, "deployment": {"snippets": [1]}}, 64, "`snippets`"),
    ],
)
def test_what_is_no_deployment(here: World, capsys: Said, document: Any, code: int, said: str) -> None:
    before = here.checkpoint.read_bytes()
    assert imported(here, document, "--force") == code
    assert said in capsys.readouterr().err
    assert here.checkpoint.read_bytes() == before


def test_a_wrong_passphrase(here: World, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    document = exported(capsys)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    assert imported(here, document) == 78
    assert "incorrect passphrase" in capsys.readouterr().err


def test_no_file_and_no_stack(here: World, capsys: Said) -> None:
    assert main(["stack", "import", "--file", "none.json"]) == 78
    assert "could not open file none.json" in capsys.readouterr().err
    assert main(["stack", "import", "--stack", "none"]) == 78
