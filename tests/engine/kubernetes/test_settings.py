"""Provider inputs and kubeconfigs: found, or refused by name."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.kubernetes import diff_config
from engine.kubernetes.errors import signed_out
from engine.kubernetes.provider import KubernetesProvider
from engine.kubernetes.settings import parse
from engine.provider import ProviderError
from engine.resource.values import Secret
from tests.engine.kubernetes.conftest import Bench
from tests.engine.kubernetes.fake_api import FakeApi
from tests.engine.kubernetes.samples import CONFIG_MAP, config_map

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


def test_the_files_of_kubeconfig_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(folder: str, name: str, **user: str) -> str:
        context = {"name": name, "context": {"cluster": "same", "user": name}}
        cluster = {"name": "same", "cluster": {"server": f"https://{folder}.example.com"}}
        users = [{"name": name, "user": user}]
        config = {"current-context": name, "clusters": [cluster], "contexts": [context], "users": users}
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "config").write_text(json.dumps(config))
        return str(tmp_path / folder / "config")

    files = [written("one", "a", token="t"), str(tmp_path / "absent"), written("two", "b", tokenFile="secret/token")]
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    first, second = parse({}).cluster, parse({"context": "b"}).cluster
    assert first is not None
    assert second is not None
    assert (first.context, first.server) == ("a", "https://one.example.com")
    assert (second.context, second.server) == ("b", "https://one.example.com"), "the first of a name counts"
    assert second.config["users"][0]["user"]["tokenFile"] == str(tmp_path / "two" / "secret" / "token")


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
        ({"kubeconfig": CONFIG, "strictMode": "true"}, "'strictMode' .*Pulumi CLI"),
        (
            {"kubeconfig": {**CONFIG, "users": [{"name": "me", "user": {"as": "you"}}]}},
            "field 'as' of context 'one' .*Pulumi CLI",
        ),
        (
            {"kubeconfig": {**CONFIG, "clusters": [{"name": "a", "cluster": {"server": "x", "proxy-url": "y"}}]}},
            "field 'proxy-url' .*Pulumi CLI",
        ),
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
    assert parse({"kubeconfig": CONFIG, "enableSecretMutable": None}).mutable_secrets
    assert not parse({"kubeconfig": CONFIG, "enableSecretMutable": "false"}).mutable_secrets
    monkeypatch.setenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS", "true")
    with pytest.raises(ProviderError, match=r"PULUMI_K8S_UPSERT_EXISTING_OBJECTS sets it.*Pulumi CLI"):
        parse({"kubeconfig": CONFIG})


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


async def test_an_exec_plugin_runs_once_for_many_requests(api: FakeApi, tmp_path: Path) -> None:
    script = f'echo run >> {tmp_path}/runs; sleep 0.1; echo \'{{"status": {{"token": "t"}}}}\''
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}
    config = {**api.kubeconfig(), "users": [{"name": "me", "user": {"exec": plugin}}]}
    provider = KubernetesProvider(parse({"kubeconfig": config}))
    bench = Bench(api, provider)
    await asyncio.gather(*(bench.create(CONFIG_MAP, config_map(f"m{number}")) for number in range(5)))
    await provider.close()
    assert (tmp_path / "runs").read_text() == "run\n"
    assert len(api.made("POST")) == 5


async def test_an_exec_plugin_runs_again_once_its_token_has_expired(api: FakeApi, tmp_path: Path) -> None:
    script = f'echo run >> {tmp_path}/runs; echo \'{{"status": {{"token": "t"}}}}\''
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}
    config = {**api.kubeconfig(), "users": [{"name": "me", "user": {"exec": plugin}}]}
    provider = KubernetesProvider(parse({"kubeconfig": config}))
    bench = Bench(api, provider)
    await bench.create(CONFIG_MAP, config_map())
    api.refuse["POST", "/api/v1/namespaces/shop/configmaps"] = [(401, {"message": "Unauthorized"})]
    await bench.create(CONFIG_MAP, config_map("other"))
    await provider.close()
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


@pytest.mark.parametrize(
    ("script", "said"), [("echo no login >&2; exit 3", "no login"), ("echo nonsense", "signing in failed")]
)
async def test_an_exec_plugin_that_fails_is_said(api: FakeApi, script: str, said: str) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script]}
    config = {**api.kubeconfig(), "users": [{"name": "me", "user": {"exec": plugin}}]}
    provider = KubernetesProvider(parse({"kubeconfig": config}))
    with pytest.raises(ProviderError, match=said):
        await Bench(api, provider).create(CONFIG_MAP, config_map())
    await provider.close()


async def test_an_expired_client_certificate_is_named(api: FakeApi) -> None:
    pem = base64.b64encode(expired_certificate()).decode()
    config = api.kubeconfig()
    config["users"][0]["user"] |= {"client-certificate-data": pem}
    cluster = parse({"kubeconfig": config}).cluster
    assert cluster is not None
    assert "client certificate expired at 20" in str(signed_out(cluster))


def expired_certificate() -> bytes:
    """A certificate of its own making that ended yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = (
        builder.serial_number(1).not_valid_before(now - timedelta(days=9)).not_valid_after(now - timedelta(days=1))
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
