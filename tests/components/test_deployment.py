from dataclasses import replace
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components import AppDeployment, AppDeploymentArgs
from components.deployment import Resources
from components.labels import AppLabels
from tests.components.recorder import PINNED, record

TYPE = "kubernetes:apps/v1:Deployment"
LABELS = AppLabels("app", "app-dev")
ARGS = AppDeploymentArgs("app", "space", LABELS, PINNED, config_map="the-config", secret="the-secret")
SELECTOR = {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "app-dev"}


def spec(args: AppDeploymentArgs = ARGS) -> Any:
    return record(lambda: AppDeployment("app", args)).only(TYPE)["spec"]


def pod(args: AppDeploymentArgs = ARGS) -> Any:
    return spec(args)["template"]["spec"]


def container(args: AppDeploymentArgs = ARGS) -> Any:
    containers = pod(args)["containers"]
    assert len(containers) == 1
    return containers[0]


def test_rolls_without_ever_missing_a_pod() -> None:
    found = spec()
    assert found["replicas"] == 3
    assert found["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    assert found["progressDeadlineSeconds"] == 300
    assert found["revisionHistoryLimit"] == 3


def test_any_default_of_the_rollout_and_the_pod_yields() -> None:
    def insist(its: k8s.core.v1.PodSpecArgs) -> k8s.core.v1.PodSpecArgs:
        its.topology_spread_constraints = None
        its.priority_class_name = "high"
        return its

    args = replace(ARGS, max_unavailable="50%", adjust_pod=insist)
    assert spec(args)["strategy"]["rollingUpdate"]["maxUnavailable"] == "50%"
    assert pod(args)["priorityClassName"] == "high"
    assert "topologySpreadConstraints" not in pod(args)
    assert pod(args)["securityContext"]["runAsNonRoot"] is True


def test_waits_as_long_as_the_rollout_may_take() -> None:
    recorded = record(lambda: AppDeployment("app", replace(ARGS, rollout_timeout=90)))
    assert recorded.only(TYPE)["spec"]["progressDeadlineSeconds"] == 90
    assert recorded.timeouts[TYPE, "app"] == ("90s", "90s", "90s")


def test_replicas_none_leaves_the_field_to_an_autoscaler() -> None:
    assert "replicas" not in spec(replace(ARGS, replicas=None))


def test_replicas_zero_is_kept() -> None:
    assert spec(replace(ARGS, replicas=0))["replicas"] == 0


def test_selects_by_name_and_instance_only_and_labels_with_the_rest() -> None:
    labels = AppLabels("app", "app-dev", extra={"team": "a", "app.kubernetes.io/name": "other"})
    recorded = record(lambda: AppDeployment("app", replace(ARGS, labels=labels))).only(TYPE)
    assert recorded["spec"]["selector"]["matchLabels"] == SELECTOR
    expected = {
        **SELECTOR,
        "app.kubernetes.io/component": "web",
        "app.kubernetes.io/part-of": "app",
        "app.kubernetes.io/managed-by": "pulumi",
        "team": "a",
    }
    assert recorded["metadata"]["labels"] == expected
    assert recorded["spec"]["template"]["metadata"]["labels"] == expected


def test_the_version_is_a_label_and_never_selects() -> None:
    recorded = record(lambda: AppDeployment("app", replace(ARGS, version="abc123"))).only(TYPE)
    for labels in (recorded["metadata"]["labels"], recorded["spec"]["template"]["metadata"]["labels"]):
        assert labels["app.kubernetes.io/version"] == "abc123"
    assert recorded["spec"]["selector"]["matchLabels"] == SELECTOR


def test_meets_pod_security_restricted() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, control by control."""
    found = pod()
    for field in ("hostNetwork", "hostPID", "hostIPC", "initContainers"):
        assert field not in found
    assert {next(iter(set(volume) - {"name"})) for volume in found["volumes"]} <= {"emptyDir", "configMap", "secret"}
    context = found["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"] == 10001
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    app = container()
    assert app["securityContext"]["allowPrivilegeEscalation"] is False
    assert app["securityContext"]["privileged"] is False
    assert app["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert app["securityContext"]["runAsNonRoot"] is True
    assert app["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert all("hostPort" not in port for port in app["ports"])


def test_the_root_is_read_only_and_tmp_is_not() -> None:
    assert container()["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"name": "tmp", "mountPath": "/tmp"} in container()["volumeMounts"]
    assert {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}} in pod()["volumes"]


def test_gets_no_token_and_no_service_links() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["enableServiceLinks"] is False
    assert "serviceAccountName" not in pod()


def test_the_user_can_be_left_to_the_cluster() -> None:
    context = pod(replace(ARGS, user=None))["securityContext"]
    assert context == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_values_come_by_reference_as_environment_and_as_files() -> None:
    app = container()
    assert app["envFrom"] == [{"configMapRef": {"name": "the-config"}}, {"secretRef": {"name": "the-secret"}}]
    assert {"name": "config", "mountPath": "/etc/flask-k8s/config", "readOnly": True} in app["volumeMounts"]
    assert {"name": "secrets", "mountPath": "/etc/flask-k8s/secrets", "readOnly": True} in app["volumeMounts"]
    assert {"name": "config", "configMap": {"name": "the-config"}} in pod()["volumes"]
    secret = {"name": "secrets", "secret": {"secretName": "the-secret", "defaultMode": 0o440}}
    assert secret in pod()["volumes"]


def test_without_config_map_and_secret_nothing_is_mounted_but_tmp() -> None:
    args = AppDeploymentArgs("app", "space", LABELS, PINNED)
    assert [mount["name"] for mount in container(args)["volumeMounts"]] == ["tmp"]
    assert not container(args).get("envFrom")


def test_tells_the_container_its_pod_its_port_and_its_time() -> None:
    env = container(replace(ARGS, env={"B": "2"}, port=8000))["env"]
    assert env == [
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
        {"name": "B", "value": "2"},
        {"name": "GRACEFUL_TIMEOUT", "value": "20"},
        {"name": "PORT", "value": "8000"},
    ]


def test_probes_and_port_go_by_the_ports_name() -> None:
    app = container(replace(ARGS, port=8000))
    assert app["ports"] == [{"name": "http", "containerPort": 8000, "protocol": "TCP"}]
    assert app["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert app["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert app["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    startup = app["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == 60


def test_spreads_over_nodes_without_insisting() -> None:
    assert pod()["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": SELECTOR},
            "matchLabelKeys": ["pod-template-hash"],
        }
    ]


@pytest.mark.parametrize(("sleep", "graceful", "expected"), [(5, 20, 30), (15, 30, 50), (1, 1, 7)])
def test_the_grace_period_covers_sleep_and_graceful_timeout(sleep: int, graceful: int, expected: int) -> None:
    found = pod(replace(ARGS, pre_stop_seconds=sleep, graceful_seconds=graceful))
    assert found["terminationGracePeriodSeconds"] == expected
    assert found["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": sleep}}}
    assert {"name": "GRACEFUL_TIMEOUT", "value": str(graceful)} in found["containers"][0]["env"]


def test_no_sleep_means_no_hook() -> None:
    assert "lifecycle" not in container(replace(ARGS, pre_stop_seconds=0))


def test_requests_and_limits() -> None:
    assert container()["resources"] == {
        "requests": {"cpu": "50m", "memory": "64Mi"},
        "limits": {"cpu": "500m", "memory": "256Mi"},
    }
    unlimited = replace(ARGS, resources=Resources(cpu_limit=None))
    assert container(unlimited)["resources"]["limits"] == {"memory": "256Mi"}


def test_image_and_pull_secrets() -> None:
    found = pod(replace(ARGS, image_pull_secrets=["login"]))
    assert found["imagePullSecrets"] == [{"name": "login"}]
    assert found["containers"][0]["image"] == PINNED
    assert "imagePullSecrets" not in pod()


def test_a_secret_name_does_not_hide_the_deployment() -> None:
    found = spec(replace(ARGS, secret=pulumi.Output.unsecret(pulumi.Output.secret("the-secret"))))
    assert found["template"]["spec"]["containers"][0]["image"] == PINNED


def test_outputs() -> None:
    recorded = record(lambda: AppDeployment("app", ARGS))
    assert recorded.outputs_of("AppDeployment") == {"name": "app", "replicas": 3}
    assert recorded.parents[TYPE, "app"].endswith("flask-k8s:index:AppDeployment::app")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "App"}, "name 'App': must be a DNS label"),
        ({"replicas": -1}, "replicas -1: must be a whole number, 0 or more"),
        ({"port": 70000}, "port 70000: must be a port, 1 to 65535"),
        ({"env": {"PORT": "1"}}, "env 'PORT': is derived from another argument"),
        ({"env": {"A B": "1"}}, "env 'A B': must start with a letter or _"),
        ({"user": 0}, "user 0: must not be root"),
        ({"pre_stop_seconds": -1}, "pre_stop_seconds -1: must be 0 seconds or more"),
        ({"rollout_timeout": 0}, "rollout_timeout 0: must be 1 seconds or more"),
        (
            {"termination_seconds": 25},
            r"termination_seconds 25: must be above 25, pre_stop_seconds 5 \+ graceful_seconds 20, .*raise it",
        ),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ARGS, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"memory_limit": "12 bananas"}, "memory_limit '12 bananas': must be a Kubernetes quantity"),
        ({"cpu_request": "-1"}, "cpu_request '-1': must be a Kubernetes quantity"),
        ({"cpu_limit": "0"}, "cpu_limit '0': must be above zero"),
        (
            {"memory_request": "1Gi", "memory_limit": "512Mi"},
            "memory_limit '512Mi': must not be below its request 1Gi; raise memory_limit or lower memory_request",
        ),
        ({"cpu_limit": "20m"}, "cpu_limit '20m': must not be below its request 50m"),
    ],
)
def test_bad_resources_are_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Resources(**change)


def test_outputs_are_let_through_the_checks() -> None:
    unknown = pulumi.Output.from_input("12 bananas")
    assert Resources(memory_limit=unknown).memory_limit is unknown
