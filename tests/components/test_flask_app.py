import base64
import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components import AppImageArgs, AppNamespaceArgs, FlaskApp, FlaskAppArgs
from tests.components.recorder import KEY, PINNED, Recorded, plain, provider, record

ARGS = FlaskAppArgs(
    name="app",
    instance="app-dev",
    image=AppImageArgs(repository="ghcr.io/owner/app", tag="dev"),
    namespace=AppNamespaceArgs("space"),
    config={"GREETING": "Hello"},
    secrets={"SECRET_KEY": "canary"},
    hash_key=KEY,
)


def make(args: FlaskAppArgs = ARGS, **options: Any) -> Recorded:
    return record(lambda: FlaskApp("flask-k8s", args, pulumi.ResourceOptions(providers=[provider()])), **options)


def test_registers_each_part_once_with_tokens_that_last() -> None:
    assert make().types() == [
        "docker:index/image:Image",
        "flask-k8s:index:AppConfigMap",
        "flask-k8s:index:AppDeployment",
        "flask-k8s:index:AppImage",
        "flask-k8s:index:AppNamespace",
        "flask-k8s:index:AppSecret",
        "flask-k8s:index:AppService",
        "flask-k8s:index:FlaskApp",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:Secret",
        "kubernetes:core/v1:Service",
        "pulumi:providers:kubernetes",
    ]


def test_everything_has_a_parent_and_the_given_provider() -> None:
    recorded = make()
    for (kind, name), parent in recorded.parents.items():
        if kind.startswith("pulumi:providers"):
            continue
        expected = "pulumi:pulumi:Stack::" if kind == "flask-k8s:index:FlaskApp" else "flask-k8s:index:"
        assert expected in parent, (kind, name)
        if kind.startswith("kubernetes:"):
            assert "pulumi:providers:kubernetes::kubernetes::" in recorded.providers[kind, name]


def test_joins_the_parts() -> None:
    recorded = make()
    deployment = recorded.only("kubernetes:apps/v1:Deployment")
    pod = deployment["spec"]["template"]["spec"]
    config = recorded.only("kubernetes:core/v1:ConfigMap")["metadata"]["name"]
    secret = recorded.only("kubernetes:core/v1:Secret")["metadata"]["name"]
    assert deployment["metadata"]["namespace"] == "space"
    assert pod["containers"][0]["image"] == f"ghcr.io/owner/app@sha256:{'b' * 64}"
    assert pod["containers"][0]["envFrom"] == [{"configMapRef": {"name": config}}, {"secretRef": {"name": secret}}]
    service = recorded.only("kubernetes:core/v1:Service")["spec"]
    assert service["selector"] == deployment["spec"]["selector"]["matchLabels"]
    assert service["type"] == "LoadBalancer"
    assert [(port["port"], port["targetPort"]) for port in service["ports"]] == [(80, "http")]
    assert pod["containers"][0]["ports"][0]["containerPort"] == 5000


def test_the_deployment_waits_for_what_it_refers_to() -> None:
    needs = make().dependencies["kubernetes:apps/v1:Deployment", "flask-k8s"]
    for kind in ("core/v1:ConfigMap", "core/v1:Secret", "core/v1:Namespace", "docker:index/image:Image"):
        assert any(kind in urn for urn in needs), kind


def test_no_secret_value_is_anywhere_but_in_the_secret() -> None:
    recorded = make()
    (key,) = (key for key in recorded.inputs if key[0] == "kubernetes:core/v1:Secret")
    secret = recorded.inputs.pop(key)
    assert plain(secret["stringData"]) == {"SECRET_KEY": "canary"}
    assert "canary" not in json.dumps(list(recorded.inputs.values()))
    assert "canary" not in json.dumps(recorded.outputs)
    assert "canary" not in repr(ARGS)
    assert KEY not in repr(ARGS)


def test_the_deployment_shows_in_a_diff() -> None:
    assert "1b47061264138c4ac30d75fd1eb44270" not in json.dumps(make().only("kubernetes:apps/v1:Deployment"))


def test_outputs() -> None:
    outputs = make().outputs_of("FlaskApp")
    assert outputs["url"] == "http://localhost"
    assert outputs["image"] == f"ghcr.io/owner/app@sha256:{'b' * 64}"
    assert (outputs["namespace"], outputs["name"], outputs["replicas"]) == ("space", "app", 3)
    assert outputs["configMap"].startswith("app-config-")
    assert outputs["secret"].startswith("app-secret-")


def test_a_changed_value_changes_names_and_nothing_else_in_the_deployment() -> None:
    def deployment(args: FlaskAppArgs) -> tuple[str, str]:
        recorded = make(args)
        names = [recorded.only(f"kubernetes:core/v1:{kind}")["metadata"]["name"] for kind in ("ConfigMap", "Secret")]
        text = json.dumps(recorded.only("kubernetes:apps/v1:Deployment"), sort_keys=True)
        for name in names:
            text = text.replace(name, "")
        return text, "".join(names)

    (before, names), (after, new_names) = deployment(ARGS), deployment(replace(ARGS, config={"GREETING": "Hi"}))
    assert before == after
    assert names != new_names
    assert deployment(replace(ARGS, secrets={"SECRET_KEY": "x"}))[1] != names


@pytest.mark.parametrize(
    ("image", "server"),
    [
        (AppImageArgs(repository="ghcr.io/owner/app", username="robot", password="canary"), "ghcr.io"),
        (AppImageArgs(pinned=PINNED, username="robot", password="canary"), "registry.example.com"),
        (
            AppImageArgs(repository="docker.io/owner/app", username="robot", password="canary"),
            "https://index.docker.io/v1/",
        ),
        (
            AppImageArgs(pinned=f"owner/app@sha256:{'0' * 64}", username="robot", password="canary"),
            "https://index.docker.io/v1/",
        ),
    ],
)
def test_registry_credentials_become_a_pull_secret(image: AppImageArgs, server: str) -> None:
    recorded = make(replace(ARGS, image=image, image_pull_secrets=("other",)))
    (secret,) = (
        inputs for inputs in recorded.inputs.values() if inputs.get("type") == "kubernetes.io/dockerconfigjson"
    )
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    login = json.loads(plain(secret["stringData"])[".dockerconfigjson"])
    token = base64.b64encode(b"robot:canary").decode()
    assert login == {"auths": {server: {"username": "robot", "password": "canary", "auth": token}}}
    pod = recorded.only("kubernetes:apps/v1:Deployment")["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "other"}, {"name": secret["metadata"]["name"]}]
    assert "canary" not in json.dumps(recorded.only("kubernetes:apps/v1:Deployment"))


def test_without_pods_the_service_is_not_waited_for() -> None:
    annotations = make(replace(ARGS, replicas=0)).only("kubernetes:core/v1:Service")["metadata"]["annotations"]
    assert annotations == {"pulumi.com/skipAwait": "true"}


def test_protect_keeps_what_cannot_be_made_again_unseen() -> None:
    assert make().protected == set()
    assert make(replace(ARGS, protect=True)).protected == {
        "flask-k8s:index:AppNamespace",
        "flask-k8s:index:AppDeployment",
        "flask-k8s:index:AppService",
        "kubernetes:core/v1:Namespace",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:core/v1:Service",
    }


def test_any_default_yields_through_adjust() -> None:
    recorded = make(
        replace(
            ARGS,
            adjust_deployment=lambda args: replace(args, pre_stop_seconds=9),
            adjust_service=lambda args: replace(args, type="ClusterIP"),
        )
    )
    pod = recorded.only("kubernetes:apps/v1:Deployment")["spec"]["template"]["spec"]
    assert pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 9
    assert recorded.only("kubernetes:core/v1:Service")["spec"]["type"] == "ClusterIP"


def test_two_instances_fit_in_one_program() -> None:
    def program() -> None:
        FlaskApp("one", ARGS)
        FlaskApp("two", replace(ARGS, instance="app-two", namespace=AppNamespaceArgs("other")))

    assert len(record(program).inputs) == 26


def test_registers_the_same_in_a_preview() -> None:
    assert make(preview=True).types() == make().types()
