"""Faults, one row each: the exit code, the value named, the mend; and the stack is well afterwards."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.project import Project, Ran, fetch, until
from tests.integration.proxy import Proxy, api_port, kubeconfig

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    project.up().ok()
    return project


@pytest.fixture(autouse=True)
def well_afterwards(deployed: Project) -> Iterator[None]:
    """Whatever a row does, putting its change back makes the stack preview and deploy again."""
    config = (deployed.folder / "Pulumi.test.yaml").read_text("utf-8")
    dockerfile = (deployed.folder / "app" / "Dockerfile").read_text("utf-8")
    passphrase = deployed.passphrase
    yield
    (deployed.folder / "Pulumi.test.yaml").write_text(config, encoding="utf-8")
    (deployed.folder / "app" / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    deployed.passphrase = passphrase
    deployed.extra.clear()
    deployed.deploy("preview", "test").ok()


def refused(ran: Ran, code: int, *words: str) -> None:
    assert ran.code == code, ran.text
    for word in words:
        assert word in ran.text
    if os.environ.get("TEST_ENGINE") != "pulumi":  # the CLI's own host prints one when a step fails
        assert "Traceback" not in ran.text


@dataclass(frozen=True)
class Bad:
    """A configuration value that is refused before anything is touched."""

    key: str
    value: object
    says: str
    """A part of the message beside the key and the value."""
    shown: bool = True
    """Whether the value is repeated; a key that is unknown may be a misspelt secret's."""


BAD_CONFIG = [
    Bad("replica", 3, "did you mean flask-k8s:replicas", shown=False),
    Bad("replicas", "many", "whole number"),
    Bad("replicas", -1, "0"),
    Bad("memoryLimit", "12 bananas", "quantity"),
    Bad("memoryLimit", "1Mi", "memoryRequest"),
    Bad("image", "localhost:5001/flask-k8s:latest", "@sha256:"),
    Bad("servicePort", 70000, "65535"),
    Bad("serviceType", "Balancer", "LoadBalancer"),
    Bad("namespace", "Not A Name", "DNS label"),
]


@pytest.mark.parametrize("bad", BAD_CONFIG, ids=lambda bad: f"{bad.key}={bad.value}")
def test_a_bad_value_is_refused_before_anything_is_touched(deployed: Project, bad: Bad) -> None:
    look = ("get", "deployment", "flask-k8s", "-o", "jsonpath={.metadata.generation}", "-n", deployed.namespace)
    before = deployed.kubectl(*look)
    deployed.configure(**{bad.key: bad.value})
    refused(deployed.up(), os.EX_CONFIG, bad.key, bad.says, *([str(bad.value)] if bad.shown else []))
    assert deployed.kubectl(*look) == before


def test_a_context_that_does_not_exist(deployed: Project) -> None:
    deployed.configure(context="nowhere")
    refused(deployed.up(), os.EX_CONFIG, "'nowhere'", deployed.node.context, "config test set context")


def test_no_context_named_at_all(deployed: Project) -> None:
    deployed.configure(context=None, kubeconfig=None)
    refused(deployed.up(), os.EX_CONFIG, "context")


def test_a_wrong_passphrase(deployed: Project) -> None:
    deployed.passphrase = "not the one"
    ran = deployed.up()
    refused(ran, os.EX_CONFIG, "passphrase", "PULUMI_CONFIG_PASSPHRASE")
    assert "not the one" not in ran.text


def test_the_throwaway_passphrase_serves_dev_only(deployed: Project) -> None:
    from config import DEV_PASSPHRASE

    deployed.passphrase = DEV_PASSPHRASE
    refused(deployed.up(), os.EX_CONFIG, "passphrase", "dev")


def test_no_docker_daemon_though_the_stack_builds(deployed: Project) -> None:
    deployed.extra["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    refused(deployed.up(), os.EX_UNAVAILABLE, "/nowhere/docker.sock", "image")


def test_a_broken_dockerfile(deployed: Project) -> None:
    dockerfile = deployed.folder / "app" / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text("utf-8") + "\nRUN false-command-of-the-test\n", encoding="utf-8")
    refused(deployed.up(), 1, "false-command-of-the-test")
    assert fetch(deployed.outputs["url"])[0] == 200


def test_a_registry_that_goes_away_in_mid_push(deployed: Project) -> None:
    with _dying_server() as port:
        deployed.configure(registry=f"localhost:{port}")
        refused(deployed.up(), 1, f"localhost:{port}")
    assert fetch(deployed.outputs["url"])[0] == 200


def test_a_cluster_that_is_unreachable_before_the_up(deployed: Project, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{closed.getsockname()[1]}"
        deployed.configure(kubeconfig=str(kubeconfig(deployed, tmp_path, server)), greeting="Unreachable")
        ran = deployed.up()
    refused(ran, ran.code, server)
    assert ran.code in (1, os.EX_UNAVAILABLE)


def test_a_cluster_that_goes_away_during_the_up(deployed: Project, tmp_path: Path) -> None:
    with Proxy(api_port(deployed)) as proxy:
        server = f"https://127.0.0.1:{proxy.port}"
        deployed.configure(kubeconfig=str(kubeconfig(deployed, tmp_path, server)), greeting="Cut off")
        process = deployed.start("up", "test", "--yes")
        until(lambda: "Cut off" in _greetings(deployed), "the new ConfigMap is there, so the update is under way")
        proxy.cut()
        out, _ = process.communicate(timeout=120)
    assert process.returncode in (1, os.EX_UNAVAILABLE), out
    assert server in out
    deployed.configure(kubeconfig=str(deployed.node.kubeconfig))
    deployed.up().ok()
    assert fetch(deployed.outputs["url"])[1].splitlines()[0] == "Cut off"


def test_a_pod_that_never_gets_ready_fails_in_bounded_time(deployed: Project) -> None:
    deployed.configure(rolloutTimeout=15, memoryLimit="8Mi", memoryRequest="8Mi")
    begun = time.monotonic()
    refused(deployed.up(), 1, "flask-k8s")
    assert time.monotonic() - begun < 120
    assert fetch(deployed.outputs["url"])[0] == 200


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_killed_up_converges_when_run_again(deployed: Project, sign: signal.Signals) -> None:
    deployed.up().ok()
    greeting = f"After {sign.name}"
    deployed.configure(greeting=greeting)
    process = deployed.start("up", "test", "--yes")
    until(lambda: greeting in _greetings(deployed), "the new ConfigMap is there, so the update is under way")
    os.killpg(process.pid, sign)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == (130 if sign == signal.SIGINT else -signal.SIGKILL), out
    if os.environ.get("TEST_ENGINE") == "pulumi" and sign == signal.SIGKILL:
        assert "cancel" in deployed.up().text
        deployed.deploy("cancel", "test").ok()
    deployed.up().ok()
    assert fetch(deployed.outputs["url"])[1].splitlines()[0] == greeting
    assert _greetings(deployed) == [greeting], "nothing of the killed update is left over"


def test_two_ups_at_once(deployed: Project) -> None:
    deployed.configure(greeting="One at a time")
    first = deployed.start("up", "test", "--yes")
    locks = deployed.state / ".pulumi" / "locks"
    until(lambda: any(locks.rglob("*.json")), "the first `up` holds the lock")
    holder = json.loads(next(locks.rglob("*.json")).read_text("utf-8"))["pid"]
    refused(deployed.up(), os.EX_TEMPFAIL, "test", str(holder))
    out, _ = first.communicate(timeout=120)
    assert first.returncode == 0, out


def _greetings(project: Project) -> list[str]:
    """The greeting of each of the app's ConfigMaps."""
    found = project.objects("configmaps", "-l", "app.kubernetes.io/name=flask-k8s")
    return [item["data"]["GREETING"] for item in found]


@contextmanager
def _dying_server() -> Iterator[int]:
    """Answers the registry's ping, then hangs up on everything else."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                if b"GET /v2/ " in connection.recv(4096):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(server.getsockname()[1])
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(timeout=5)
