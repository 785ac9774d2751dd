from dataclasses import FrozenInstanceError
from typing import Any

import pytest
import yaml

from config import DEV_PASSPHRASE, ConfigError, StackConfig, parse
from config.schema import FIELDS
from tests.config.values import SECRETS, values

PINNED = f"ghcr.io/owner/app@sha256:{'a' * 64}"


def parsed(stack: str = "prod", **changes: Any) -> StackConfig:
    secrets = {*SECRETS, "flask-k8s:secrets", "flask-k8s:registryPassword"}
    return parse(stack, values(**changes), secrets)


def failures(stack: str = "prod", **changes: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        parsed(stack, **changes)
    return str(caught.value)


def test_defaults_are_those_of_the_everyday_tutorial() -> None:
    config = parsed()
    assert config.replicas == 3
    assert (config.service_type, config.service_port) == ("LoadBalancer", 80)
    assert config.greeting == "Hello from Kubernetes!"
    assert config.namespace == "flask-k8s-prod"
    assert config.instance == "flask-k8s-prod"
    assert config.environment == "prod"
    assert config.cluster_identifier == config.context == "my-cluster"
    assert config.repository == "ghcr.io/owner/flask-k8s"
    assert config.image is None
    assert config.node_port is None
    assert config.protect is False


def test_every_value_is_typed() -> None:
    config = parsed(
        replicas=5,
        createNamespace=False,
        protect=True,
        imagePullSecrets=["login"],
        env={"A": "1"},
        secrets={"B": "2"},
        maxSurge="2",
        cpuLimit="",
        nodePort=30080,
    )
    assert config.replicas == 5
    assert config.create_namespace is False
    assert config.protect is True
    assert config.image_pull_secrets == ("login",)
    assert config.max_surge == 2
    assert config.cpu_limit is None
    assert config.node_port == 30080
    assert config.config_entries == {
        "A": "1",
        "GREETING": "Hello from Kubernetes!",
        "ENVIRONMENT": "prod",
        "LOG_LEVEL": "info",
    }
    assert config.secret_entries == {"B": "2", "SECRET_KEY": "s" * 64}


def test_a_greeting_may_be_any_line() -> None:
    for greeting in ("Grüß Gott!", "\U0001f468\u200d\U0001f469\u200d\U0001f467 hello", "a & <b>"):
        assert parsed(greeting=greeting).greeting == greeting


def test_a_pinned_image_needs_no_registry() -> None:
    config = parsed(image=PINNED, registry="")
    assert config.image == PINNED
    assert config.repository is None


def test_the_record_is_frozen_and_shows_no_secret() -> None:
    config = parsed(registryUsername="robot", registryPassword="canary", secrets={"B": "canary"})
    with pytest.raises(FrozenInstanceError):
        config.replicas = 1  # type: ignore[misc]
    for secret in ("canary", "s" * 64, "h" * 64):
        assert secret not in repr(config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"replicas": -1}, "replicas -1: must be a whole number, 0 or more"),
        ({"replicas": "three"}, "replicas three: must be a whole number"),
        ({"replicas": 1.5}, "replicas 1.5: must be a whole number"),
        ({"replicas": ""}, "replicas '': must be a whole number"),
        ({"memoryLimit": "12 bananas"}, "memoryLimit '12 bananas': must be a Kubernetes quantity"),
        ({"memoryRequest": ""}, "memoryRequest '': must be given"),
        ({"memoryRequest": "1Gi"}, "memoryLimit 256Mi: must not be below its request 1Gi"),
        ({"cpuLimit": "10m"}, "cpuLimit 10m: must not be below its request 50m"),
        ({"cpuRequest": "0"}, "cpuRequest 0: must be above zero"),
        ({"image": "ghcr.io/owner/app:1.0", "registry": ""}, "image ghcr.io/owner/app:1.0: must be pinned by digest"),
        ({"image": PINNED}, f"image {PINNED} and registry ghcr.io/owner: only one of the two may be given"),
        ({"registry": ""}, "image '' and registry '': one of the two must be given"),
        ({"registry": "https://ghcr.io"}, "registry https://ghcr.io: must be a registry's host"),
        ({"baseImage": ""}, "baseImage '': must be given"),
        ({"baseImage": "Python 3"}, "baseImage 'Python 3': must be an image reference"),
        ({"platform": "arm"}, "platform arm: must be <os>/<architecture>"),
        ({"servicePort": 70000}, "servicePort 70000: must be a port, 1 to 65535"),
        ({"servicePort": 0}, "servicePort 0: must be a port"),
        ({"serviceType": "Loadbalancer"}, "serviceType Loadbalancer: must be one of ClusterIP, NodePort"),
        (
            {"serviceType": "ClusterIP", "nodePort": 30080},
            "nodePort 30080: has no meaning with serviceType ClusterIP",
        ),
        ({"nodePort": 70000}, "nodePort 70000: must be a port"),
        ({"nodeHost": "node1"}, "nodeHost node1: has no meaning with serviceType LoadBalancer"),
        ({"serviceType": "ExternalName"}, "externalName '': must be given with serviceType ExternalName"),
        ({"externalName": "a_b", "serviceType": "ExternalName"}, "externalName a_b: must be a DNS name"),
        ({"externalName": "a.b"}, "externalName a.b: has no meaning with serviceType LoadBalancer"),
        ({"namespace": "My_Space"}, "namespace My_Space: must be a DNS label"),
        ({"name": "1app"}, "name 1app: must be a DNS label that starts with a letter"),
        ({"name": "a" * 60}, "is a label, and must be at most 63 letters"),
        ({"name": "a" * 57}, "names a ConfigMap, and must be a DNS label"),
        ({"context": ""}, "context '': must be given: the current context is never used"),
        ({"createNamespace": "yes"}, "createNamespace yes: must be true or false"),
        ({"maxSurge": "0%"}, "maxSurge 0%: must be a number of pods or a percentage, above zero"),
        ({"maxSurge": "many"}, "maxSurge many: must be a number of pods or a percentage"),
        ({"preStopSeconds": -1}, "preStopSeconds -1: must be 0 seconds or more"),
        ({"rolloutTimeout": 0}, "rolloutTimeout 0: must be 1 seconds or more"),
        ({"logLevel": "loud"}, "logLevel loud: must be one of debug, info, warning, error"),
        ({"greeting": "a\nb"}, r"greeting 'a\nb': must be one line of printable text"),
        ({"greeting": " "}, "greeting ' ': must be one line"),
        ({"greeting": ""}, "greeting '': must be given"),
        ({"env": {"9A": "x"}}, "'9A' must start with a letter or _"),
        ({"env": {"A": 1}}, "must be an object of text by name; write numbers and true or false in quotes"),
        ({"env": {"GREETING": "x"}}, "GREETING has a key of its own, greeting"),
        ({"env": {"PORT": "x"}}, "PORT is set by the Deployment"),
        ({"env": "text"}, "env text: must be an object of text by name"),
        ({"imagePullSecrets": ["A B"]}, "'A B' must be a DNS label"),
        ({"imagePullSecrets": "login"}, "imagePullSecrets login: must be a list of text"),
        ({"registryUsername": "robot"}, "registryUsername robot: is given without registryPassword"),
        ({"registryPassword": "canary"}, "registryPassword [secret]: is given without registryUsername"),
        ({"hashKey": "canary"}, "hashKey [secret]: must have 32 characters or more, it has 6"),
        ({"secretKey": "canary"}, "secretKey [secret]: must have 32 characters or more, it has 6"),
        ({"hashKey": ""}, "hashKey '': must be given"),
        ({"secrets": "canary"}, "secrets [secret]: must be an object of text by name"),
        ({"secrets": {"SECRET_KEY": "canary"}}, "SECRET_KEY has a key of its own, secretKey"),
        ({"replicas": None}, "replicas: is missing: Pulumi.yaml declares it"),
        ({"context": None}, "context: is missing: it must be given"),
    ],
)
def test_bad_values_are_refused(change: dict[str, Any], message: str) -> None:
    """Each names the key, the value (but for a secret), the rule and the mend."""
    text = failures(**change)
    assert message in text
    assert "mend: " in text
    assert "canary" not in text
    assert "in 1 place;" in text, text


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "flask-k8s:replica",
            "is no key of this project\n    mend: did you mean flask-k8s:replicas? rename it in Pulumi.prod.yaml",
        ),
        ("flask-k8s:secretkey", "did you mean flask-k8s:secretKey?"),
        ("flask-k8s:zzz", "is no key of this project; Pulumi.yaml lists them"),
        ("other:replicas", "other:replicas: is no key of this project"),
        ("kubernetes:context", "is not read: the cluster is the one that context and kubeconfig name"),
    ],
)
def test_an_unknown_key_is_refused_and_its_value_not_shown(key: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("prod", {**values(), key: "canary"}, SECRETS)
    assert message in str(caught.value)
    assert "canary" not in str(caught.value)


def test_keys_of_pulumi_and_the_docker_provider_are_let_through() -> None:
    assert parse("prod", {**values(), "docker:host": "unix:///run/docker.sock"}, SECRETS).stack == "prod"


def test_all_failures_are_listed_at_once() -> None:
    text = failures(replicas=-1, memoryLimit="12 bananas", context="", hashKey="short", registry="")
    assert "in 5 places" in text
    for key in ("replicas -1", "memoryLimit '12 bananas'", "context ''", "hashKey [secret]", "image ''"):
        assert key in text


@pytest.mark.parametrize("key", ["secretKey", "hashKey", "registryPassword", "secrets"])
def test_a_secret_that_is_not_encrypted_is_refused(key: str) -> None:
    given = values(registryUsername="robot", registryPassword="canary", secrets={"A": "canary"})
    encrypted = {*SECRETS, "flask-k8s:registryPassword", "flask-k8s:secrets"} - {f"flask-k8s:{key}"}
    with pytest.raises(ConfigError, match=rf"{key} \[secret\]: must be encrypted") as caught:
        parse("prod", given, encrypted)
    assert "--secret" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_value_that_was_made_secret_is_not_shown() -> None:
    with pytest.raises(ConfigError, match=r"greeting \[secret\]: is encrypted, but would be shown in plain"):
        parse("prod", values(greeting="canary\n"), {*SECRETS, "flask-k8s:greeting"})


def test_the_throwaway_passphrase_is_for_dev_only() -> None:
    assert parse("dev", values(), SECRETS, passphrase=DEV_PASSPHRASE).stack == "dev"
    assert parse("prod", values(), SECRETS, passphrase="another").stack == "prod"
    with pytest.raises(ConfigError, match="throwaway passphrase, which everyone can read") as caught:
        parse("prod", values(), SECRETS, passphrase=DEV_PASSPHRASE)
    assert "change-secrets-provider passphrase --stack prod" in str(caught.value)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("My_Stack", "namespace flask-k8s-My_Stack: must be a DNS label"),
        ("a" * 60, "is a label, and must be at most 63"),
    ],
)
def test_a_stack_name_that_does_not_fit_is_refused(stack: str, message: str) -> None:
    assert message in failures(stack)


def test_a_mend_says_what_to_write_where() -> None:
    assert "mend: write `flask-k8s:replicas: 3` in Pulumi.prod.yaml" in failures(replicas=-1)
    assert "mend: write `flask-k8s:env: {NAME: text}` in Pulumi.prod.yaml" in failures(env=[])
    assert "openssl rand -hex 32 | .venv/bin/python -m deploy config prod set hashKey --secret" in failures(hashKey="")


@pytest.mark.parametrize("key", [key for key, field in FIELDS.items() if not field.secret])
def test_what_a_mend_says_is_right(key: str) -> None:
    """The example is YAML, and of the key's own type and rule."""
    field = FIELDS[key]
    value = yaml.safe_load(f"key: {field.example}")["key"]
    types = {"string": (str,), "integer": (int,), "boolean": (bool,), "array": (list,), "object": (dict,)}
    assert isinstance(value, types[field.kind])
    assert field.check(value) is None
