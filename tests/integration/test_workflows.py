"""The workflows, run on this machine against a bare repository and a forge on the loopback address.

The tests build on each other, in their order.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest
import yaml

import cluster
from deploy import cli
from deploy.registry.client import Registry
from deploy.registry.reference import Reference
from deploy.registry.signature import verify
from tests.deploy.ci.fake import CiForge
from tests.integration.project import ROOT, Ran
from tests.integration.runner import REPOSITORY, TOKEN, Runner, files
from tests.integration.stages import NAMES, Stages, make_stages
from tests.integration.tools import go_tool

pytestmark = pytest.mark.timeout(400)

PINNED = re.compile(r"uses: ([\w./-]+)@([0-9a-f]{40}) # v[\d.]+$")


ALLOWED = {
    "test": "contents: read",
    "render": "contents: read",
    "preview": "contents: read, id-token: write, pull-requests: write",
    "drift": "contents: read, id-token: write, issues: write",
    "due": "contents: read, id-token: write",
    "dev": "contents: read, id-token: write, packages: write",
    "up": "contents: write, id-token: write",
    **dict.fromkeys(
        ("promote-to-staging", "promote", "staging", "prod"), "contents: write, id-token: write, pull-requests: write"
    ),
}
"""What each job's token may do, at most."""


@pytest.fixture(scope="module")
def forge() -> Iterator[CiForge]:
    with CiForge("GitHub").serving() as made:
        yield made


@pytest.fixture(scope="module")
def stages(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = make_stages(tmp_path_factory.mktemp("workflows"), node)
    yield made
    made.discard()


@pytest.fixture(scope="module")
def runner(stages: Stages, forge: CiForge, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    api = forge.env["GITHUB_API_URL"]
    return Runner.make(stages, tmp_path_factory.mktemp("tools"), api, tmp_path_factory.mktemp("runner"))


def pushed(runner: Runner) -> Ran:
    """main.yml for the commit that the bare repository's main is at."""
    payload = {"ref": "refs/heads/main", "repository": {"full_name": REPOSITORY}}
    return runner.act("main.yml", "push", payload).ok()


def proposed(runner: Runner, forge: CiForge, repository: str = REPOSITORY) -> Ran:
    """pull-request.yml, for a branch of a repository."""
    forge.head = runner.stages.project.git("rev-parse", "HEAD")
    head = {"ref": "change", "sha": forge.head, "repo": {"full_name": repository}}
    pull = {"number": 7, "head": head, "base": {"ref": "main"}}
    return runner.act("pull-request.yml", "pull_request", {"number": 7, "pull_request": pull}).ok()


def branches(stages: Stages) -> dict[str, str]:
    """Of the bare repository, by name: where they are."""
    form = "--format=%(refname:short) %(objectname)"
    found = stages.project.git("--git-dir", str(stages.remote), "for-each-ref", form)
    return dict(line.split() for line in found.splitlines())


def referrers(image: str) -> int:
    """How many signatures and attestations an image has."""
    ref = Reference.parse(image)
    return len(Registry(ref.registry).referrers(ref.repository, ref.digest))


def credentials(runner: Runner, host: str) -> str:
    """The password that the job's clone has for a host."""
    environment = runner.environment | {"GITLAB_TOKEN": TOKEN, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": ""}
    done = subprocess.run(
        ["git", "credential", "fill"],
        cwd=runner.folder / "clone",
        env=environment,
        input=f"protocol=https\nhost={host}\n\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return "".join(line for line in done.stdout.splitlines() if line.startswith("password"))


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
                assert sorted(f"{key}: {may}" for key, may in job["permissions"].items()) == ALLOWED[name].split(", ")
                if file.name in ("main.yml", "drift.yml") and {"environment", "uses"} & {*job}:
                    assert "github.ref == 'refs/heads/main'" in job["if"], name
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
    assert [*branches(stages)] == ["main", branch]
    assert image in stages.project.git("--git-dir", str(stages.remote), "show", f"{branch}:Pulumi.staging.yaml")


def test_the_same_again_is_no_work(stages: Stages, runner: Runner) -> None:
    before = stages.image("dev"), branches(stages), referrers(stages.image("dev"))
    ran = pushed(runner)
    assert (stages.image("dev"), branches(stages), referrers(stages.image("dev"))) == before
    assert "due=false" in ran.text


def test_the_signature_of_another_is_not_taken_for_ours(stages: Stages, runner: Runner) -> None:
    image = stages.image("dev")
    before = referrers(image)
    runner.sign(image, "cosign").ok()
    assert referrers(image) == before
    for _ in range(2):
        runner.sign(image, "other").ok()
        assert referrers(image) == before + 2, "its signature, and the one of the SBOM; once"


def test_a_merged_promotion_is_deployed_and_goes_on(stages: Stages, runner: Runner) -> None:
    stages.project.git("fetch", "--quiet")
    stages.project.git("merge", "--quiet", "--ff-only", f"origin/{[*branches(stages)][1]}")
    stages.project.git("push", "--quiet")
    ran = pushed(runner)
    assert "staging is up after" in ran.text
    assert stages.image("staging") == stages.image("dev")
    assert [name.partition("-")[0] for name in branches(stages)] == ["main", "promote/prod", "promote/staging"]
    before = branches(stages)
    assert "is up after" not in pushed(runner).text.replace("dev is up after", "")
    assert branches(stages) == before


def test_a_pull_request_gets_one_comment(runner: Runner, forge: CiForge) -> None:
    for _ in range(2):
        proposed(runner, forge)
    (text,) = forge.texts
    assert text.startswith("<!-- flask-k8s preview -->")
    assert all(f"- **{name}**: " in text for name in NAMES)
    assert "no preview" not in text
    assert forge.headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_fork_gets_no_preview(runner: Runner, forge: CiForge) -> None:
    forge.comments.clear()
    ran = proposed(runner, forge, "stranger/app")
    assert forge.comments == []
    assert "Objects of every stack" in ran.text


def test_gitlab_s_jobs_do_the_same(stages: Stages, runner: Runner) -> None:
    _, prod, _ = [*branches(stages)]
    stages.project.git("push", "--quiet", "origin", f":{prod}")
    before = stages.image("dev")
    for job in ("test", "dev", "promote-to-staging", "staging", "promote-to-prod", "prod"):
        ran = runner.gitlab(job).ok()
    assert "no image was promoted to it" in ran.text
    assert credentials(runner, "git.test") == f"password={TOKEN}"
    assert credentials(runner, "evil.test") == ""
    assert (stages.image("dev"), stages.image("staging")) == (before, before)
    assert prod in branches(stages)


def test_gitlab_s_preview_and_drift(stages: Stages, runner: Runner) -> None:
    with CiForge("GitLab").serving() as forge:
        forge.head = branches(stages)["main"]
        where = {**forge.env, "GITLAB_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
        runner.gitlab("preview", CI_MERGE_REQUEST_IID="7", **where).ok()
        (text,) = forge.texts
        assert all(f"- **{name}**: " in text for name in NAMES)
        assert "no preview" not in text
        runner.gitlab("drift", **where).ok()
        assert forge.issues == []
        assert forge.headers["PRIVATE-TOKEN"] == TOKEN


def test_drift_of_a_stack_becomes_an_issue(stages: Stages, runner: Runner, forge: CiForge) -> None:
    payload = {"repository": {"full_name": REPOSITORY, "default_branch": "main"}}
    stages.stack("staging").kubectl("scale", "deployment/flask-k8s", "--replicas=3")
    ran = runner.act("drift.yml", "schedule", payload)
    assert ran.code != 0
    (issue,) = forge.issues
    for text in (ran.text, issue["body"]):
        assert "- **staging**: **1 difference**" in text
        assert TOKEN not in text
        assert stages.project.passphrase not in text
    stages.deploy("drift", "staging", "--fix").ok()
    runner.act("drift.yml", "schedule", payload).ok()
    assert [it["state"] for it in forge.issues] == ["closed"]
