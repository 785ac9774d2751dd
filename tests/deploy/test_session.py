"""What comes before an engine runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cluster import Handout
from deploy import environment, session
from deploy.backend import file_backend
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.stack import Stack, load
from tests.deploy.test_environment import HANDOUT


class Pretended:
    """An engine that makes stacks, or fails to."""

    name = "embedded"
    code = 0

    def __init__(self) -> None:
        self.ran: list[tuple[str, ...]] = []

    def run(self, *words: str, stdin: str | None = None) -> int:
        self.ran.append(words)
        return self.code

    def read(self, *words: str) -> str:
        assert words == ("stack", "output", "--json", "--stack", "staging")
        return '{"url": "http://x"}'


@pytest.fixture
def engine() -> Pretended:
    return Pretended()


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> object:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    with environment.restored():
        yield


@pytest.mark.parametrize("start", [True, False])
def test_the_local_cluster_is_started_where_that_is_asked(
    folder: Path, start: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def up(profile: str, say: Callable[[str], None]) -> Handout:
        asked.append(f"up {profile}")
        return HANDOUT

    def handout(profile: str) -> Handout:
        asked.append(f"look at {profile}")
        return HANDOUT

    monkeypatch.setattr("cluster.up", up)
    monkeypatch.setattr("cluster.handout", handout)
    session.enter(load(folder, "dev"), start=start)
    assert asked == ["up dev" if start else "look at dev"]
    assert os.environ["KUBECONFIG"] == "/data/kubeconfig"


def test_a_local_cluster_that_does_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.handout", lambda profile: None)
    with pytest.raises(DeployError, match=r"not running: .*up dev") as caught:
        session.enter(load(folder, "dev"), start=False)
    assert caught.value.code == 69


def test_a_cluster_of_one_s_own_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("no business of ours")

    monkeypatch.setattr("cluster.up", never)
    monkeypatch.setattr("cluster.handout", never)
    session.enter(load(folder, "staging"), start=True)


@pytest.mark.parametrize(
    ("declared", "variable", "found"),
    [
        (None, "file:///var/state", "/var/state"),
        (None, "file://~/state", "~/state"),
        ("file:///declared", "file:///var/state", "/var/state"),
        (None, "s3://bucket", ""),
        ("file:///declared", "", "/declared"),
        (None, "", ""),
    ],
)
def test_the_folder_of_a_file_backend(
    folder: Path, declared: str | None, variable: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", variable)
    stack = replace(load(folder, "staging"), backend=declared)
    assert file_backend(stack) == (Path(found).expanduser() if found else None)


def test_a_stack_is_made_once(folder: Path, engine: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/state")
    stack = load(folder, "staging")
    session.init(stack, engine)
    assert engine.ran == [("stack", "init", "staging", "--no-select")]
    assert (folder / "state").is_dir()
    made = folder / "state/.pulumi/stacks/flask-k8s/staging.json"
    made.parent.mkdir(parents=True)
    made.touch()
    session.init(stack, engine)
    made.rename(made.with_name("staging.json.gz"))
    session.init(stack, engine)
    assert len(engine.ran) == 1


def test_a_stack_that_cannot_be_made(folder: Path, engine: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{folder}/state")
    engine.code = 78
    with pytest.raises(DeployError, match=f"'staging'.*{folder}/state") as caught:
        session.init(load(folder, "staging"), engine)
    assert caught.value.code == 78


def test_other_backends_are_the_user_s(folder: Path, engine: Pretended) -> None:
    session.init(load(folder, "staging"), engine)
    assert engine.ran == []


def test_outputs(folder: Path, engine: Pretended) -> None:
    assert session.outputs(load(folder, "staging"), engine) == {"url": "http://x"}


@pytest.mark.parametrize("name", ["embedded", "pulumi"])
def test_prepared_looks_at_everything_in_its_order(
    folder: Path, engine: Pretended, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def step(what: str) -> Callable[..., None]:
        return lambda *_, **__: done.append(what)

    engine.name = name
    monkeypatch.setattr("deploy.local_registry.missing", lambda stack: False)
    monkeypatch.setattr("deploy.preflight.check_config", step("config"))
    monkeypatch.setattr(session, "enter", step("enter"))
    monkeypatch.setattr("deploy.preflight.check_parts", step("parts"))
    monkeypatch.setattr("deploy.cli_checks.check", step("cli"))
    monkeypatch.setattr(session, "init", step("init"))
    stack = load(folder, "staging")
    assert session.prepared(stack, engine) is stack
    assert done == ["config", "enter", "parts", *(["cli"] if name == "pulumi" else []), "init"]


@pytest.mark.parametrize("host", ["localhost:5001", ""])
def test_an_announced_registry_is_written_down(
    folder: Path, engine: Pretended, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(stack: Stack, engine: Engine, host: str) -> Stack:
        return replace(stack, values={**stack.values, "flask-k8s:registry": host})

    monkeypatch.setattr("deploy.local_registry.announced", lambda stack: host)
    monkeypatch.setattr("deploy.local_registry.write", write)
    for check in ("check_context", "check_config", "check_parts"):
        monkeypatch.setattr(f"deploy.preflight.{check}", lambda stack: None)
    assert session.prepared(load(folder, "staging"), engine).get("registry") == host
