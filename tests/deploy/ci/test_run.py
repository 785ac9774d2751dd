"""One stack's preview by an engine that is told what to print."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.ci.plan import Plan
from deploy.ci.run import plan
from deploy.observe.live import Live
from tests.deploy.ci import samples
from tests.deploy.ci.conftest import FakeEngine, settle
from tests.deploy.ci.samples import DIGEST

ERROR = '{"diagnostics": [{"message": "no cluster, token canary", "severity": "error"}]}'


@pytest.mark.parametrize("name", samples.ENGINES)
def test_what_the_engine_prints_is_read_and_not_shown(
    project: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine(name, samples.changed(name))
    found = plan(project, "dev", engine)
    assert (found.image, len(found.steps), found.problem) == (DIGEST, 6, "")
    assert engine.ran == [("preview", "--json", "--non-interactive", "--stack", "dev")]
    print("after")
    assert capfd.readouterr().out == "after\n"


@pytest.mark.parametrize("name", samples.ENGINES)
def test_reason_of_a_failure_is_for_the_log_alone(project: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = plan(project, "dev", FakeEngine(name, ERROR, code=1))
    assert found.problem == f"`{name} preview` failed with exit status 1; the job's log says why."
    assert found.code == 1
    assert "no cluster, token canary" in capfd.readouterr().err


def test_failure_without_a_word(project: Path) -> None:
    assert plan(project, "dev", FakeEngine(code=70)).code == 70


@pytest.mark.parametrize("text", ["", "{}}", "[]", '{"steps": [{"op": "create"}]}', '{"steps": 1}'])
def test_what_is_no_preview(project: Path, text: str) -> None:
    found = plan(project, "dev", FakeEngine(text=text))
    assert "no preview that is understood here" in found.problem
    assert found.code == os.EX_UNAVAILABLE


def test_wrong_configuration_is_told_before_the_engine_runs(project: Path) -> None:
    settle(project, "dev", image=DIGEST, replicas="many")
    engine = FakeEngine()
    found = plan(project, "dev", engine)
    assert "replicas many" in found.problem
    assert (found.code, engine.ran) == (os.EX_CONFIG, [])


def test_unknown_context_is_told_before_the_engine_runs(project: Path) -> None:
    settle(project, "dev", image=DIGEST, context="nowhere")
    engine = FakeEngine()
    assert "names the context 'nowhere'" in plan(project, "dev", engine).problem
    assert engine.ran == []


def test_stage_without_an_image_is_skipped(project: Path) -> None:
    settle(project, "prod")
    assert plan(project, "prod", FakeEngine()) == Plan(
        "prod", skipped="no image yet; it comes with the first promotion"
    )


def test_stage_that_another_tool_applies_from_git_is_skipped(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.promotion.checks.live", lambda stack, recorded: Live(DIGEST))
    engine = FakeEngine()
    assert plan(project, "prod", engine) == Plan("prod", skipped="applied from git, so `up` has nothing to preview")
    assert engine.ran == []


def test_environment_of_one_stack_is_not_the_next_ones(project: Path) -> None:
    engine = FakeEngine(text=samples.digest())
    for name in ("dev", "prod"):
        plan(project, name, engine)
    assert engine.passphrases == ["flask-k8s-dev-only", None]
    assert "PULUMI_CONFIG_PASSPHRASE" not in os.environ


def test_stack_may_have_a_passphrase_of_its_own(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "shared")
    monkeypatch.setenv("PROD_PASSPHRASE", "prod's")
    monkeypatch.setenv("STAGING_PASSPHRASE", "")  # a secret that is not set
    engine = FakeEngine(text=samples.digest())
    for name in ("prod", "staging"):
        plan(project, name, engine)
    assert engine.passphrases == ["prod's", "shared"]
    assert os.environ["PULUMI_CONFIG_PASSPHRASE"] == "shared"


def test_stack_is_made_in_a_file_backend(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    engine = FakeEngine(text=samples.digest())
    assert plan(project, "dev", engine).problem == ""
    assert [words[:2] for words in engine.ran] == [("stack", "init"), ("preview", "--json")]
    assert capfd.readouterr().out == ""


def test_interrupt_ends_everything(project: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        plan(project, "dev", FakeEngine(code=130))
