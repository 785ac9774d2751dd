"""A release: the engine's `up`, then the smoke test; what failed is told, not raised."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.observe import smoke
from deploy.observe.live import Live, Pod
from deploy.observe.recorded import Recorded
from deploy.observe.smoke import Result
from deploy.pipeline.record import Freeze, Smoke, Stage
from deploy.release import Outcome, refuse_frozen, release, stage_of
from deploy.stack import Stack, load

PIPELINE = "stages:\n  - stack: dev\n  - stack: staging\n    smoke: {contains: Hello}\n"
URL = "http://staging.test"


@dataclass
class Engine:
    """Runs nothing."""

    code: int = 0
    name: str = "fake"
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, *words: str, stdin: str | None = None) -> int:
        self.ran.append(words)
        return self.code

    def read(self, *words: str) -> str:
        if words[1] == "output":
            return json.dumps({"url": URL})
        root = {"type": "pulumi:pulumi:Stack", "outputs": {"url": URL}}
        return json.dumps({"deployment": {"resources": [root]}})


@pytest.fixture
def stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    return load(folder, "staging")


def test_the_stage_of_a_stack(stack: Stack, folder: Path) -> None:
    stage = stage_of(stack)
    assert stage
    assert stage.smoke == Smoke(contains="Hello")
    (folder / "Pulumi.lab.yaml").write_text("config: {}\n")
    assert stage_of(load(folder, "lab")) is None, "it is in no pipeline"
    (folder / "pipeline.yaml").unlink()
    assert stage_of(stack) is None, "there is none"


def test_a_pipeline_that_is_nonsense_is_refused(stack: Stack, folder: Path) -> None:
    (folder / "pipeline.yaml").write_text("stages: 5\n")
    with pytest.raises(DeployError, match=r"pipeline\.yaml") as caught:
        stage_of(stack)
    assert caught.value.code == 78


def test_a_frozen_stage() -> None:
    frozen = Stage(stack="prod", frozen=Freeze(why="the audit", who="Bob", since="2025-01-01"))
    with pytest.raises(
        DeployError, match=r"prod is frozen since 2025-01-01 by Bob: the audit.*unfreeze prod"
    ) as caught:
        refuse_frozen(frozen)
    assert caught.value.code == 1
    refuse_frozen(Stage(stack="prod"))
    refuse_frozen(None)


@pytest.mark.parametrize("code", [1, 69, 75, 130])
def test_an_up_that_fails(stack: Stack, code: int) -> None:
    outcome = release(stack, Engine(code), stage_of(stack), yes=True)
    assert outcome.code == code
    assert outcome.reason == "`up` of staging failed; see above"


@pytest.mark.parametrize("code", [1, 69])
def test_the_pods_that_it_waited_for(stack: Stack, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = ["CrashLoopBackOff", "CrashLoopBackOff", "Terminating", ""]
    pods = tuple(Pod(f"pod-{index}", False, "Running", reason=reason) for index, reason in enumerate(reasons))
    monkeypatch.setattr("deploy.release.live", lambda stack, recorded: Live(pods=(*pods, Pod("well", True, "Running"))))
    told = ", 2 of its pods in CrashLoopBackOff" if code == 1 else ""
    assert release(stack, Engine(code), None, yes=True).reason == f"`up` of staging failed{told}; see above"


def test_a_cluster_that_is_away(stack: Stack, folder: Path) -> None:
    cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "kind-kind", "context": {"cluster": "c", "user": "u"}}
    (folder / "kubeconfig").write_text(json.dumps({"clusters": [cluster], "contexts": [context]}))
    engine = Engine()
    away = replace(stack, values={**stack.values, "flask-k8s:kubeconfig": str(folder / "kubeconfig")})
    with pytest.raises(DeployError, match=r"'kind-kind' does not answer at https://127\.0\.0\.1:1") as caught:
        release(away, engine, None, yes=True)
    assert caught.value.code == 69
    assert engine.ran == []


@pytest.mark.parametrize("yes", [True, False])
def test_the_engine_s_words(stack: Stack, yes: bool) -> None:
    engine = Engine()
    assert release(stack, engine, None, yes=yes) == Outcome(0, "", URL)
    assert engine.ran == [("up", "--stack", "staging", *(("--yes", "--skip-preview") if yes else ()))]


def test_a_stage_without_a_smoke_test(stack: Stack) -> None:
    assert release(stack, Engine(), Stage(stack="staging"), yes=True) == Outcome(0, "", URL)


@pytest.mark.parametrize("passed", [True, False])
def test_the_smoke_test_decides(
    stack: Stack, passed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(stack: Stack, recorded: Recorded, test: Smoke, say: Callable[[str], None]) -> Result:
        assert (recorded.url, test.contains) == (URL, "Hello")
        return Result(passed, "GET it: wanted the text 'Hello', got 'a\\nname'", 1.0)

    monkeypatch.setattr(smoke, "run", run)
    outcome = release(stack, Engine(), stage_of(stack), yes=True)
    assert "smoke test of staging: GET it: wanted the text 'Hello', got 'a" in capsys.readouterr().err
    if passed:
        assert outcome == Outcome(0, "", URL)
    else:  # without what the app has answered: the reason goes into a commit
        assert outcome == Outcome(1, "the smoke test of staging failed: GET it: wanted the text 'Hello'", URL)
