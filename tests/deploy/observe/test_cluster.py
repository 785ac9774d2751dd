"""The way to a stack's cluster, and what is said when it leads nowhere."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading

import pytest
from lightkube.resources.core_v1 import ConfigMap

from deploy import stack as stacks
from deploy.errors import DeployError
from deploy.observe.cluster import reach
from deploy.stack import Stack
from tests.engine.kubernetes.fake_api import FakeApi, status

OBJECT = "/api/v1/namespaces/ns/configmaps/x"
THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from lightkube import KubeConfig
from lightkube.core.decoders import decode_list, decode_status
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod

from deploy.observe.cluster import _KUBECONFIG, make_tables

make_tables()
together = Barrier(16)
sys.setswitchinterval(1e-6)


def ask(_):
    together.wait()
    KubeConfig.from_dict(_KUBECONFIG)
    decode_status(b'{"details": {"causes": [{}]}}')
    for kind in (Deployment, Pod):
        decode_list(b'{"items": []}', kind)


with ThreadPoolExecutor(16) as pool:
    list(pool.map(ask, range(16)))
"""
"""Without `make_tables`, this ends by a segmentation fault."""


def ask(stack: Stack) -> str:
    """The error of a question."""
    with pytest.raises(DeployError) as caught, reach(stack) as api:
        api.get(ConfigMap, "x", namespace="ns")
    assert caught.value.code == os.EX_UNAVAILABLE
    return str(caught.value)


def test_the_contexts_own_credentials(stack: Stack, api: FakeApi) -> None:
    api.put(OBJECT, {"data": {"a": "1"}})
    with reach(stack) as found:
        assert found.get(ConfigMap, "x", namespace="ns").data == {"a": "1"}


def test_the_file_that_has_the_context(stack: Stack, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stack.project / "first"
    first.write_text(json.dumps({"clusters": [], "contexts": [], "users": []}))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{stack.project}/missing:{stack.project}/kubeconfig")
    stack.file.write_text("config:\n  flask-k8s:context: fake\n")
    api.put(OBJECT, {"data": {}})
    with reach(stacks.load(stack.project, "prod")) as found:
        assert found.config.cluster.server == api.url


def test_no_such_context(stack: Stack) -> None:
    stack.file.write_text(stack.file.read_text().replace("fake", "other"))
    with pytest.raises(DeployError, match=r"has no context 'other'\. It has: fake") as caught:
        reach(stacks.load(stack.project, "prod")).__enter__()
    assert caught.value.code == os.EX_CONFIG


def test_credentials_that_cannot_be_used(stack: Stack, api: FakeApi) -> None:
    config = api.kubeconfig()
    (stack.project / "key").write_text("hush")
    config["users"][0]["user"] = {"client-certificate": "key", "client-key": "key"}
    (stack.project / "kubeconfig").write_text(json.dumps(config))
    with pytest.raises(DeployError, match="credentials of context 'fake' cannot be used") as caught:
        reach(stack).__enter__()
    assert "hush" not in str(caught.value)


def test_a_cluster_that_refuses(stack: Stack, api: FakeApi) -> None:
    api.refuse["GET", OBJECT] = [status(403, "Forbidden", "user me cannot get configmaps")]
    assert ask(stack) == "The cluster of context 'fake' refuses: user me cannot get configmaps."


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("/nowhere/plugin", "No such file or directory: '/nowhere/plugin'"),
        ("echo '{}'", "KeyError: 'status'"),
        ("echo '[]'", "TypeError: list indices"),
        ("echo hello", "Expecting value"),
        ("printf 'first\\nsecond\\033[31m' >&2; exit 3", "returned 3: first second [31m"),
    ],
)
def test_a_plugin_that_does_not_sign_in(stack: Stack, api: FakeApi, program: str, said: str) -> None:
    config = api.kubeconfig()
    words = [program] if program.startswith("/") else ["sh", "-c", program]
    version = "client.authentication.k8s.io/v1beta1"
    config["users"][0]["user"] = {"exec": {"apiVersion": version, "command": words[0], "args": words[1:]}}
    (stack.project / "kubeconfig").write_text(json.dumps(config))
    found = ask(stack)
    assert "context 'fake' cannot be asked: " in found
    assert said in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "cannot be asked: KeyError"),
        (b"HTTP/1.1 403 No\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n", "answers 403."),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<p>", "is a Kubernetes API server"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"data":1} ', "is a Kubernetes API server"),
    ],
)
def test_a_server_that_is_no_kubernetes(stack: Stack, api: FakeApi, answer: bytes, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        config = api.kubeconfig()
        config["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{server.getsockname()[1]}"
        (stack.project / "kubeconfig").write_text(json.dumps(config))

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        found = ask(stack)
        thread.join()
    assert said in found
    assert "\n" not in found


def test_threads_that_ask_at_the_same_time_do_not_crash() -> None:
    subprocess.run([sys.executable, "-c", THREADS], check=True, timeout=120)


def test_a_cluster_that_is_away(stack: Stack, api: FakeApi) -> None:
    api.stop()
    said = ask(stack)
    assert f"context 'fake' does not answer at {api.url}" in said
    assert "Pulumi.prod.yaml" in said
