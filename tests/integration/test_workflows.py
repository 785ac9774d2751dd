"""The workflows, run on this machine against a bare repository and a forge on the loopback address.

The tests build on each other, in their order.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml

import cluster
from deploy import cli
from deploy.registry.client import Registry
from deploy.registry.reference import Reference
from deploy.registry.signature import verify
from tests.integration.project import ROOT, Ran
from tests.integration.runner import REPOSITORY, TOKEN, Runner, files
from tests.integration.stages import NAMES, Stages, make_stages
from tests.integration.tools import go_tool

pytestmark = pytest.mark.timeout(400)

PINNED = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # v[\d.]+$")


class Forge:
    """GitHub's API, as far as comments go."""

    def __init__(self) -> None:
        self.head = ""
        self.comments: list[dict[str, Any]] = []
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
                allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
                text = json.dumps(forge.answer(self.command, self.path, body) if allowed else {}).encode()
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815 - named by the base class

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, method: str, path: str, body: Any) -> Any:
        if method == "GET":
            return self.comments if "/comments" in path else {"head": {"sha": self.head}}
        if method == "POST":
            me = {"id": 1, "html_url": f"{self.url}/1", "user": {"type": "Bot"}, "author_association": "NONE"}
            self.comments.append(me)
        self.comments[0].update(body)
        return self.comments[0]


@pytest.fixture(scope="module")
def forge() -> Iterator[Forge]:
    made = Forge()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture(scope="module")
def stages(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = make_stages(tmp_path_factory.mktemp("workflows"), node)
    yield made
    for name in NAMES:  # the state goes with the test, and nobody waits for the pods
        stack = made.stack(name)
        stack.kubectl("delete", "namespace", stack.namespace, "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="module")
def runner(stages: Stages, forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner.make(stages, tmp_path_factory.mktemp("tools"), forge.url, tmp_path_factory.mktemp("runner"))


def pushed(runner: Runner) -> Ran:
    """main.yml for the commit that the bare repository's main is at."""
    payload = {"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}}
    return runner.act("main.yml", "push", payload).ok()


def proposed(runner: Runner, forge: Forge, repository: str = REPOSITORY) -> Ran:
    """pull-request.yml, for a branch of a repository."""
    forge.head = runner.stages.project.git("rev-parse", "HEAD")
    head = {"ref": "change", "sha": forge.head, "repo": {"full_name": repository}}
    pull = {"number": 7, "head": head, "base": {"ref": "main"}}
    return runner.act("pull-request.yml", "pull_request", {"number": 7, "pull_request": pull}).ok()


def branches(stages: Stages) -> list[str]:
    """Of the bare repository, by name."""
    found = stages.project.git("--git-dir", str(stages.remote), "for-each-ref", "--format=%(refname:short)")
    return found.splitlines()


def test_actionlint_finds_nothing() -> None:
    tool = go_tool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
    words = ["-shellcheck=", "-pyflakes=", *(str(file) for file in files() if file.parent.name == "workflows")]
    done = subprocess.run([str(tool), *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_and_permissions_begin_at_none() -> None:
    for file in files():
        text = file.read_text("utf-8")
        uses = [line.strip().removeprefix("- ") for line in text.splitlines() if "uses:" in line]
        assert [use for use in uses if not use.startswith("uses: ./") and not PINNED.match(use)] == [], file
        assert "pull_request_target" not in text
        if file.parent.name == "workflows":
            assert "\npermissions: {}\n" in text, file
            for name, job in yaml.safe_load(text)["jobs"].items():
                assert "permissions" in job, name
                assert "uses" in job or job["timeout-minutes"] <= 30, name


def test_the_command_line_knows_every_command() -> None:
    for file in (*files(), ROOT / ".gitlab-ci.yml"):
        for words in re.findall(r"python -m deploy ([^|)\n]+)", file.read_text("utf-8")):
            cli.parser().parse_args(shlex.split(words))


def test_a_push_is_deployed_to_dev_and_its_promotion_waits(
    stages: Stages, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed(runner)
    image = stages.image("dev")
    ref = Reference.parse(image)
    assert Registry(ref.registry).exists(ref)
    monkeypatch.setenv("PATH", str(runner.tools), prepend=":")
    assert verify(ref, runner.tools / "cosign.pub", "spdxjson")[-1].startswith("SBOM")
    branch = f"promote/staging-{ref.digest.removeprefix('sha256:')[:12]}"
    assert branches(stages) == ["main", branch]
    assert image in stages.project.git("--git-dir", str(stages.remote), "show", f"{branch}:Pulumi.staging.yaml")


def test_the_same_again_is_no_work(stages: Stages, runner: Runner) -> None:
    before = stages.image("dev"), branches(stages)
    ran = pushed(runner)
    assert (stages.image("dev"), branches(stages)) == before
    assert "Pushing signature" not in ran.text


def test_a_merged_promotion_is_deployed_and_goes_on(stages: Stages, runner: Runner) -> None:
    stages.project.git("fetch", "--quiet")
    stages.project.git("merge", "--quiet", "--ff-only", f"origin/{branches(stages)[1]}")
    stages.project.git("push", "--quiet")
    pushed(runner)
    assert stages.image("staging") == stages.image("dev")
    assert [name.partition("-")[0] for name in branches(stages)] == ["main", "promote/prod", "promote/staging"]


def test_a_pull_request_gets_one_comment(runner: Runner, forge: Forge) -> None:
    for _ in range(2):
        proposed(runner, forge)
    (comment,) = forge.comments
    assert comment["body"].startswith("<!-- flask-k8s preview -->")
    assert all(name in comment["body"] for name in ("dev", "staging", "prod"))


def test_a_fork_gets_no_preview(runner: Runner, forge: Forge) -> None:
    forge.comments.clear()
    ran = proposed(runner, forge, "stranger/app")
    assert forge.comments == []
    assert "Objects of every stack" in ran.text


def test_gitlab_s_jobs_do_the_same(stages: Stages, runner: Runner) -> None:
    _, prod, _ = branches(stages)
    stages.project.git("push", "--quiet", "origin", f":{prod}")
    before = stages.image("dev")
    for job in ("test", "dev", "promote-to-staging", "staging", "promote-to-prod", "prod"):
        runner.gitlab(job).ok()
    assert (stages.image("dev"), stages.image("staging")) == (before, before)
    assert prod in branches(stages)
