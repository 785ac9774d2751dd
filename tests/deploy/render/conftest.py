"""A stack with a passphrase, a program whose objects are made here, and stand-ins for sops and kubeseal."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.objects import Object
from deploy.objects.offline import without_hash
from deploy.observe.recorded import Recorded
from deploy.render import command, plan, source
from deploy.stack import Stack, load
from engine.backend.passphrase import SecretsManager
from tests.deploy.promotion.world import Engine

ROOT = Path(__file__).resolve().parents[3]
PASSPHRASE = "correct horse battery staple"
PINNED = f"registry.test/small@sha256:{'a' * 64}"
VALUE = "hunter2-canary"
RECIPIENT = "age1qqqq"
SOPS = {"sops": {"age": [RECIPIENT]}}

STAND_IN = """\
import base64, secrets, sys, yaml
content = yaml.safe_load(sys.stdin)
with open({log!r}, "a") as log:
    print(*sys.argv, file=log)
def sealed(text):
    return "ENC[" + secrets.token_hex(8) + "]"
"""
FAKES = {
    "sops": """\
content["data"] = {key: sealed(value) for key, value in content["data"].items()}
keys = sys.argv[sys.argv.index("--age") + 1].split(",")
content["sops"] = {"age": [{"recipient": key} for key in keys], "kms": []}
""",
    "kubeseal": """\
def sealed(text):
    return base64.b64encode(bytes([1, 0]) + secrets.token_bytes(256 + 16 + len(text))).decode()
data = {key: sealed(value) for key, value in content.pop("data").items()}
rest = {key: value for key, value in content.items() if key not in ("apiVersion", "kind")}
rest["metadata"]["creationTimestamp"] = None
place = {key: content["metadata"][key] for key in ("name", "namespace")}
content = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": place,
           "spec": {"encryptedData": data, "template": rest}}
""",
}


@pytest.fixture(scope="session")
def manager() -> SecretsManager:
    return SecretsManager.new(PASSPHRASE)


@dataclass
class World:
    """A project with one stack, `prod`."""

    project: Path
    manager: SecretsManager
    recorded: Recorded = field(default_factory=Recorded)
    extra: list[Object] = field(default_factory=list)
    """What the program makes beside the rest."""
    engine: Engine = field(default_factory=Engine)

    @property
    def out(self) -> Path:
        return self.project / "out"

    def configure(self, value: str = VALUE, **config: object) -> None:
        secret = {"secure": self.manager.encrypt(value)}
        given = {"context": "far", "image": PINNED, "secretKey": secret, "hashKey": secret, **config}
        content = {
            "encryptionsalt": self.manager.salt,
            "config": {f"flask-k8s:{key}": text for key, text in given.items() if text is not None},
        }
        (self.project / "Pulumi.prod.yaml").write_text(yaml.safe_dump(content))

    def declare(self, **secrets: object) -> None:
        stage: dict[str, Any] = {"stack": "prod", **({"secrets": secrets} if secrets else {})}
        (self.project / "pipeline.yaml").write_text(yaml.safe_dump({"stages": [stage]}))

    @property
    def stack(self) -> Stack:
        return load(self.project, "prod")

    def render(self, *, check: bool = False, image: str | None = None) -> int:
        args = argparse.Namespace(out=self.out, check=check, image=image)
        return command.render(self.stack, self.engine, args)

    def texts(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in sorted(self.out.iterdir())}

    def objects(self, stack: Stack, *, image: str = "", secrets: dict[str, str] | None = None) -> list[Object]:
        """The program: a Secret whose name is made of its content, and a Deployment that refers to it."""
        text = (secrets or {}).get("flask-k8s:secretKey", "[secret]")
        hidden = f"small-secret-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
        data = {"SECRET_KEY": text}
        spec = {"image": image or stack.get("image"), "from": [{"secretRef": {"name": hidden}}]}
        return [
            made("v1", "Namespace", "small"),
            made("v1", "Secret", hidden, stringData=data, immutable=True),
            made("apps/v1", "Deployment", "small", spec=spec),
            *self.extra,
        ]


def made(api_version: str, kind: str, name: str, role: str = "", **rest: Any) -> Object:
    """An object in the namespace `ns`."""
    metadata = {"name": name, "namespace": "ns", **{key: rest.pop(key) for key in ("labels",) if key in rest}}
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}
    stable = without_hash(name) if rest.get("immutable") else name
    return Object(api_version, kind, "ns", name, role or stable, json.loads(json.dumps(manifest)))


@pytest.fixture
def world(tmp_path: Path, manager: SecretsManager, monkeypatch: pytest.MonkeyPatch) -> World:
    """The project, its passphrase at hand, its Secrets declared for SOPS."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    found = World(tmp_path, manager)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    found.configure()
    found.declare(**SOPS)
    monkeypatch.setattr(source, "objects", found.objects)
    monkeypatch.setattr(plan, "recorded", lambda stack, engine: found.recorded)
    return found


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the stand-ins, which are on PATH, write their arguments."""
    folder, log = tmp_path / "bin", tmp_path / "words"
    folder.mkdir()
    log.touch()
    for name, body in FAKES.items():
        program = folder / name
        last = "yaml.safe_dump(content, sys.stdout, sort_keys=False)\n"
        program.write_text(f"#!{sys.executable}\n{STAND_IN.format(log=str(log))}{body}{last}")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return log
