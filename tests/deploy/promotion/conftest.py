"""The world of `world.py`, with a history and a cluster that are lists; nothing of the user's git is read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.observe.history import Update
from deploy.observe.live import Live
from deploy.observe.recorded import Recorded
from deploy.stack import Stack
from tests.cluster.fakes import serve
from tests.deploy.git.scratch import git
from tests.deploy.promotion.world import PIPELINE, STACK, Engine, Releases, World
from tests.deploy.registry.fake import FakeRegistry

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("GIT_", "PULUMI_")) or name == "EMAIL"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    git(tmp_path, "init", "--quiet", "-b", "main", "project")
    folder = tmp_path / "project"
    git(folder, "config", "user.name", "Ann")
    git(folder, "config", "user.email", "ann@x.test")
    git(folder, "remote", "add", "origin", str(tmp_path / "remote.git"))
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    (folder / "pipeline.yaml").write_text(PIPELINE)
    for name in ("staging", "prod"):
        (folder / f"Pulumi.{name}.yaml").write_text(STACK.format(name=name))
    (folder / "Pulumi.dev.yaml").write_text(STACK.format(name="dev") + "  flask-k8s:registry: r.test\n")
    registry = FakeRegistry()
    with serve(registry) as host:
        made = World(folder, tmp_path / "remote.git", registry, host)
        made.write("app/web.py", "1", "feat: the app")
        git(folder, "branch", "--quiet", "--set-upstream-to", "origin/main")

        def history(stack: Stack, engine: Engine) -> list[Update]:
            return made.updates.get(stack.name, [])

        def live(stack: Stack, recorded: Recorded) -> Live:
            return made.lives.get(stack.name, Live())

        for module in ("checks", "command", "due", "promote", "rollback"):
            monkeypatch.setattr(f"deploy.promotion.{module}.history", history)
        monkeypatch.setattr("deploy.promotion.checks.live", live)
        yield made


@pytest.fixture
def engine(world: World) -> Engine:
    return world.engine


@pytest.fixture
def releases(world: World, monkeypatch: pytest.MonkeyPatch) -> Releases:
    """Releases are only pretended; the stacks need no preparation, and their cluster is there."""
    made = Releases(world)
    monkeypatch.setattr("deploy.release.release", made)
    monkeypatch.setattr("deploy.promotion.rollback.release", made)
    monkeypatch.setattr("deploy.session.prepared", lambda stack, engine: stack)
    monkeypatch.setattr("deploy.cli_checks.check_server", lambda stack: None)
    return made


@pytest.fixture
def images(world: World) -> list[str]:
    """Some images that the registry has."""
    made = [world.registry.image("flask-k8s", revision=str(number))["digest"] for number in range(6)]
    return [f"{world.host}/flask-k8s@{digest}" for digest in made]


@pytest.fixture
def bad(world: World, images: list[str]) -> str:
    """The commit of a version of prod that failed; the one before was good."""
    world.configure("prod", f"image: {images[0]}")
    world.deployed("prod", 1)
    commit = world.configure("prod", f"image: {images[1]}")
    world.deployed("prod", 2, result="failed")
    return commit


@pytest.fixture
def image(world: World) -> str:
    """What runs in staging."""
    return world.runs("staging")
