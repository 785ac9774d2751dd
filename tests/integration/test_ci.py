"""The jobs of a CI service, with the tests' cluster, a forge on the loopback address, and the real kubeconform."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from deploy.ci.comment import MARKER
from tests.deploy.ci.fake import HEAD, CiForge
from tests.integration.project import Project, Ran, fetch, until
from tests.integration.schemas import schemas
from tests.integration.tools import go_tool

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def forge() -> Iterator[CiForge]:
    with CiForge("GitHub").serving() as made:
        yield made


@pytest.fixture(scope="module")
def job(project: Project, forge: CiForge) -> Project:
    """The project as a job of GitHub's has it, with one stack, which is deployed."""
    (project.folder / "pipeline.yaml").write_text('stages: [{"stack": "test"}]\n')
    event = project.folder.parent / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}))
    project.extra |= forge.env | {"GITHUB_EVENT_PATH": str(event), "GITHUB_RUN_ID": "31", "NO_PROXY": "127.0.0.1"}
    project.up().ok()
    return project


def test_preview_becomes_one_comment(job: Project, forge: CiForge) -> None:
    job.deploy("ci", "preview").ok()
    assert "- **test**: no changes, 15 unchanged; image `" in forge.texts[0]

    job.configure(greeting="Bonjour", replicas=2, namespace=f"{job.namespace}-moved")
    (job.folder / "app" / "templates" / "index.txt").write_text("Bonjour")
    ran = job.deploy("ci", "preview").ok()
    (text,) = forge.texts
    assert ran.out == f"http://{forge.host}/1\n"
    assert text.startswith(f"{MARKER}\n<!-- commit={HEAD} run=31 -->\n")
    assert "4 to replace" in text
    assert f"image `{job.node.registry}/flask-k8s:test`, to be built from revision `unknown`" in text
    assert "- **Warning: test replaces** `Namespace flask-k8s` because of `metadata.name`" in text
    assert '- data.GREETING: "Hello from Kubernetes!"\n+ data.GREETING: "Bonjour"\n' in text
    assert "- spec.replicas: 1\n+ spec.replicas: 2\n" in text
    assert "SECRET_KEY" not in text
    job.git("checkout", "--quiet", "app")
    job.configure(greeting=None, replicas=1, namespace=job.namespace.removesuffix("-moved"))


def test_preview_that_fails_says_so(job: Project, forge: CiForge) -> None:
    right, job.passphrase = job.passphrase, "wrong"
    try:
        ran = job.deploy("ci", "preview")
    finally:
        job.passphrase = right
    assert ran.code not in (0, 70), ran.text
    assert "passphrase" in ran.err
    (text,) = forge.texts
    assert "- **test**: **no preview** ([log](https://github.com/group/app/actions/runs/31))" in text


def test_drift_becomes_one_issue(job: Project, forge: CiForge) -> None:
    job.deploy("ci", "drift").ok()
    assert forge.issues == []
    job.kubectl("scale", "deployment/flask-k8s", "--replicas=2")
    for _ in range(2):
        assert job.deploy("ci", "drift").code == 2
    (issue,) = forge.issues
    assert "- spec.replicas: 1\n+ spec.replicas: 2 (by kubectl, Update (scale))" in issue["body"]
    job.deploy("drift", "test", "--fix").ok()
    job.deploy("ci", "drift").ok()
    assert issue["state"] == "closed"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("passphrase", ["", None], ids=["no passphrase", "passphrase"])
def test_a_cancelled_job_leaves_the_stack_resumable(job: Project, sign: signal.Signals, passphrase: str | None) -> None:
    greeting = f"After {sign.name}, {passphrase}"
    job.configure(greeting=greeting)
    process = job.start("up", "test", "--yes")
    until(lambda: greeting in job.kubectl("get", "configmaps", "-o", "json"), "the update is under way", 120)
    os.killpg(process.pid, sign)
    process.communicate(timeout=120)
    assert process.returncode != 0
    before, job.passphrase = job.passphrase, job.passphrase if passphrase is None else passphrase
    try:
        job.deploy("cancel", "test").ok()
    finally:
        job.passphrase = before
    job.up().ok()
    assert fetch(job.outputs["url"])[1].splitlines()[0] == greeting


def test_objects_are_checked_without_a_cluster_and_a_passphrase(job: Project, forge: CiForge) -> None:
    tool = go_tool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", "v0.8.0")
    folder = job.folder.parent / "kubeconform"
    folder.mkdir()
    (folder / "kubeconform").symlink_to(tool)
    asked = len(forge.asked)
    before = dict(job.extra)
    job.extra |= {"PATH": f"{folder}:{job.env['PATH']}", "KUBECONFORM_SCHEMA_LOCATION": str(schemas())}
    job.extra |= {"PULUMI_CONFIG_PASSPHRASE": "", "KUBECONFIG": "/nonexistent", "DOCKER_HOST": "unix:///nonexistent"}
    program = job.folder / "__main__.py"
    whole = program.read_text("utf-8")
    try:
        assert job.deploy("ci", "preview", "--render").ok().out == "test: 5 objects, all valid\n"
        program.write_text(f'{whole}\nk8s.core.v1.ConfigMap("more", metadata={{"name": "more"}}, data={{"x": 5}})\n')
        ran = job.deploy("ci", "preview", "--render")
    finally:
        job.extra = before
        program.write_text(whole)
    _is_refused(ran)
    assert len(forge.asked) == asked


def _is_refused(ran: Ran) -> None:
    assert ran.code == 1, ran.text
    assert "test: 6 objects, not all are valid\n  ConfigMap more: data.x: got number, want " in ran.out
