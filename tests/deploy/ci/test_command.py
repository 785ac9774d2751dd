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
    return ci(project, engine, argparse.Namespace(job=job, stacks=list(stacks), render=render))


@pytest.fixture
def at(server: CiForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CiForge:
    """The job runs at a forge, for the change 7."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}))
    more = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event), "GITHUB_RUN_ID": "31"}
    if server.kind == "GitLab":
        more = {"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHA": HEAD, "CI_PIPELINE_ID": "31"}
    for key, value in (server.env | more).items():
        monkeypatch.setenv(key, value)
    return server


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(text=samples.changed("pulumi"))


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

    def test_is_cut_for_the_api_and_whole_in_the_file(self, project: Path, at: CiForge, engine: FakeEngine) -> None:
        steps = [
            samples.step("create", "kubernetes:core/v1:ConfigMap", f"m{number}", new={"data": {"x": "y" * 900}})
            for number in range(1200)
        ]
        engine.text = samples.digest(*steps, create=1200)
        run(project, engine)
        (text,) = at.texts
        limit = 65_536 if at.kind == "GitHub" else 1_000_000
        assert limit * 0.97 < len(text) <= limit
        assert "All of it is in the job's `build/preview.md`" in text
        assert len((project / "build" / "preview.md").read_text()) > 3_000_000

    def test_of_a_stack_fails_and_the_others_are_told(self, project: Path, at: CiForge, engine: FakeEngine) -> None:
        settle(project, "staging", image=DIGEST, replicas="many")
        assert run(project, engine) == os.EX_CONFIG
        (text,) = at.texts
        assert "- **staging**: **no preview**" in text
        assert "replicas many" in text
        assert "- **prod**: 2 to create" in text

    def test_needs_its_token_before_the_engine_runs(
        self, project: Path, at: CiForge, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(at.variable)
        with pytest.raises(
            DeployError, match=r"needs .*(`pull-requests: write`|the scope `api`).*read build/preview.md"
        ):
            run(project, engine)
        assert engine.ran == []

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

    def test_needs_a_token_that_may_write_issues(
        self, project: Path, at: CiForge, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv(at.variable)
        with pytest.raises(DeployError, match=r"needs .*(`issues: write`|the scope `api`)"):
            run(project, engine, "drift")

    def test_is_told_when_the_forge_fails(
        self, project: Path, at: CiForge, engine: FakeEngine, found: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        found["dev"] = [DRIFT]
        at.faults = [(500, {"Retry-After": "0"}, "")] * 3
        with pytest.raises(DeployError, match="cannot take the issue about the drift now"):
            run(project, engine, "drift")
        assert "spec.replicas" in capsys.readouterr().out
