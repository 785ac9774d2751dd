"""Provider inputs and kubeconfigs: found, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.kubernetes import diff_config
from engine.kubernetes.settings import parse
from engine.provider import ProviderError
from engine.values import Secret

CONFIG: dict[str, Any] = {
    "current-context": "one",
    "clusters": [
        {"name": "a", "cluster": {"server": "https://a.example.com"}},
        {"name": "b", "cluster": {"server": "https://b.example.com"}},
    ],
    "contexts": [
        {"name": "one", "context": {"cluster": "a", "user": "me"}},
        {"name": "two", "context": {"cluster": "b", "user": "me"}},
        {"name": "broken", "context": {"cluster": "nowhere"}},
    ],
    "users": [{"name": "me", "user": {"token": "canary-token"}}],
}


def server(**inputs: Any) -> str:
    cluster = parse(inputs).cluster
    assert cluster is not None
    return cluster.server


def test_a_kubeconfig_may_be_a_path_its_content_or_a_mapping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config"
    file.write_text(json.dumps(CONFIG))
    monkeypatch.setenv("HOME", str(tmp_path))
    for form in (str(file), "~/config", json.dumps(CONFIG), CONFIG, Secret(json.dumps(CONFIG))):
        assert server(kubeconfig=form) == "https://a.example.com"
    monkeypatch.setenv("KUBECONFIG", str(file))
    assert server() == "https://a.example.com"


def test_context_and_cluster_choose() -> None:
    assert server(kubeconfig=CONFIG, context="two") == "https://b.example.com"
    assert server(kubeconfig=CONFIG, context="one", cluster="b") == "https://b.example.com"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"kubeconfig": "/no/such/file"}, r"kubeconfig '/no/such/file': there is no such file"),
        ({"kubeconfig": CONFIG, "context": "three"}, r"has no context 'three'. It has: broken, one, two"),
        ({"kubeconfig": CONFIG, "context": "broken"}, r"has no cluster 'nowhere'"),
        ({"kubeconfig": {**CONFIG, "current-context": ""}}, "no context is named"),
        ({"kubeconfig": "a: b: canary\n"}, "neither YAML nor JSON"),
        ({"kubeconfig": "just: text\n"}, "is no kubeconfig"),
        ({"kubeconfig": CONFIG, "contxt": "one"}, "unknown input 'contxt'. Known are .*context"),
        ({"kubeconfig": CONFIG, "renderYamlToDirectory": "out"}, "'renderYamlToDirectory' .*Pulumi CLI"),
        ({"kubeconfig": CONFIG, "enableServerSideApply": "false"}, "enableServerSideApply .*Pulumi CLI"),
    ],
)
def test_what_is_wrong_is_named(inputs: dict[str, Any], said: str) -> None:
    with pytest.raises(ProviderError, match=said) as raised:
        parse(inputs)
    assert "canary" not in str(raised.value)


def test_flags_come_as_texts_or_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse({"kubeconfig": CONFIG, "enableConfigMapMutable": "true"}).mutable_config_maps
    assert not parse({"kubeconfig": CONFIG}).mutable_secrets
    monkeypatch.setenv("PULUMI_K8S_ENABLE_SECRET_MUTABLE", "true")
    assert parse({"kubeconfig": CONFIG}).mutable_secrets


def test_an_exec_plugin_is_asked_for_the_version_that_the_client_reads() -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sign-in"}
    config = {**CONFIG, "users": [{"name": "me", "user": {"exec": plugin}}]}
    cluster = parse({"kubeconfig": config}).cluster
    assert cluster is not None
    asked = cluster.config["users"][0]["user"]["exec"]
    assert asked["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert asked["env"][0]["name"] == "KUBERNETES_EXEC_INFO"


def test_credentials_are_not_printed() -> None:
    assert "canary" not in repr(parse({"kubeconfig": CONFIG}))


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"context": "one"}, {"context": "one"}, ()),
        ({"context": "one"}, {"context": "two"}, ("context",)),
        ({"context": "one"}, {"context": "one", "namespace": "x"}, ()),
        ({"context": "one", "clusterIdentifier": "x"}, {"context": "two", "clusterIdentifier": "x"}, ()),
        ({"clusterIdentifier": "x"}, {"clusterIdentifier": "y"}, ("clusterIdentifier",)),
    ],
)
def test_another_cluster_replaces_the_provider(
    old: dict[str, Any], new: dict[str, Any], replaces: tuple[str, ...]
) -> None:
    found = diff_config({"kubeconfig": CONFIG, **old}, {"kubeconfig": CONFIG, **new})
    assert found.changes is (old != new)
    assert found.replaces == replaces
