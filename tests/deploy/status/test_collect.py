"""What is asked of state, cluster and git, with all but git played by functions."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import pytest

from deploy.drift.compare import Drift
from deploy.drift.find import IncompleteError
from deploy.engines import Embedded, Engine
from deploy.errors import DeployError
from deploy.objects import diff
from deploy.observe.history import Update
from deploy.observe.live import Live
from deploy.observe.recorded import STACK_TYPE, Recorded, parse
from deploy.pipeline.load import parse as parse_pipeline
from deploy.stack import Stack
from deploy.status import collect as collecting
from deploy.status.record import Change, Condition, Environment, Report
from engine.provider import ProviderError
from tests.deploy.status.samples import IMAGES, updates

OLD, NEW = IMAGES[0], IMAGES[1]


@dataclass
class World:
    """What each stack's state, history and cluster would say."""

    folder: Path
    images: dict[str, str] = field(default_factory=dict)
    live: dict[str, Live] = field(default_factory=dict)
    updates: dict[str, tuple[Update, ...]] = field(default_factory=dict)
    drift: dict[str, list[Drift]] = field(default_factory=dict)
    unreadable: dict[str, DeployError] = field(default_factory=dict)
    pending: bool = False
    away: set[str] = field(default_factory=set)
    kubeconfigs: dict[str, list[Path]] = field(default_factory=dict)

    def deploy(self, stack: str, image: str, version: str = "") -> None:
        """All is well in the stack, with this image."""
        self.images[stack] = image
        self.live[stack] = Live(image, replicas=2, ready=2, updated=2, available=2, version=version, total=2)
        self.updates[stack] = updates(3, image=image)

    def pin(self, stack: str, image: str, message: str) -> None:
        """A commit of the stack's file."""
        (self.folder / f"Pulumi.{stack}.yaml").write_text(f"config:\n  flask-k8s:image: {image}\n")
        self.commit(message)

    def git(self, *words: str) -> str:
        identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
        return subprocess.check_output(["git", *identity, *words], cwd=self.folder, text=True).strip()

    def commit(self, message: str) -> str:
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def change_app(self) -> str:
        """A commit of the application."""
        file = self.folder / "app" / "web.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{file.read_text() if file.exists() else ''}# more\n")
        return self.commit("feat: more")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    (tmp_path / "Pulumi.yaml").write_text("name: flask-k8s\nruntime: python\n")
    for name in ("dev", "staging"):
        (tmp_path / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    made.git("init", "--quiet")

    def recorded(stack: Stack, engine: Engine) -> Recorded:
        if stack.name in made.unreadable:
            raise made.unreadable[stack.name]
        if stack.name not in made.images:
            return Recorded()
        outputs = {"image": made.images[stack.name], "url": "http://localhost:8080"}
        latest = {"resources": [{"type": STACK_TYPE, "outputs": outputs}], "pending_operations": [{}] * made.pending}
        return parse(msgspec.json.encode({"deployment": latest}).decode())

    def live(stack: Stack, recorded: Recorded) -> Live:
        made.kubeconfigs[stack.name] = stack.kubeconfigs
        if stack.name in made.away:
            raise DeployError(f"The cluster of {stack.name} does not answer.", 69)
        return made.live.get(stack.name, Live())

    monkeypatch.setattr(collecting, "recorded", recorded)
    monkeypatch.setattr(collecting, "history", lambda stack, engine: list(made.updates.get(stack.name, ())))
    monkeypatch.setattr(collecting, "live", live)
    monkeypatch.setattr("deploy.promotion.checks.live", live)
    monkeypatch.setattr("deploy.promotion.checks.objects", lambda stack: [])
    monkeypatch.setattr("deploy.drift.find.find", lambda stack, recorded: made.drift.get(stack.name, []))
    return made


Collect = Callable[..., Report]


@pytest.fixture
def collect(world: World) -> Collect:
    """Collects the report of a pipeline; by default dev, then staging."""

    def call(*stages: dict[str, object], compare: bool = False) -> Report:
        content = {"stages": list(stages) or [{"stack": "dev"}, {"stack": "staging"}]}
        return collecting.collect(world.folder, parse_pipeline(content), Embedded(world.folder), compare=compare)

    return call


def of(report: Report, name: str) -> Environment:
    return next(it for it in report.environments if it.stack == name)


def test_stacks_that_were_never_deployed_are_told_as_such(collect: Collect) -> None:
    report = collect()
    assert (report.project, report.engine) == ("flask-k8s", "embedded")
    assert [it.condition for it in report.environments] == [Condition.ABSENT] * 2
    assert [it.problem for it in report.environments] == ["", ""]


def test_a_deployed_stack(world: World, collect: Collect) -> None:
    world.deploy("dev", NEW, version="c" * 40)
    dev = of(collect({"stack": "dev", "smoke": {"path": "/health", "contains": "ok"}}), "dev")
    assert dev.condition == Condition.HEALTHY
    assert (dev.image, dev.revision, dev.url) == (NEW, "c" * 40, "http://localhost:8080")
    assert dev.since == world.updates["dev"][0].ended
    assert dev.smoke == "GET /health is 200 with 'ok'"
    assert dev.waiting is None


def test_a_stack_that_another_tool_applies_from_git(world: World, collect: Collect) -> None:
    world.deploy("dev", OLD)
    world.pin("staging", NEW, "chore(staging): promote")
    assert of(collect(), "staging").condition == Condition.ABSENT, "nothing runs yet"
    since = world.updates["dev"][0].ended
    world.live["staging"] = Live(OLD, replicas=2, ready=2, updated=2, available=2, total=2, since=since)
    stages = ({"stack": "dev"}, {"stack": "staging"}, {"stack": "prod"})
    (world.folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    report = collect(*stages)
    staging, waiting = of(report, "staging"), of(report, "prod").waiting
    assert (staging.reconciled, staging.condition, staging.problem) == (True, Condition.HEALTHY, "")
    assert (staging.image, staging.since, staging.undeployed) == (OLD, since, True)
    assert waiting is not None
    assert (waiting.image, len(waiting.blocked)) == (NEW, 1)
    assert waiting.blocked[0].endswith("is pinned in git; wait until it is applied")
    world.away = {"staging"}
    staging = of(collect(), "staging")
    assert (staging.condition, staging.problem) == (Condition.UNKNOWN, "The cluster of staging does not answer.")


def test_drift_is_told_with_who_made_it(world: World, collect: Collect) -> None:
    world.deploy("dev", NEW)
    world.drift["dev"] = [
        Drift(
            "Deployment", "ns", "app", "spec.replicas", "2", "5", "kubectl", "2026-11-21T11:00:00Z", "Update (scale)"
        ),
        Drift("ConfigMap", "ns", "config", "", "config", ""),
    ]
    assert of(collect(), "dev").drift == (
        Change("Deployment app", "spec.replicas", "2", "5", "kubectl Update (scale) 2026-11-21T11:00:00Z"),
        Change("ConfigMap config", "", "config", "nothing"),
    )


def test_a_cluster_that_is_away_hides_neither_the_state_nor_the_other_stacks(world: World, collect: Collect) -> None:
    world.deploy("dev", NEW)
    world.deploy("staging", NEW)
    world.away = {"dev"}
    report = collect()
    dev = of(report, "dev")
    assert (dev.condition, dev.image, dev.drift) == (Condition.UNKNOWN, NEW, None)
    assert dev.problem == "The cluster of dev does not answer."
    assert of(report, "staging").condition == Condition.HEALTHY
    waiting = of(report, "staging").waiting
    assert waiting is not None
    assert waiting.blocked == ("dev: The cluster of dev does not answer.",)


def test_a_refused_object_hides_no_other_drift(world: World, collect: Collect, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Drift("ConfigMap", "ns", "config", "", "config", "")]

    def find(stack: Stack, recorded: Recorded) -> list[Drift]:
        raise IncompleteError([ProviderError("not you")], found if stack.name == "dev" else [])

    monkeypatch.setattr("deploy.drift.find.find", find)
    world.deploy("dev", NEW)
    world.deploy("staging", NEW)
    dev, staging = collect().environments
    assert (len(dev.drift or ()), dev.problem) == (1, "not you")
    assert (staging.drift, staging.condition) == (None, Condition.UNKNOWN)


@pytest.mark.parametrize("where", ["pending", "locked"])
def test_what_an_update_is_changing_is_no_drift(world: World, collect: Collect, where: str) -> None:
    world.deploy("dev", NEW)
    world.drift["dev"] = [Drift("ConfigMap", "ns", "config", "", "config", "")]
    if where == "pending":
        world.pending = True
    else:
        lock = world.folder / "state/.pulumi/locks/organization/flask-k8s/dev/one.json"
        lock.parent.mkdir(parents=True)
        lock.write_text('{"pid": 1, "hostname": "elsewhere"}')
    dev = of(collect(), "dev")
    assert (dev.drift, dev.condition) == (None, Condition.UNKNOWN)
    assert dev.problem.startswith("update under way")


def test_tables_are_made_before_there_are_threads(
    world: World, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    monkeypatch.setattr(collecting, "make_tables", lambda: order.append(threading.current_thread().name))

    def find(stack: Stack, recorded: Recorded) -> list[Drift]:
        order.append("drift")
        return []

    monkeypatch.setattr("deploy.drift.find.find", find)
    world.deploy("dev", NEW)
    collect()
    assert order == ["MainThread", "drift"]


def test_an_interruption_waits_for_no_cluster(world: World, collect: Collect, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, ended, waited = threading.Event(), threading.Event(), []

    def hang(stack: Stack, recorded: Recorded) -> Live:
        hanging.set()
        waited.append(ended.wait(10))
        return Live()

    def interrupted(future: object) -> None:
        hanging.wait(10)
        raise KeyboardInterrupt

    monkeypatch.setattr(collecting, "live", hang)
    monkeypatch.setattr("concurrent.futures.Future.result", interrupted)
    world.deploy("dev", NEW)
    with pytest.raises(KeyboardInterrupt):
        collect()
    assert waited == []
    ended.set()


def test_a_state_that_cannot_be_read_and_a_stack_without_a_file(world: World, collect: Collect) -> None:
    world.unreadable["dev"] = DeployError("the passphrase is wrong")
    report = collect({"stack": "dev"}, {"stack": "nowhere"})
    assert [it.condition for it in report.environments] == [Condition.UNKNOWN] * 2
    assert of(report, "dev").problem == "the passphrase is wrong"
    assert "Pulumi.nowhere.yaml is missing" in of(report, "nowhere").problem


def test_an_interrupted_read_interrupts_the_whole(world: World, collect: Collect) -> None:
    world.unreadable["dev"] = DeployError("interrupted", 130)
    with pytest.raises(KeyboardInterrupt):
        collect()


def test_what_waits_is_counted_in_commits_of_the_application(world: World, collect: Collect) -> None:
    first = world.change_app()
    world.pin("staging", OLD, f"chore(staging): promote\n\nImage: {OLD}\nRevision: {first}")
    world.change_app()
    world.deploy("dev", NEW, version=world.change_app())
    world.deploy("staging", OLD)
    staging = of(collect(), "staging")
    assert staging.revision == first
    assert staging.waiting is not None
    assert (staging.waiting.source, staging.waiting.image, staging.waiting.commits) == ("dev", NEW, 2)
    assert staging.waiting.blocked == ()


def test_the_gates_of_the_target_say_why_it_cannot_come_yet(world: World, collect: Collect) -> None:
    world.deploy("dev", NEW, version=world.change_app())
    frozen = {"why": "an audit", "who": "Ann <ann@example.com>", "since": "2026-11-20T00:00:00+00:00"}
    staging = of(collect({"stack": "dev"}, {"stack": "staging", "frozen": frozen, "gate": {"approval": {}}}), "staging")
    assert staging.frozen is not None
    assert staging.waiting is not None
    assert [reason.partition(":")[0] for reason in staging.waiting.blocked] == ["freeze", "approval"]


@pytest.mark.parametrize(
    "config", [f"flask-k8s:image: other.test/app@{NEW.partition('@')[2]}", "flask-k8s:registry: r"]
)
def test_nothing_waits_for_who_has_the_digest_or_builds_for_itself(world: World, collect: Collect, config: str) -> None:
    world.deploy("dev", NEW)
    (world.folder / "Pulumi.staging.yaml").write_text(f"config:\n  {config}\n")
    assert of(collect(), "staging").waiting is None


def test_an_image_of_uncommitted_changes_has_no_revision(world: World, collect: Collect) -> None:
    world.deploy("dev", NEW, version="unknown")
    assert of(collect(), "dev").revision == ""


def test_the_age_is_the_clusters_where_the_history_does_not_know(world: World, collect: Collect) -> None:
    world.deploy("dev", NEW)
    world.updates["dev"] = updates(1, image="")
    world.live["dev"] = replace(world.live["dev"], since=world.updates["dev"][0].began)
    assert of(collect(), "dev").since == world.updates["dev"][0].began
    world.live["dev"] = replace(world.live["dev"], image=OLD)
    assert of(collect(), "dev").since is None


def test_a_cluster_is_looked_up_where_the_stacks_engine_looks(
    world: World, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/one:/two")
    world.deploy("dev", NEW)
    collect()
    assert world.kubeconfigs["dev"] == [Path("/one"), Path("/two")]


def test_the_differences_are_told_where_they_are_asked_for(
    world: World, collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def difference(left: Stack, right: Stack) -> diff.Difference:
        assert (left.name, right.name) == ("dev", "staging")
        return diff.Difference([diff.Change("", "replicas", 2, 3)], [diff.Change("Secret app", "", None, "app-1f")])

    monkeypatch.setattr(diff, "difference", difference)
    assert of(collect(), "staging").difference is None
    assert of(collect(compare=True), "staging").difference == (
        Change("config", "replicas", "2", "3"),
        Change("Secret app", "", "(not set)", "app-1f"),
    )
