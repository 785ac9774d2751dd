"""The main path: nothing, deployed, answering, scaled, healed, destroyed."""

from __future__ import annotations

import json

import pytest

from tests.integration.project import Project, fetch, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    project.up().ok()
    return project


def test_the_url_answers_with_the_greeting(deployed: Project) -> None:
    status, body = fetch(deployed.outputs["url"])
    assert status == 200
    assert body.splitlines()[0] == "Hello from Kubernetes!"


def test_a_second_up_changes_nothing(deployed: Project) -> None:
    before = [pod["metadata"]["uid"] for pod in deployed.pods()]
    ran = deployed.deploy("preview", "test").ok()
    assert "unchanged" in ran.text
    deployed.up().ok()
    assert [pod["metadata"]["uid"] for pod in deployed.pods()] == before


def test_the_deployment_runs_the_digest_that_the_registry_has(deployed: Project) -> None:
    image = deployed.pods()[0]["spec"]["containers"][0]["image"]
    repository, digest = image.split("@")
    host, path = repository.split("/", 1)
    status, _ = fetch(f"http://{host}/v2/{path}/manifests/{digest}")
    assert status == 200
    assert deployed.outputs["image"] == image


def test_config_and_secret_are_env_and_files_of_the_pod(deployed: Project) -> None:
    pod = deployed.pods()[0]["metadata"]["name"]
    env = deployed.kubectl("exec", pod, "--", "python3", "-c", "import os, json; print(json.dumps(dict(os.environ)))")
    seen = json.loads(env)
    assert seen["GREETING"] == "Hello from Kubernetes!"
    assert len(seen["SECRET_KEY"]) > 30
    assert deployed.kubectl("exec", pod, "--", "cat", "/etc/flask-k8s/config/GREETING") == "Hello from Kubernetes!"
    assert deployed.kubectl("exec", pod, "--", "cat", "/etc/flask-k8s/secrets/SECRET_KEY") == seen["SECRET_KEY"]


def test_the_namespace_enforces_the_restricted_standard(deployed: Project) -> None:
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        deployed.kubectl("run", "rootling", "--image", deployed.outputs["image"])


def test_it_scales_from_1_to_3_and_replaces_a_killed_pod(deployed: Project) -> None:
    deployed.configure(replicas=3)
    deployed.up().ok()
    pods = deployed.pods()
    assert len(pods) == 3
    victim = pods[0]["metadata"]["name"]
    deployed.kubectl("delete", "pod", victim, "--wait=false")
    until(
        lambda: (
            victim not in {pod["metadata"]["name"] for pod in deployed.pods()}
            and sum(_ready(pod) for pod in deployed.pods()) == 3
        ),
        "three ready pods without the killed one",
    )
    assert fetch(deployed.outputs["url"])[0] == 200


def test_pods_find_the_service_by_its_dns_name(deployed: Project) -> None:
    pod = deployed.pods()[0]["metadata"]["name"]
    port = deployed.config["config"]["flask-k8s:servicePort"]
    script = f"import urllib.request as u; print(u.urlopen('http://flask-k8s:{port}/healthz', timeout=5).status)"
    assert deployed.kubectl("exec", pod, "--", "python3", "-c", script).strip() == "200"


def test_destroy_leaves_nothing(deployed: Project) -> None:
    namespace = deployed.namespace
    deployed.deploy("destroy", "test", "--yes").ok()
    assert namespace not in deployed.kubectl("get", "namespaces", "-o", "name")
    exported = json.loads((deployed.state / ".pulumi/stacks/flask-k8s/test.json").read_text("utf-8"))
    left = [item["type"] for item in exported["checkpoint"]["latest"].get("resources") or []]
    assert left in ([], ["pulumi:pulumi:Stack"])


def _ready(pod: dict[str, object]) -> bool:
    status = pod["status"]
    assert isinstance(status, dict)
    return any(item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions", []))
