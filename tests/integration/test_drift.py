"""Drift made by kubectl is named, with its author, and mended; an autoscaler's work is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.project import Project, until

pytestmark = pytest.mark.timeout(400)

DEPLOYMENT = "deployment/flask-k8s"
OURS = ("-l", "app.kubernetes.io/name=flask-k8s")
SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "flask-k8s"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "flask-k8s"},
        "minReplicas": 3,
        "maxReplicas": 4,
    },
}


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    project.configure(replicas=2)
    project.up().ok()
    assert "test: no drift" in project.deploy("drift", "test").ok().out
    return project


def found(project: Project) -> dict[tuple[str, str], dict[str, Any]]:
    """The drift by kind and path; fails the test where there is none."""
    ran = project.deploy("drift", "test", "--json")
    assert ran.code == 2, ran.text
    return {(drift["kind"], drift["path"]): drift for drift in json.loads(ran.out)["drifts"]}


def mend(project: Project) -> None:
    """Puts it back; neither drift nor anything to update is left."""
    project.deploy("drift", "test", "--fix").ok()
    assert "test: no drift" in project.deploy("drift", "test").ok().out
    preview = project.deploy("preview", "test").ok().out
    assert "unchanged" in preview
    assert not [word for word in ("to create", "to update", "to replace", "to delete") if word in preview], preview


def test_what_kubectl_changed_is_named_and_put_back(deployed: Project) -> None:
    deployed.kubectl("scale", DEPLOYMENT, "--replicas=1")
    deployed.kubectl("set", "env", DEPLOYMENT, "GREETING=Overridden")
    deployed.kubectl("label", DEPLOYMENT, "app.kubernetes.io/name=other", "--overwrite")
    deployed.kubectl("label", "service/flask-k8s", "app.kubernetes.io/name-")
    patch = {"op": "replace", "path": "/spec/ports/0/targetPort", "value": 9999}
    deployed.kubectl("patch", "service/flask-k8s", "--type=json", "--patch", json.dumps([patch]))

    drifts = found(deployed)
    scaled = drifts["Deployment", "spec.replicas"]
    assert (scaled["wanted"], scaled["found"], scaled["by"]) == ("2", "1", "kubectl")
    assert scaled["operation"] == "Update (scale)"
    greeting = drifts["Deployment", "spec.template.spec.containers[app].env[GREETING]"]
    assert greeting["wanted"] == ""
    assert "Overridden" in greeting["found"]
    assert greeting["by"] == "kubectl-set"
    label = drifts["Deployment", 'metadata.labels["app.kubernetes.io/name"]']
    assert (label["wanted"], label["found"], label["by"]) == ("flask-k8s", "other", "kubectl-label")
    removed = drifts["Service", 'metadata.labels["app.kubernetes.io/name"]']
    assert (removed["wanted"], removed["found"], removed["by"]) == ("flask-k8s", "", "")
    port = deployed.config["config"]["flask-k8s:servicePort"]
    assert drifts["Service", f"spec.ports[{port}/TCP].targetPort"]["found"] == "9999"
    assert len(drifts) == 5
    if deployed.env["ENGINE"] == "embedded":
        preview = deployed.deploy("preview", "test").ok().out
        _, _, section = preview.partition("Drift, which is no change of the program:\n")
        assert "spec.replicas: 2 -> 1 (by kubectl, Update (scale)" in section
        assert "to update" not in preview
    text = deployed.deploy("drift", "test")
    assert text.code == 2
    assert "spec.replicas: 2 -> 1 (by kubectl, Update (scale))" in text.out
    assert "drift test --fix" in text.err

    mend(deployed)
    deployment = json.loads(deployed.kubectl("get", DEPLOYMENT, "-o", "json"))
    assert deployment["spec"]["replicas"] == deployment["status"]["readyReplicas"] == 2
    assert "GREETING" not in json.dumps(deployment)


def test_what_was_deleted_is_made_again(deployed: Project) -> None:
    before = deployed.objects("configmaps,secrets", *OURS)
    assert len(before) == 2
    deployed.kubectl("delete", "configmaps,secrets,services", *OURS)

    assert set(found(deployed)) == {("ConfigMap", ""), ("Secret", ""), ("Service", "")}
    mend(deployed)
    after = deployed.objects("configmaps,secrets", *OURS)
    assert [item["data"] for item in after] == [item["data"] for item in before]

    deployed.configure(greeting="Changed")
    deployed.up().ok()
    names = [item["metadata"]["name"] for item in deployed.objects("configmaps", *OURS)]
    assert len(names) == 1, "what was made again is the stack's own, and goes with its next change"
    assert names != [item["metadata"]["name"] for item in before if item["kind"] == "ConfigMap"]


def test_a_secret_made_by_others_is_named_without_its_values(deployed: Project) -> None:
    secret = deployed.objects("secrets", *OURS)[0]
    deployed.kubectl("label", f"secret/{secret['metadata']['name']}", "app.kubernetes.io/name=canary", "--overwrite")
    ran = deployed.deploy("drift", "test", "--json")
    assert ran.code == 2
    assert "[secret]" in ran.out
    assert "canary" not in ran.text
    mend(deployed)


def test_what_cannot_change_in_place_says_what_to_do(deployed: Project) -> None:
    config = deployed.objects("configmaps", *OURS)[0]
    name = config["metadata"]["name"]
    deployed.kubectl("delete", "configmap", name)
    changed = {**config, "metadata": {"name": name, "labels": config["metadata"]["labels"]}}
    changed["data"] = {**config["data"], "GREETING": "Other"}
    deployed.kubectl("create", "-f", "-", stdin=json.dumps(changed))

    drift = found(deployed)["ConfigMap", "data.GREETING"]
    assert drift["found"] == "Other"
    assert drift["by"] == "kubectl-create"
    ran = deployed.deploy("drift", "test", "--fix")
    assert ran.code == 1, ran.text
    assert name in ran.err
    assert "delete it, and run this again" in ran.err
    deployed.kubectl("delete", "configmap", name)
    mend(deployed)


def test_the_replicas_of_an_autoscaled_deployment_are_no_drift(deployed: Project) -> None:
    deployed.kubectl("apply", "-f", "-", stdin=json.dumps(SCALER))
    replicas = ("get", DEPLOYMENT, "-o", "jsonpath={.spec.replicas}")
    until(lambda: deployed.kubectl(*replicas) == "3", "scaled to 3")
    assert "test: no drift" in deployed.deploy("drift", "test").ok().out

    deployed.kubectl("label", DEPLOYMENT, "app.kubernetes.io/name=other", "--overwrite")
    assert len(found(deployed)) == 1
    mend(deployed)
    assert deployed.kubectl(*replicas) == "3", "what is mended stays as it was scaled"
    deployed.kubectl("delete", "hpa", "flask-k8s")
    assert found(deployed)["Deployment", "spec.replicas"]["by"] == "kube-controller-manager"
    mend(deployed)
