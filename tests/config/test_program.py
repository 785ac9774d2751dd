"""__main__.py as a whole, under the SDK's mocks."""

import runpy
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import config as runtime

from tests.components.recorder import Recorded, record
from tests.config.values import ROOT, SECRETS, values


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    monkeypatch.setenv("KUBECONFIG", "/somewhere/else")
    yield
    runtime.set_all_config({}, [])


def run(given: dict[str, str], stack: str = "prod") -> Recorded:
    runtime.set_all_config(given, list(SECRETS))
    return record(lambda: runpy.run_path(str(ROOT / "__main__.py")), stack=stack)


def test_at_most_60_lines() -> None:
    assert len((ROOT / "__main__.py").read_text().splitlines()) <= 60


def test_deploys_to_the_cluster_that_the_stack_names() -> None:
    recorded = run(values(kubeconfig="~/kubeconfig"))
    assert recorded.only("pulumi:providers:kubernetes") == {
        "kubeconfig": "~/kubeconfig",
        "context": "my-cluster",
        "clusterIdentifier": "my-cluster",
    }
    for (kind, name), provider in recorded.providers.items():
        if kind.startswith("kubernetes:"):
            assert "::kubernetes::" in provider, (kind, name)


def test_the_ambient_kubeconfig_does_not_land_in_the_state() -> None:
    assert run(values()).only("pulumi:providers:kubernetes")["kubeconfig"] == ""


def test_hands_the_configuration_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.revision.revision", lambda folder: "c0ffee" if folder == Path("app") else "")
    recorded = run(values(replicas=5, maxSurge="2", preStopSeconds=9, memoryLimit="1Gi", servicePort=8080))
    spec = recorded.only("kubernetes:apps/v1:Deployment")["spec"]
    pod = spec["template"]["spec"]
    assert spec["replicas"] == 5
    assert spec["strategy"]["rollingUpdate"]["maxSurge"] == 2
    assert pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 9
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "1Gi"
    assert recorded.only("kubernetes:core/v1:Service")["spec"]["ports"][0]["port"] == 8080
    assert spec["template"]["metadata"]["labels"]["app.kubernetes.io/version"] == "c0ffee"
    image = recorded.only("docker:index/image:Image")
    assert image["build"]["args"]["REVISION"] == "c0ffee"
    assert image["imageName"] == "ghcr.io/owner/flask-k8s:prod"
    assert image["build"]["args"]["BASE_IMAGE"] == "python:3.11-slim-bookworm"
    assert recorded.only("kubernetes:core/v1:ConfigMap")["data"] == {
        "ENVIRONMENT": "prod",
        "GREETING": "Hello from Kubernetes!",
        "LOG_LEVEL": "info",
    }


def test_protects_where_the_stack_says_so() -> None:
    assert run(values()).protected == set()
    assert "kubernetes:core/v1:Namespace" in run(values(protect=True)).protected


def test_a_pinned_image_builds_nothing() -> None:
    pinned = f"ghcr.io/owner/app@sha256:{'a' * 64}"
    assert "docker:index/image:Image" not in run(values(image=pinned, registry="")).types()


def test_a_wrong_configuration_registers_nothing_and_ends_with_the_list() -> None:
    registered: list[Recorded] = []

    def program() -> None:
        with pytest.raises(pulumi.RunError, match="wrong in 2 places") as caught:
            runpy.run_path(str(ROOT / "__main__.py"))
        assert "replicas -1" in str(caught.value)

    runtime.set_all_config(values(replicas=-1, memoryLimit="12 bananas"), list(SECRETS))
    registered.append(record(program, stack="prod"))
    assert registered[0].types() == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"serviceType": "ClusterIP"}, "ClusterIP"),
        ({"serviceType": "NodePort", "nodePort": 30080, "nodeHost": "node1"}, "NodePort"),
        ({"serviceType": "ExternalName", "externalName": "www.example.com"}, "ExternalName"),
    ],
)
def test_every_service_type(change: dict[str, object], kind: str) -> None:
    assert run(values(**change)).only("kubernetes:core/v1:Service")["spec"]["type"] == kind
