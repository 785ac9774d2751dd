"""Faults of promotions and rollbacks, one row each: the exit code, the named value, the mend; nothing is half-done."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import cluster
from tests.deploy.git.fake_forge import Forge
from tests.integration.faulty import Faulty, closed_port, make_faulty, refused, silent
from tests.integration.project import until
from tests.integration.proxy import Proxy, api_port

pytestmark = pytest.mark.timeout(300)

OTHER = f"sha256:{'0' * 64}"
PROMOTE = "promote staging prod --yes"
NOT_TODAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC) + timedelta(days=3)).weekday()]


@pytest.fixture(scope="module")
def made(node: cluster.Handout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    ready = make_faulty(tmp_path_factory.mktemp("faulty"), node)
    yield ready
    ready.stages.discard()


@pytest.fixture
def faulty(made: Faulty) -> Iterator[Faulty]:
    """What the test does to the repository, the remote and the ways to the cluster is taken back."""
    yield made
    made.reset()


def nothing(faulty: Faulty) -> None:
    pass


@dataclass(frozen=True)
class Row:
    """A command that ends with nothing changed."""

    id: str
    words: str
    code: int
    says: tuple[str, ...]
    given: Callable[[Faulty], AbstractContextManager[object] | None] = nothing
    """Makes the fault."""


def another_digest(faulty: Faulty) -> AbstractContextManager[None]:
    return faulty.recorded("staging", faulty.image("dev").partition("@")[2], OTHER)


def no_registry(faulty: Faulty) -> AbstractContextManager[None]:
    registry = faulty.stages.project.node.registry
    return faulty.recorded("staging", f"{registry}/flask-k8s@", "127.0.0.1:1/flask-k8s@")


def silent_smoke(faulty: Faulty) -> AbstractContextManager[object]:
    with ExitStack() as stack:
        port = stack.enter_context(silent())
        faulty.declare("staging", smoke={"url": f"http://127.0.0.1:{port}/", "timeout": "2s"})
        return stack.pop_all()


def write(name: str, text: str) -> Callable[[Faulty], None]:
    def given(faulty: Faulty) -> None:
        (faulty.folder / name).write_text(text, encoding="utf-8")
        faulty.commit()

    return given


def hook(faulty: Faulty) -> None:
    file = faulty.stages.remote / "hooks" / "pre-receive"
    file.write_text("#!/bin/sh\necho 'closed for the audit' >&2\nexit 1\n")
    file.chmod(0o755)


def no_remote(faulty: Faulty) -> None:
    faulty.git("remote", "set-url", "origin", str(faulty.stages.remote) + ".gone")


def behind(faulty: Faulty) -> None:
    (faulty.folder / "new").touch()
    faulty.commit()
    faulty.git("reset", "--quiet", "--hard", "HEAD~1")


def diverged(faulty: Faulty) -> None:
    behind(faulty)
    faulty.git("commit", "--quiet", "--allow-empty", "--message", "Mine")


def dirty(faulty: Faulty) -> None:
    (faulty.folder / "Pulumi.prod.yaml").write_text("config: {a: [\n", encoding="utf-8")


def no_server(name: str) -> Callable[[Faulty], None]:
    return lambda faulty: faulty.server(name, f"https://127.0.0.1:{closed_port()}")


def gate(**gates: object) -> Callable[[Faulty], None]:
    return lambda faulty: faulty.declare("prod", gate=gates)


def frozen(faulty: Faulty) -> None:
    faulty.stages.deploy("freeze", "prod", "--why", "the audit", "--push").ok()


ROWS = [
    Row("unknown target", "promote staging nowhere --yes", 64, ("'nowhere'", "dev, staging, prod")),
    Row("unknown source", "promote nowhere prod --yes", 64, ("'nowhere'", "dev, staging, prod")),
    Row("unknown environment", "rollback nowhere", 64, ("'nowhere'", "dev, prod, staging")),
    Row("backwards", "promote staging dev --yes", 64, ("dev does not come after staging", "rollback dev")),
    Row("to itself", "promote staging staging --yes", 64, ("staging does not come after staging",)),
    Row("past a stage", "promote dev prod --yes", 64, ("staging lies between", "--skip-stage")),
    Row("nobody to ask", "promote staging prod", 64, ("--yes",)),
    Row("--up with --pr", f"{PROMOTE} --up --pr", 64, ("--pr", "--up")),
    Row("same digest again", "promote dev staging --yes --push", 0, ("staging has sha256:", "already")),
    Row("digest not in the registry", PROMOTE, 1, (OTHER, "not in the registry", "`up`"), another_digest),
    Row("tag for a digest", "up staging --yes --image r.test/app:1", 64, ("--image", "'r.test/app:1'", "@sha256:")),
    Row("tag in the file", PROMOTE, 78, ("'r.test/app:1'", "@sha256:"),
        lambda faulty: faulty.configure("prod", image="r.test/app:1")),
    Row("nonsense in the file", PROMOTE, 78, ("Pulumi.prod.yaml", "line 2", "git"),
        write("Pulumi.prod.yaml", "config: {a: [\n")),
    Row("a nonsense value", PROMOTE, 78, ("replicas many", "whole number", "Pulumi.prod.yaml"),
        lambda faulty: faulty.configure("prod", replicas="many")),
    Row("nonsense in the pipeline", PROMOTE, 78, ("pipeline.yaml", "stages"), write("pipeline.yaml", "stages: 5\n")),
    Row("push rejected", f"{PROMOTE} --push", 1, ("closed for the audit", "'main'"), hook),
    Row("push of a branch rejected", f"{PROMOTE} --pr", 1, ("closed for the audit", "'promote/prod-"), hook),
    Row("push of a freeze rejected", "freeze prod --why x --push", 1, ("closed for the audit", "'main'"), hook),
    Row("remote away", PROMOTE, 69, ("'origin'", "cannot be fetched"), no_remote),
    Row("smoke test that hangs", PROMOTE, 1, ("smoke test: GET http://127.0.0.1:", "answer within 2s"), silent_smoke),
    Row("frozen target", PROMOTE, 1, ("the audit", "unfreeze prod"), frozen),
    Row("up of a frozen stage", "up prod --yes", 1, ("the audit", "unfreeze prod"), frozen),
    Row("nothing to go back to", "rollback staging", 1, ("nothing to roll staging back to",)),
    Row("never deployed", "rollback prod", 1, ("nothing to roll prod back to",)),
    Row("back to what is not known", "rollback staging --to 4711", 64, ("--to 4711", "history staging")),
    Row("back where all is built", "rollback dev", 64, ("dev builds its image", "revert")),
    Row("registry away", PROMOTE, 69, ("127.0.0.1:1 is not reached",), no_registry),
    Row("source's cluster away", PROMOTE, 69, ("https://127.0.0.1:", "Pulumi.staging.yaml"), no_server("staging")),
    Row("target's cluster away", PROMOTE, 69, ("https://127.0.0.1:",), no_server("prod")),
    Row("cluster away before up", "up staging --yes", 69, ("https://127.0.0.1:",), no_server("staging")),
    Row("cluster away before a rollback", "rollback staging", 69, ("https://127.0.0.1:",), no_server("staging")),
    Row("dirty tree", PROMOTE, 1, ("Pulumi.prod.yaml", "git stash"), dirty),
    Row("behind", PROMOTE, 1, ("is behind 'origin/main'", "git pull --ff-only"), behind),
    Row("diverged", PROMOTE, 1, ("has diverged from 'origin/main'", "git pull --rebase"), diverged),
    Row("nobody approved", PROMOTE, 1, ("nobody has approved", "--approved-by"), gate(approval={})),
    Row("approved by the author", f"{PROMOTE} --approved-by tester@localhost", 1, ("is the author",),
        gate(approval={})),
    Row("approved by a stranger", f"{PROMOTE} --approved-by eve@x.test", 1, ("eve@x.test", "ann@x.test"),
        gate(approval={"approvers": ["ann@x.test"]})),
    Row("closed window", PROMOTE, 1, ("window", f"try again from {NOT_TODAY}"), gate(window={"days": [NOT_TODAY]})),
    Row("soak time not over", PROMOTE, 1, ("soak: running for", "9d asked", "try again in 8d"), gate(soak="9d")),
    Row("no key for the signature", PROMOTE, 78, ("nobody.pub", "missing"), gate(signature={"key": "nobody.pub"})),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_nothing_is_half_done(faulty: Faulty, row: Row) -> None:
    with ExitStack() as stack:
        if fault := row.given(faulty):
            stack.enter_context(fault)
        before = faulty.all()
        ran = faulty.stages.deploy(*row.words.split(), timeout=40)
        refused(ran, row.code, *row.says)
        if row.id != "remote away":
            assert faulty.all() == before


def test_a_smoke_test_that_hangs_after_the_up(faulty: Faulty) -> None:
    with silent_smoke(faulty):
        before = faulty.all()
        begun = time.monotonic()
        refused(faulty.stages.deploy("up", "staging", "--yes"), 1, "no answer within 2s", "no rollback")
        assert time.monotonic() - begun < 40
        assert faulty.all() == before


def test_what_was_allowed_is_recorded(faulty: Faulty) -> None:
    faulty.declare("prod", gate={"approval": {"approvers": ["ann@x.test"]}})
    frozen(faulty)
    faulty.stages.deploy("unfreeze", "prod", "--push").ok()
    words = ("promote", "dev", "prod", "--yes", "--skip-stage", "--approved-by", "ann@x.test")
    faulty.stages.deploy(*words).ok()
    assert faulty.subject.startswith("chore(prod): promote flask-k8s to sha256:")
    assert faulty.stages.trailers("Skipped-stage") == "staging"
    assert faulty.stages.trailers("Approved-by") == "ann@x.test"
    assert faulty.git("status", "--porcelain") == ""
    assert faulty.git("diff", "--name-only", "HEAD~1") == "Pulumi.prod.yaml"


def test_a_pull_request_leaves_the_work_tree_alone(faulty: Faulty) -> None:
    forge = Forge("GitHub")
    thread = threading.Thread(target=forge.server.serve_forever, args=(0.01,))
    thread.start()
    try:
        faulty.git("remote", "set-url", "origin", f"file://127.0.0.1{faulty.stages.remote}")
        branch = f"promote/prod-{faulty.image('dev').partition('@sha256:')[2][:12]}"
        before = faulty.all()
        faulty.stages.project.extra["GITHUB_API_URL"] = forge.env["GITHUB_API_URL"]
        refused(faulty.stages.deploy(*PROMOTE.split(), "--pr"), 78, "GITHUB_TOKEN", "`--pr`")
        assert faulty.all() == before, "not even the branch is pushed"
        faulty.stages.project.extra |= forge.env
        for _ in range(2):  # the branch is there already, both times
            said = faulty.stages.deploy(*PROMOTE.split(), "--pr").ok().out
            assert said.splitlines()[-1] == f"http://{forge.host}/pull/7"
        assert [(pull["head"], pull["base"]) for pull in forge.open] == [(branch, "main")]
        assert "smoke test" in forge.open[0]["body"]
        after = faulty.all()
        assert f"refs/heads/{branch}" in after.pop("remote")
        assert after == {key: value for key, value in before.items() if key != "remote"}
        faulty.git("fetch", "--quiet", "origin", branch)
        assert faulty.image("dev") in faulty.git("show", "FETCH_HEAD:Pulumi.prod.yaml")
    finally:
        forge.server.shutdown()
        thread.join()
        forge.server.server_close()


def test_two_promotions_at_once(faulty: Faulty) -> None:
    registry = faulty.stages.project.node.registry
    lock = faulty.folder / ".git" / "flask-k8s.lock"
    with (
        silent() as port,  # the first one waits for a registry
        faulty.recorded("staging", f"{registry}/flask-k8s@", f"127.0.0.1:{port}/flask-k8s@"),
    ):
        before = faulty.all()
        lock.write_text("")
        first = faulty.stages.project.start(*PROMOTE.split())
        until(lambda: lock.read_text() == f"{first.pid}\n", "the first promotion holds the lock")
        refused(faulty.stages.deploy(*PROMOTE.split()), os.EX_TEMPFAIL, str(first.pid), "Wait")
        refused(faulty.stages.deploy("freeze", "prod", "--why", "x"), os.EX_TEMPFAIL, str(first.pid))
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate(timeout=20)
        assert faulty.all() == before
    faulty.stages.deploy(*PROMOTE.split()).ok()


def test_killed_between_its_commit_and_the_up(faulty: Faulty) -> None:
    before = faulty.image("prod")
    _killed_at_its_commit(faulty, *PROMOTE.split(), "--up")
    assert faulty.subject.startswith("chore(prod): promote")
    assert faulty.image("prod") == before
    commit = faulty.head
    again = faulty.stages.deploy(*PROMOTE.split(), "--up")
    assert "already" in again.ok().text
    assert faulty.head == commit
    assert faulty.image("prod") == faulty.image("dev")


@pytest.mark.parametrize("words", ["rollback staging", "up staging --yes"], ids=["by hand", "by itself"])
def test_killed_in_mid_rollback(faulty: Faulty, words: str) -> None:
    good = faulty.stages.file("staging")
    if words.startswith("rollback"):
        faulty.configure("staging", greeting="Hello again!")
        faulty.stages.deploy("up", "staging", "--yes").ok()
    else:
        faulty.configure("staging", greeting="No word of welcome")
    _killed_at_its_commit(faulty, *words.split())
    assert faulty.subject.startswith("revert(staging): go back to sha256:")
    commit = faulty.head
    faulty.stages.deploy(*words.split()).ok()
    assert (faulty.head, faulty.stages.file("staging")) == (commit, good)
    assert faulty.greetings("staging") == ["Hello from staging!"]


def test_a_cluster_that_goes_away_during_the_up(faulty: Faulty, tmp_path: Path) -> None:
    faulty.configure("prod", greeting="Hello, cut off")
    with Proxy(api_port(faulty.stages.project)) as proxy:
        faulty.server("prod", f"https://127.0.0.1:{proxy.port}")
        process = faulty.stages.project.start(*PROMOTE.split(), "--up")
        while "Hello, cut off" not in faulty.greetings("prod"):
            assert process.poll() is None, process.communicate()
        proxy.cut()  # the new ConfigMap is there: `up` is under way
        out, _ = process.communicate(timeout=120)
    assert process.returncode in (1, os.EX_UNAVAILABLE), out
    assert f"https://127.0.0.1:{proxy.port}" in out
    assert faulty.subject.startswith("chore(prod): promote"), "there is no rollback without a cluster"
    assert faulty.git("status", "--porcelain") == ""
    faulty.server("prod", "")
    faulty.stages.deploy(*PROMOTE.split(), "--up").ok()
    assert faulty.greetings("prod") == ["Hello, cut off"]


def _killed_at_its_commit(faulty: Faulty, *words: str) -> None:
    """Runs a command, and kills it with all it started as soon as HEAD has moved."""
    before = faulty.head
    process = faulty.stages.project.start(*words)
    while faulty.head == before:
        assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert faulty.git("status", "--porcelain") == ""
    if os.environ.get("TEST_ENGINE") == "pulumi":  # which leaves its lock behind
        faulty.stages.deploy("cancel", words[1] if words[0] != "promote" else words[2])
