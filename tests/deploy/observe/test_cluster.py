"""The way to a stack's cluster, and what is said when it leads nowhere."""

from __future__ import annotations

import json
import os

import pytest
from lightkube.resources.core_v1 import ConfigMap

from deploy import stack as stacks
from deploy.errors import DeployError
from deploy.observe.cluster import reach
from deploy.stack import Stack
from tests.engine.kubernetes.fake_api import FakeApi, status

OBJECT = "/api/v1/namespaces/ns/configmaps/x"


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


def test_a_cluster_that_is_away(stack: Stack, api: FakeApi) -> None:
    api.stop()
    said = ask(stack)
    assert f"context 'fake' does not answer at {api.url}" in said
    assert "Pulumi.prod.yaml" in said
