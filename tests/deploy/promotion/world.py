"""Three stages in a repository with a remote; what their backend, cluster and registry say is a test's to set."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy import stack as stacks
from deploy.engines import Engine as AnyEngine
from deploy.git.repository import Repository
from deploy.observe.history import Update
from deploy.observe.live import Live
from deploy.pipeline.record import Stage
from deploy.release import Outcome
from deploy.stack import Stack
from tests.deploy.git.scratch import git
from tests.deploy.registry.fake import FakeRegistry

NOW = datetime.now(UTC).replace(microsecond=0)
OTHER = f"r.test/flask-k8s@sha256:{'0' * 64}"
STACK = """\
# {name}
encryptionsalt: v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAA
config:
  flask-k8s:context: far
  flask-k8s:replicas: "2"  # enough
  flask-k8s:secretKey: {{secure: v1:AAAA}}
  flask-k8s:hashKey: {{secure: v1:AAAA}}
"""
PIPELINE = """\
stages:
  - stack: dev
  - stack: staging
  - stack: prod
"""


def update(number: int, **changes: Any) -> Update:
    """An update that succeeded; the higher its number, the later."""
    ended = NOW - timedelta(hours=100 - number)
    plain: dict[str, Any] = {
        "kind": "update",
        "result": "succeeded",
        "began": ended - timedelta(seconds=9),
        "ended": ended,
        "image": "",
        "revision": "",
        "who": "Ann <ann@x.test>",
        "message": f"Change {number}\n\nMore.",
        "config": {},
        "dirty": False,
        "changes": {"same": 9},
    }
    return Update(number, **plain | changes)


@dataclass
class Engine:
    """Answers of one image for each stack that was deployed; does nothing, and writes down what it was to do."""

    images: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    """How a command ends; 0, unless said here."""
    ran: list[tuple[str, ...]] = field(default_factory=list)
    name: str = "embedded"

    def run(self, *words: str, stdin: str | None = None) -> int:
        self.ran.append(words)
        return self.codes.get(words[0], 0)

    def read(self, *words: str) -> str:
        image = self.images.get(words[words.index("--stack") + 1])
        outputs = {"image": image, "name": "flask-k8s", "namespace": "ns", "url": "http://127.0.0.1:1"}
        if words[:2] == ("stack", "output"):
            return json.dumps(outputs)
        assert words[:2] == ("stack", "export"), words
        root = {"type": "pulumi:pulumi:Stack", "urn": "urn", "outputs": outputs}
        return json.dumps({"deployment": {"resources": [root] if image else []}})


@dataclass
class World:
    """The project, and everything that it talks to."""

    folder: Path
    remote: Path
    registry: FakeRegistry
    host: str
    """Of the registry."""
    engine: Engine = field(default_factory=Engine)
    updates: dict[str, list[Update]] = field(default_factory=dict)
    """Each stack's history, newest first."""
    lives: dict[str, Live] = field(default_factory=dict)
    """What runs of each stack."""

    @property
    def repo(self) -> Repository:
        return Repository.at(self.folder)

    def stack(self, name: str) -> Stack:
        return stacks.load(self.folder, name)

    def git(self, *words: str) -> str:
        return git(self.folder, *words)

    @property
    def state(self) -> tuple[str, str, str]:
        """What a refused command leaves as it is."""
        return self.git("rev-parse", "HEAD"), self.git("status", "--porcelain"), self.git("ls-remote", "origin")

    def write(self, file: str, text: str, message: str = "A change") -> str:
        """Commits a file, and pushes it; the commit."""
        (self.folder / file).parent.mkdir(exist_ok=True)
        (self.folder / file).write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def configure(self, name: str, *lines: str) -> str:
        """Commits the stack's file with more lines; the commit."""
        text = STACK.format(name=name) + "".join(f"  flask-k8s:{line}\n" for line in lines)
        return self.write(f"Pulumi.{name}.yaml", text)

    def deployed(self, name: str, number: int = 1, **changes: Any) -> Update:
        """An update of a stack at the present commit, with its file's configuration."""
        stack = self.stack(name)
        config = {key: text for key, text in stack.values.items() if key not in stack.secret_keys}
        plain = {"revision": self.git("rev-parse", "HEAD"), "config": config, "image": stack.get("image")}
        made = update(number, **plain | changes)
        self.updates.setdefault(name, []).insert(0, made)
        return made

    def runs(self, name: str, image: str = "") -> str:
        """Has a stack run an image, by default a new one of the present commit; the image."""
        if not image:
            revision = self.git("rev-parse", "HEAD")
            image = f"{self.host}/flask-k8s@{self.registry.image('flask-k8s', revision=revision)['digest']}"
        self.engine.images[name] = image
        self.lives[name] = Live(image=image, replicas=2, ready=2, updated=2, available=2, total=2)
        self.deployed(name, 1 + len(self.updates.get(name, [])), image=image)
        return image


@dataclass
class Releases:
    """In place of `release`: writes down the images, and an update in the history for each that got so far."""

    world: World
    ends: list[Outcome] = field(default_factory=list)
    """How the next ones end; well, those after them."""
    images: list[str] = field(default_factory=list)

    def __call__(self, stack: Stack, engine: AnyEngine, stage: Stage | None, *, yes: bool) -> Outcome:
        assert yes
        self.images.append(stack.get("image"))
        outcome = self.ends.pop(0) if self.ends else Outcome(0, "", f"http://{stack.name}.test")
        if outcome.code in (0, 1):
            config = {key: text for key, text in stack.values.items() if key not in stack.secret_keys}
            number = 1 + len(self.world.updates.get(stack.name, []))
            result = "failed" if outcome.code else "succeeded"
            self.world.deployed(stack.name, number, result=result, config=config, image=stack.get("image"))
        return outcome
