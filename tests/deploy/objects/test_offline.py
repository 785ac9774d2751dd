"""The objects of a program, found without cluster, Docker and passphrase."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config import DEV_PASSPHRASE
from deploy.errors import DeployError
from deploy.objects import NO_DIGEST, objects, offline, run
from deploy.objects.placeholders import TEXT
from deploy.stack import Stack, load
from tests.deploy.objects.conftest import PINNED, STACKS

Make = Callable[..., Stack]
Small = Callable[[str], Stack]
MAP = """
inputs = {"apiVersion": "v1", "kind": "ConfigMap", "data": data}
pulumi.CustomResource("kubernetes:core/v1:ConfigMap", "map-0123456789", inputs)
"""


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_of_the_repository_comes_out(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", DEV_PASSPHRASE)  # of dev, and of no other stack
    found = objects(load(project, name), image=PINNED)
    assert [(it.kind, it.role, it.namespace) for it in found] == [
        ("Namespace", "flask-k8s", ""),
        ("ConfigMap", "flask-k8s-config", f"flask-k8s-{name}"),
        ("Deployment", "flask-k8s", f"flask-k8s-{name}"),
        ("Secret", "flask-k8s-secret", f"flask-k8s-{name}"),
        ("Service", "flask-k8s", f"flask-k8s-{name}"),
    ]
    assert found[0].name == f"flask-k8s-{name}"
    assert re.fullmatch("flask-k8s-config-[0-9a-f]{10}", found[1].name)
    for it in found:
        assert (it.manifest["apiVersion"], it.manifest["kind"]) == (it.api_version, it.kind)
        assert it.manifest["metadata"]["name"] == it.name
    deployment = found[2].manifest["spec"]
    assert deployment["template"]["spec"]["containers"][0]["image"] == PINNED
    assert isinstance(deployment["replicas"], int)


def test_what_would_be_built_has_no_digest_yet(make: Make) -> None:
    stack = make("builds", registry="registry.test", baseImage="python:3.12")
    found = run(stack)
    (image,) = found.images
    assert image["imageName"] == "registry.test/flask-k8s:builds"
    assert image["build"]["args"]["BASE_IMAGE"] == "python:3.12"
    deployment = found.objects[2].manifest
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == f"registry.test/flask-k8s@{NO_DIGEST}"
    assert found.objects == run(stack).objects
    assert "app.kubernetes.io/version" in deployment["metadata"]["labels"]
    (pinned,) = (it.manifest for it in objects(stack, image=PINNED) if it.kind == "Deployment")
    container["image"] = PINNED
    assert pinned == deployment


@pytest.mark.parametrize("kind", ["NodePort", "ExternalName"])
def test_every_service_comes_out(make: Make, kind: str) -> None:
    more = {"externalName": "a.test"} if kind == "ExternalName" else {"nodeHost": "node.test"}
    found = run(make("service", image=PINNED, serviceType=kind, **more))
    (service,) = (it.manifest["spec"] for it in found.objects if it.kind == "Service")
    assert service["type"] == kind
    assert "nodePort" not in str(service)
    assert found.images == ()


def test_secrets_are_placeholders_unless_they_are_given(make: Make) -> None:
    stack = make("secrets", image=PINNED, secrets={"TOKEN": {"secure": "v1:AAAA:canary"}})
    known = {
        "flask-k8s:secretKey": "s" * 32,
        "flask-k8s:hashKey": "h" * 32,
        "flask-k8s:secrets": '{"TOKEN": "open"}',
    }
    (hidden,) = (it for it in objects(stack) if it.kind == "Secret")
    (given,) = (it for it in objects(stack, secrets=known) if it.kind == "Secret")
    assert hidden.manifest["stringData"] == {"SECRET_KEY": TEXT, "TOKEN": TEXT}
    assert given.manifest["stringData"] == {"SECRET_KEY": "s" * 32, "TOKEN": "open"}
    assert hidden.role == given.role
    assert hidden.name != given.name
    assert "s" * 32 not in repr(given)


def test_a_wrong_configuration_is_told_in_the_program_s_own_words(make: Make) -> None:
    with pytest.raises(DeployError) as caught:
        objects(make("wrong", image=PINNED, replicas=-1, memoryLimit="12 bananas"))
    assert caught.value.code == os.EX_CONFIG
    assert str(caught.value).startswith("the configuration of stack 'wrong' is wrong in 2 places")
    assert "replicas -1: " in str(caught.value)
    with pytest.raises(DeployError, match="one of the two must be given"):
        objects(make("unset"))


def test_only_what_the_program_owns_and_declares_counts(small: Small) -> None:
    found = objects(
        small(
            'print("noise")\n'
            "data = {'TOKEN': pulumi.Config().require_secret('token'), 'SIZE': pulumi.Config().require('size')}\n"
            f"{MAP}"
            'pulumi.CustomResource("kubernetes:core/v1:Secret", "read", {}, pulumi.ResourceOptions(id="a/b"))\n'
            'pulumi.CustomResource("random:index:RandomId", "random", {})\n'
            'pulumi.export("noise", 1)\n'
        )
    )
    (only,) = found
    assert (only.name, only.role, only.namespace) == ("map-0123456789", "map-0123456789", "")
    assert only.manifest == {
        "apiVersion": "v1",
        "data": {"SIZE": "2", "TOKEN": TEXT},
        "kind": "ConfigMap",
        "metadata": {"name": "map-0123456789"},
    }


def test_only_what_never_changes_is_named_by_its_content(small: Small) -> None:
    maps = MAP + MAP.replace('"data": data', '"data": {}, "immutable": True').replace("map-", "other-")
    fixed, hashed = objects(small(f"data = {{}}\n{maps}"))
    assert (fixed.role, fixed.hashed) == ("map-0123456789", False)
    assert (hashed.role, hashed.hashed) == ("other", True)


def test_no_secret_is_in_the_command_line_or_the_environment(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "subprocess", subprocess)  # a process of its own
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "canary")
    monkeypatch.setenv("PULUMI_CONFIG", '{"small:token": "canary"}')
    program = "data = {n: open(f'/proc/self/{n}').read().replace(chr(0), ' ') for n in ('cmdline', 'environ')}\n"
    (only,) = objects(small(program + MAP), secrets={"small:token": "canary"})
    assert "_child.py" in only.manifest["data"]["cmdline"]
    assert "canary" not in str(only.manifest)


@pytest.mark.parametrize(
    ("program", "code", "says"),
    [
        ("raise pulumi.RunError('not like this')", os.EX_CONFIG, "^not like this$"),
        ("1 / 0", os.EX_SOFTWARE, r"failed for dev: ZeroDivisionError at \S+/__main__.py:2: division by zero$"),
        ("import os; os._exit(3)", os.EX_SOFTWARE, "ended for dev with status 3$"),
        ("import sys; sys.exit('enough')", os.EX_SOFTWARE, "ended for dev with status 1: enough"),
        (
            'pulumi.CustomResource("kubernetes:helm.sh/v3:Release", "chart", {"name": "x"})',
            os.EX_CONFIG,
            "Release 'chart' is no single object",
        ),
        (
            'data = {"a": [pulumi.CustomResource("random:index:RandomId", "r", {"hex": None}).hex]}\n' + MAP,
            os.EX_CONFIG,
            r"ConfigMap 'map-0123456789': data.a.0 is known only after a deployment",
        ),
        (
            'pulumi.runtime.invoke("kubernetes:yaml:decode", {"text": ""})',
            os.EX_SOFTWARE,
            "kubernetes:yaml:decode, which only a provider could answer",
        ),
    ],
)
def test_a_program_that_cannot_be_rendered(small: Small, program: str, code: int, says: str) -> None:
    with pytest.raises(DeployError, match=says) as caught:
        objects(small(program))
    assert caught.value.code == code
    assert "Traceback" not in str(caught.value)


@pytest.mark.parametrize("end", ["raise ValueError(token)", "import sys; sys.exit(token)"])
def test_no_secret_is_in_what_is_said_of_a_failure(small: Small, end: str) -> None:
    with pytest.raises(DeployError, match="The program") as caught:
        objects(small(f"token = pulumi.Config().require('token')\n{end}"), secrets={"small:token": "canary"})
    assert "canary" not in str(caught.value)


def test_an_interpreter_without_the_sdk_is_named(small: Small) -> None:
    stack = small("")
    python = stack.project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    with pytest.raises(DeployError, match=r"SDK is not there for .*No module named 'pulumi'") as caught:
        objects(stack)
    assert caught.value.code == os.EX_UNAVAILABLE


def test_a_program_that_hangs_is_ended(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "_TIMEOUT", 0.5)
    with pytest.raises(DeployError, match=r"did not end for dev within 0.5 s"):
        objects(small("import threading; threading.Event().wait()"))


def test_a_project_without_a_program_is_named(small: Small) -> None:
    stack = small("")
    (stack.project / "__main__.py").unlink()
    with pytest.raises(DeployError, match="no program at") as caught:
        objects(stack)
    assert caught.value.code == os.EX_CONFIG
