"""The whole path: built in dev, promoted to staging and to prod; broken, rolled back by itself, and healed.

The tests build on each other, in their order, while a load on prod goes on through all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import cluster
from tests.integration.load import Load
from tests.integration.project import ROOT, Ran, fetch
from tests.integration.stages import PAGE, Stages, make_stages

pytestmark = pytest.mark.timeout(400)

GOOD = (ROOT / PAGE).read_text("utf-8")
SILENT_IN_STAGING = "{% if it.environment == 'staging' %}Nothing{% else %}{{ it.greeting }}{% endif %}\nsecond\n"
CRASH_IN_PROD = (
    "if settings.environment == 'prod':\n        raise SystemExit('cannot serve production')\n    app = Flask("
)


@pytest.fixture(scope="module")
def stages(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = make_stages(tmp_path_factory.mktemp("stages"), node)
    yield made
    made.discard()


@pytest.fixture(scope="module")
def load(stages: Stages) -> Iterator[Load]:
    """Requests to prod from its first deployment to the last test."""
    stages.deploy("up", "dev", "--yes").ok()
    stages.deploy("promote", "dev", "staging", "--up", "--yes", "--push").ok()
    stages.deploy("promote", "staging", "prod", "--up", "--yes", "--push").ok()
    with Load(stages.url("prod"), limit=900.0) as running:
        yield running


def unharmed(load: Load) -> None:
    assert load.failures == []


def test_one_digest_runs_in_all_three(stages: Stages, load: Load) -> None:
    images = {name: stages.image(name) for name in ("dev", "staging", "prod")}
    assert len(set(images.values())) == 1, images
    assert images["dev"] in stages.file("prod")
    assert fetch(load.url)[1].splitlines()[0] == "Hello from production!"
    assert stages.trailers("Promoted-from") == "staging"
    assert stages.trailers("Image") == images["dev"]
    assert "smoke test" in stages.trailers("Check")
    assert stages.project.git("rev-parse", "HEAD") == stages.project.git("rev-parse", "origin/main")


def test_a_version_that_fails_its_smoke_test_in_staging_is_rolled_back(stages: Stages, load: Load) -> None:
    before = stages.image("staging")
    bad = stages.release(SILENT_IN_STAGING, "Say nothing in staging")
    failed = stages.deploy("promote", "dev", "staging", "--up", "--yes", "--push")
    _rolled_back(stages, failed, "staging", bad, before)
    assert "smoke test" in failed.text
    assert "smoke test" in stages.trailers("Reason")
    unharmed(load)


def test_what_was_rolled_back_is_not_promoted_further(stages: Stages, load: Load) -> None:
    again = stages.deploy("promote", "staging", "prod", "--yes")
    assert again.code == 0, again.text
    assert "already" in again.text


def test_a_version_that_crashes_in_prod_is_rolled_back(stages: Stages, load: Load) -> None:
    before = stages.image("prod")
    factory = stages.project.folder / "app" / "factory.py"
    good = factory.read_text("utf-8")
    factory.write_text(good.replace("app = Flask(", CRASH_IN_PROD), encoding="utf-8")
    bad = stages.release(GOOD, "Fall over in production")
    stages.deploy("promote", "dev", "staging", "--up", "--yes", "--push").ok()
    failed = stages.deploy("promote", "staging", "prod", "--up", "--yes", "--push")
    _rolled_back(stages, failed, "prod", bad, before)
    assert "cannot serve production" in failed.text
    factory.write_text(good, encoding="utf-8")
    unharmed(load)


def test_prod_heals_with_the_next_version(stages: Stages, load: Load) -> None:
    healed = stages.release(f"{GOOD}healed\n", "Say that it is healed")
    stages.deploy("promote", "dev", "staging", "--up", "--yes", "--push").ok()
    stages.deploy("promote", "staging", "prod", "--up", "--yes", "--push").ok()
    assert stages.image("prod") == healed
    assert fetch(load.url)[1].splitlines()[-1] == "healed"
    unharmed(load)


def test_a_rollback_by_hand_and_the_history_of_it_all(stages: Stages, load: Load) -> None:
    healed = stages.image("prod")
    stages.deploy("rollback", "prod", "--push").ok()
    assert stages.image("prod") != healed
    updates = json.loads(stages.deploy("history", "prod", "--json").ok().out)
    assert updates[0]["result"] == "succeeded"
    assert updates[0]["image"] == stages.image("prod")
    assert any(update["result"] == "failed" for update in updates)
    number = next(update["number"] for update in updates if update["image"] == healed)
    stages.deploy("rollback", "prod", "--to", str(number), "--push").ok()
    assert stages.image("prod") == healed
    assert stages.deploy("rollback", "prod", "--to", "4711").code == 64
    unharmed(load)


def test_drift_made_by_kubectl_is_named_and_mended(stages: Stages, load: Load) -> None:
    assert stages.deploy("drift", "prod").code == 0
    stages.stack("prod").kubectl("scale", "deployment", "flask-k8s", "--replicas", "4")
    found = stages.deploy("drift", "prod")
    assert found.code == 2
    assert "spec.replicas" in found.out
    assert "kubectl" in found.out
    stages.deploy("drift", "prod", "--fix").ok()
    assert stages.deploy("drift", "prod").code == 0
    unharmed(load)


def test_status_shows_the_three_environments(stages: Stages, load: Load) -> None:
    report = json.loads(stages.deploy("status", "--json").ok().out)
    text = json.dumps(report)
    for name in ("dev", "staging", "prod"):
        assert f'"{name}"' in text
    assert stages.image("prod").partition("@")[2][:19] in text


def test_nobody_noticed(stages: Stages, load: Load) -> None:
    unharmed(load)
    load.stop()
    assert load.count >= 100
    assert len(load.seen) >= 2, load.seen


def _rolled_back(stages: Stages, failed: Ran, name: str, bad: str, before: str) -> None:
    assert failed.code == 1, failed.text
    assert stages.image(name) == before != bad
    assert before in stages.file(name)
    assert stages.project.git("log", "-1", "--format=%s").startswith(f"revert({name}):")
    taken_back = stages.trailers("Rolled-back")
    assert f"Image: {bad}" in stages.project.git("show", "--no-patch", taken_back)
    assert stages.project.git("status", "--porcelain") == ""
    assert stages.project.git("rev-parse", "HEAD") == stages.project.git("rev-parse", "origin/main")
