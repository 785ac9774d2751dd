"""A config change and a code change reach every pod while clients go on; not one request fails."""

from __future__ import annotations

import pytest

from tests.integration.load import Load
from tests.integration.project import Project, fetch

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    project.configure(replicas=2)
    project.up().ok()
    return project


def test_a_config_change_rolls_the_pods_without_a_failed_request(deployed: Project) -> None:
    url = deployed.outputs["url"]
    before = {pod["metadata"]["uid"] for pod in deployed.pods()}
    with Load(url) as load:
        deployed.configure(greeting="Hello again!")
        deployed.up().ok()
        assert fetch(url)[1].splitlines()[0] == "Hello again!"
    assert load.failures == []
    assert load.count >= 100
    assert len(load.seen) == 2, f"both greetings are seen during a rollout: {load.seen}"
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in deployed.pods())
    names = deployed.kubectl("get", "configmaps", "-o", "name").split()
    assert len([name for name in names if "flask-k8s-config" in name]) == 1, "the old ConfigMap goes after the rollout"


def test_a_code_change_is_built_and_rolled_out_without_a_failed_request(deployed: Project) -> None:
    first = deployed.outputs["image"]
    url = deployed.outputs["url"]
    with Load(url) as load:
        page = deployed.folder / "app" / "__init__.py"
        page.write_text(page.read_text("utf-8") + "\nCHANGED = True\n", encoding="utf-8")
        deployed.commit("Change a line of the app")
        deployed.up().ok()
    assert deployed.outputs["image"] != first
    assert load.failures == []
    assert load.count >= 100
    assert len(load.seen) == 2, f"both versions answer during a rollout: {load.seen}"


def test_an_unrelated_commit_rolls_nothing(deployed: Project) -> None:
    before = {pod["metadata"]["uid"] for pod in deployed.pods()}
    (deployed.folder / "NOTES.md").write_text("Not part of the image.\n", encoding="utf-8")
    deployed.commit("Add a note")
    deployed.up().ok()
    assert {pod["metadata"]["uid"] for pod in deployed.pods()} == before


def test_a_failed_rollout_leaves_the_old_pods_on_the_old_config(deployed: Project) -> None:
    url = deployed.outputs["url"]
    page = deployed.folder / "app" / "__init__.py"
    good = page.read_text("utf-8")
    page.write_text("raise SystemExit('this version cannot start')\n" + good, encoding="utf-8")
    deployed.configure(greeting="Never seen", rolloutTimeout=25)
    ran = deployed.up()
    assert ran.code == 1
    assert "this version cannot start" in ran.text, "the crash's own last words are shown"
    assert "Traceback" not in ran.text.replace('Traceback (most recent call last):\n  File "/app', "")
    assert fetch(url)[1].splitlines()[0] == "Hello again!"
    page.write_text(good, encoding="utf-8")
    deployed.configure(greeting="Healed", rolloutTimeout=60)
    deployed.up().ok()
    assert fetch(url)[1].splitlines()[0] == "Healed"
