"""`ci`, from its options to its exit status, with a forge over HTTP."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.ci.command import ci
from deploy.ci.comment import MARKER
from deploy.ci.issue import MARKER as ISSUE
from deploy.ci.plan import Plan
from deploy.ci.schemas import Checked
from deploy.drift.compare import Drift
from deploy.errors import DeployError
from tests.deploy.ci import samples
from tests.deploy.ci.conftest import FakeEngine, settle
from tests.deploy.ci.fake import HEAD, CiForge
from tests.deploy.ci.samples import DIGEST

DRIFT = Drift("Deployment", "shop", "web", "spec.replicas", "2", "5", by="kubectl")
DEPLOYED = json.dumps({"deployment": {"resources": [{"type": "pulumi:pulumi:Stack", "outputs": {}}]}})


def run(project: Path, engine: FakeEngine, job: str = "preview", *stacks: str, render: bool = False) -> int:
    return ci(project, engine, argparse.Namespace(job=job, stack=None, stacks=list(stacks), render=render))


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(text=samples.changed("pulumi"))


@pytest.mark.parametrize(("job", "permission"), [("preview", "pull-requests: write"), ("drift", "issues: write")])
def test_missing_token_is_told_before_the_engine_runs(
    project: Path, at: CiForge, monkeypatch: pytest.MonkeyPatch, job: str, permission: str
) -> None:
    engine = FakeEngine()
    monkeypatch.delenv(at.variable)
    permission = f"`{permission}`" if at.kind == "GitHub" else "the scope `api`"
    with pytest.raises(DeployError, match=f"{at.variable} is not set; .* needs .*{permission}.*, or read ") as raised:
        run(project, engine, job)
    assert raised.value.code == os.EX_CONFIG
    assert engine.ran == []


def test_due_says_whether(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("deploy.ci.command.due", lambda stack, engine: stack.name == "prod")
    for name, said in (("prod", "true\n"), ("staging", "false\n")):
        assert ci(project, FakeEngine(), argparse.Namespace(job="due", stack=name, stacks=None, render=False)) == 0
        assert capsys.readouterr().out == said


@pytest.mark.parametrize(("job", "stack"), [("due", None), ("preview", "prod"), ("drift", "prod")])
def test_due_alone_is_about_one_stack(project: Path, engine: FakeEngine, job: str, stack: str | None) -> None:
    with pytest.raises(DeployError, match="`ci due STACK` takes one stack") as raised:
        ci(project, engine, argparse.Namespace(job=job, stack=stack, stacks=None, render=False))
    assert raised.value.code == os.EX_USAGE


class TestPreview:
    def test_is_one_comment_that_is_updated(
        self, project: Path, at: CiForge, engine: FakeEngine, capfd: pytest.CaptureFixture[str]
    ) -> None:
        assert run(project, engine) == 0
        engine.text = samples.digest(same=15)
        assert run(project, engine) == 0
        (text,) = at.texts
        assert text.startswith(f"{MARKER}\n<!-- commit={HEAD} run=31 -->\n### Preview of commit `{HEAD[:12]}`\n")
        for name in ("dev", "staging", "prod"):
            assert f"- **{name}**: no changes, 15 unchanged; image `{DIGEST}`\n" in text
        out = capfd.readouterr().out.splitlines()
        assert len(out) == 2
        assert out[0] == out[1]
        assert out[0].startswith(f"http://{at.host}/")

    def test_is_printed_on_a_laptop(self, project: Path, engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
        assert run(project, engine) == 0
        out = capfd.readouterr().out
        assert out.startswith("### Preview\n")
        assert out == (project / "build" / "preview.md").read_text()

    def test_is_of_the_named_stacks(self, project: Path, engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> None:
        run(project, engine, "preview", "prod")
        out = capfd.readouterr().out
        assert "**prod**" in out
        assert "**dev**" not in out
        with pytest.raises(DeployError, match="qa"):
            run(project, engine, "preview", "qa")

    def test_of_a_stack_fails_and_the_others_are_told(self, project: Path, at: CiForge, engine: FakeEngine) -> None:
        settle(project, "staging", image=DIGEST, replicas="many")
        assert run(project, engine) == os.EX_CONFIG
        (text,) = at.texts
        assert "- **staging**: **no preview**" in text
        assert "replicas many" in text
        assert "- **prod**: 2 to create" in text

    def test_is_kept_when_the_forge_fails(
        self, project: Path, at: CiForge, engine: FakeEngine, capfd: pytest.CaptureFixture[str]
    ) -> None:
        at.faults = [(503, {"Retry-After": "0"}, "")] * 3
        with pytest.raises(DeployError, match=r"or read build/preview\.md") as raised:
            run(project, engine)
        assert raised.value.code == os.EX_UNAVAILABLE
        assert "**dev**: 2 to create" in (project / "build" / "preview.md").read_text()
        assert "the whole text is in build/preview.md" in capfd.readouterr().err

    def test_for_a_commit_that_was_overtaken_changes_nothing(
        self, project: Path, at: CiForge, engine: FakeEngine, capfd: pytest.CaptureFixture[str]
    ) -> None:
        at.head = "d" * 40
        newer = f"{MARKER}\n<!-- commit={at.head} run=32 -->\nnewer"
        at.say(newer)
        assert run(project, engine) == 0
        assert at.texts == [newer]
        assert "newer run, for dddddddddddd" in capfd.readouterr().err

    def test_of_a_merge_that_the_service_made_says_so(
        self, project: Path, at: CiForge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        built = ", to be built from revision `bbbbbbbbbbbb`"
        monkeypatch.setattr("deploy.ci.run.plan", lambda project, name, engine: Plan(name, image="r/a", built=built))
        for head, words in (("b", f"a merge of `{HEAD[:12]}`"), ("d", "revision `bbbbbbbbbbbb`")):
            monkeypatch.setattr("deploy.ci.command._head", lambda project, head=head: head * 40)
            run(project, FakeEngine())
            assert f"- **dev**: no changes, 0 unchanged; image `r/a`, to be built from {words}\n" in at.texts[0]

    def test_cannot_be_written(self, project: Path, engine: FakeEngine) -> None:
        (project / "build").write_text("in the way")
        with pytest.raises(DeployError, match=r"preview\.md cannot be written"):
            run(project, engine)


class TestRender:
    @pytest.fixture(autouse=True)
    def _checked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, str]] = []

        def check(stack: Any, location: str) -> Checked:
            self.asked.append((stack.name, location))
            if stack.get("replicas") == "many":
                raise DeployError("replicas many: no number")
            return Checked(5, ("Deployment web: spec: bad",) if stack.name == "prod" else ())

        monkeypatch.setattr("deploy.ci.schemas.check", check)

    def test_asks_no_forge_and_no_engine(
        self, project: Path, at: CiForge, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(project, engine, "preview", "dev", "staging", render=True) == 0
        assert (at.asked, engine.ran) == ([], [])
        assert capsys.readouterr().out == "dev: 5 objects, all valid\nstaging: 5 objects, all valid\n"

    def test_what_is_wrong_fails_the_job(
        self, project: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KUBECONFORM_SCHEMA_LOCATION", "/srv/schemas")
        assert run(project, engine, render=True) == 1
        assert capsys.readouterr().out.endswith("prod: 5 objects, not all are valid\n  Deployment web: spec: bad\n")
        assert self.asked[0] == ("dev", "/srv/schemas")

    def test_refused_configuration_does_not_hide_the_next_stack(
        self, project: Path, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settle(project, "dev", image=DIGEST, replicas="many")
        assert run(project, engine, render=True) == os.EX_CONFIG
        out = capsys.readouterr().out
        assert "dev: replicas many: no number\n" in out
        assert "prod: 5 objects" in out

    def test_is_for_previews_alone(self, project: Path, engine: FakeEngine) -> None:
        with pytest.raises(DeployError, match="--render goes with") as raised:
            run(project, engine, "drift", render=True)
        assert raised.value.code == os.EX_USAGE


class TestDrift:
    @pytest.fixture(autouse=True)
    def found(self, monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> dict[str, Any]:
        """The drift of each stack, or the error of who looks for it."""
        found: dict[str, Any] = {"dev": [], "staging": [], "prod": []}

        def find(stack: Any, recorded: Any) -> list[Drift]:
            if isinstance(found[stack.name], DeployError):
                raise found[stack.name]
            drifts: list[Drift] = found[stack.name]
            return drifts

        monkeypatch.setattr("deploy.drift.find.find", find)
        engine.states = dict.fromkeys(found, DEPLOYED)
        return found

    def test_is_one_issue_closed_when_clean(
        self, project: Path, at: CiForge, engine: FakeEngine, found: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(project, engine, "drift") == 0
        assert at.issues == []
        found["staging"] = [DRIFT]
        assert run(project, engine, "drift") == 2
        assert run(project, engine, "drift") == 2
        (issue,) = at.issues
        text = issue.get("body") or issue["description"]
        assert issue["title"] == "Drift"
        assert text.startswith(f"{ISSUE}\n### Drift\n")
        assert "+ spec.replicas: 5 (by kubectl)" in text
        assert "+ spec.replicas: 5 (by kubectl)" in capsys.readouterr().out
        found["staging"] = []
        assert run(project, engine, "drift") == 0
        assert [it["state"] for it in at.issues] == ["closed"]

    def test_is_printed_on_a_laptop(
        self, project: Path, engine: FakeEngine, found: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        del engine.states["prod"]
        found["dev"] = [DRIFT]
        assert run(project, engine, "drift") == 2
        out = capsys.readouterr().out
        assert "- **dev**: **1 difference**\n- **staging**: no drift\n- **prod**: nothing is deployed\n" in out

    def test_that_is_not_known_closes_no_issue(
        self, project: Path, at: CiForge, engine: FakeEngine, found: dict[str, Any]
    ) -> None:
        found["dev"] = [DRIFT]
        run(project, engine, "drift")
        found |= {"dev": [], "prod": DeployError("The cluster is away.", 69)}
        assert run(project, engine, "drift") == 69
        assert [it["state"] for it in at.issues] != ["closed"]
        found["dev"] = [DRIFT]
        assert run(project, engine, "drift") == 2
        (issue,) = at.issues
        assert "- **prod**: **not known**" in (issue.get("body") or issue["description"])

    def test_is_told_when_the_forge_fails(
        self, project: Path, at: CiForge, engine: FakeEngine, found: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        found["dev"] = [DRIFT]
        at.faults = [(500, {"Retry-After": "0"}, "")] * 3
        with pytest.raises(DeployError, match="cannot take the issue about the drift now"):
            run(project, engine, "drift")
        assert "spec.replicas" in capsys.readouterr().out
