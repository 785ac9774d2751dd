"""What is drift and what is not, on a fake API server."""

from __future__ import annotations

import gc
import json
import threading
from typing import Any

import pytest

from deploy.drift import find as finding
from deploy.drift.find import IncompleteError
from deploy.errors import DeployError
from tests.deploy.drift.conftest import CIPHERTEXT, CORE, MANAGER, Bench, JsonObject, config_map, deployment
from tests.engine.kubernetes.fake_api import status

WEB = f"{CORE}/configmaps/web"
APPS = "/apis/apps/v1/namespaces/shop/deployments/web"
SCALERS = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"


def scaler(kind: str) -> JsonObject:
    return {"spec": {"scaleTargetRef": {"kind": kind, "name": "web"}}}


def test_what_is_as_it_was_made_is_no_drift(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, {**config_map(a="1"), "status": {"any": "thing"}})
    assert bench.find() == []
    [asked] = bench.api.made("PATCH")
    assert asked.query == {"fieldManager": MANAGER, "force": "true", "dryRun": "All"}


def test_a_changed_field_is_named_with_both_values_and_its_author(bench: Bench) -> None:
    bench.record(config_map(a="1", b="2"))
    bench.live(WEB, config_map(a="1", b="3"), ("kubectl-edit", "Update", {"f:data": {"f:b": {}}}))
    [drift] = bench.find()
    assert (drift.kind, drift.namespace, drift.name, drift.path) == ("ConfigMap", "shop", "web", "data.b")
    assert (drift.wanted, drift.found) == ("2", "3")
    assert (drift.by, drift.operation, drift.at) == ("kubectl-edit", "Update", "2026-01-01T00:00:00Z")


def test_a_removed_field_has_no_author(bench: Bench) -> None:
    bench.record(config_map(a="1", b="2"))
    bench.live(WEB, config_map(a="1"), ("kubectl-edit", "Update", {"f:data": {"f:a": {}}}))
    [drift] = bench.find()
    assert (drift.path, drift.wanted, drift.found, drift.by) == ("data.b", "2", "", "")


def test_an_item_of_a_list_is_matched_by_its_key(bench: Bench) -> None:
    containers: JsonObject = {"f:containers": {'k:{"name":"app"}': {"f:env": {'k:{"name":"TOKEN"}': {"f:value": {}}}}}}
    bench.record(deployment())
    bench.live(APPS, deployment(env="other"), ("kubectl", "Update", {"f:spec": {"f:template": {"f:spec": containers}}}))
    [drift] = bench.find()
    assert drift.path == "spec.template.spec.containers[app].env[TOKEN].value"
    assert (drift.wanted, drift.found, drift.by) == ("plain", "other", "kubectl")


def test_what_kubectl_added_is_drift_and_what_others_added_is_none(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    live = config_map(a="1", by_hand="x", by_controller="y")
    bench.live(
        WEB, live,
        ("kubectl-edit", "Update", {"f:data": {"f:by_hand": {}}}),
        ("a-controller", "Update", {"f:data": {"f:by_controller": {}}}),
    )  # fmt: skip
    [drift] = bench.find()
    assert (drift.path, drift.wanted, drift.found, drift.by) == ("data.by_hand", "", "x", "kubectl-edit")


@pytest.mark.parametrize("going", [False, True])
def test_an_object_that_is_gone_or_going_is_missing(bench: Bench, going: bool) -> None:
    bench.record(config_map(a="1"))
    if going:
        live = config_map(a="1")
        live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        bench.live(WEB, live)
    [drift] = bench.find()
    assert (drift.name, drift.path, drift.found) == ("web", "", "")


def test_an_object_whose_kind_is_gone_is_missing(bench: Bench) -> None:
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "web", "namespace": "shop"}}
    bench.record(thing)
    [drift] = bench.find()
    assert (drift.kind, drift.path) == ("Thing", "")


@pytest.mark.parametrize("more", [{"external": True}, {"pendingReplacement": True}, {"id": ""}])
def test_what_the_stack_does_not_hold_is_not_looked_at(bench: Bench, more: dict[str, Any]) -> None:
    bench.record(config_map(a="1"), **more)
    bench.resources.append({"urn": "u", "type": "pulumi:providers:kubernetes", "custom": True, "id": "x", "inputs": {}})
    assert bench.find() == []
    assert bench.api.calls == []


@pytest.mark.parametrize("key", ["data", "stringData"])
def test_a_secret_is_compared_without_its_values(bench: Bench, key: str) -> None:
    meta = {"name": "web", "namespace": "shop"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque"}
    bench.record({**secret, key: CIPHERTEXT})
    live = {**secret, "metadata": {**meta, "labels": {"a": "canary"}}, "data": {"token": "Y2FuYXJ5"}}
    bench.live(f"{CORE}/secrets/web", live)
    assert bench.find() == []
    assert bench.api.made("PATCH")[0].body["data"] == {"token": "Y2FuYXJ5"}, "applied as it is live, in the dry run"

    labels: JsonObject = {"f:metadata": {"f:labels": {"f:a": {}}}}
    bench.live(f"{CORE}/secrets/web", live, ("kubectl-label", "Update", labels))
    [drift] = bench.find()
    assert (drift.path, drift.found) == ("metadata.labels.a", "[secret]")


def test_an_encrypted_value_in_another_object_is_neither_compared_nor_shown(bench: Bench) -> None:
    bench.record(deployment(env=CIPHERTEXT))
    live = deployment(env="canary", replicas=3)
    annotation = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(live)}
    live["metadata"]["annotations"] = annotation
    fields: JsonObject = {"f:metadata": {"f:annotations": {f"f:{key}": {} for key in annotation}}}
    bench.live(APPS, live, ("kubectl-client-side-apply", "Update", fields))
    bench.api.texts[SCALERS] = json.dumps({"items": []})
    replicas, shown = bench.find()
    assert replicas.path == "spec.replicas"
    assert "canary" not in shown.found
    assert "[secret]" in shown.found


def test_an_autoscaler_that_rests_is_no_excuse_for_an_outage(bench: Bench) -> None:
    bench.record(deployment(replicas=2))
    bench.live(APPS, deployment(replicas=0))
    bench.api.texts[SCALERS] = json.dumps({"items": [scaler("Deployment")]})
    assert [drift.path for drift in bench.find()] == ["spec.replicas"]


@pytest.mark.parametrize(("scalers", "drifts"), [([], 1), ([scaler("Deployment")], 0), ([scaler("StatefulSet")], 1)])
def test_replicas_are_drift_unless_an_autoscaler_sets_them(bench: Bench, scalers: list[Any], drifts: int) -> None:
    bench.record(deployment(replicas=2))
    bench.live(APPS, deployment(replicas=5))
    bench.api.texts[SCALERS] = json.dumps({"items": scalers})
    assert [drift.path for drift in bench.find()] == ["spec.replicas"] * drifts


def test_a_field_that_cannot_change_in_place_is_drift_all_the_same(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="2"), ("kubectl-create", "Update", {"f:data": {"f:a": {}}}))
    causes = [{"field": "data", "message": "field is immutable when `immutable` is set"}]
    bench.api.refuse["PATCH", WEB] = [status(422, "Invalid", "it is immutable", causes=causes)]
    [drift] = bench.find()
    assert (drift.path, drift.wanted, drift.found, drift.by) == ("data.a", "1", "2", "kubectl-create")


@pytest.mark.parametrize(
    ("causes", "path"), [([{"field": "data[a].b", "message": "no"}], "data[a].b"), ([], "(unknown)")]
)
def test_a_refused_field_that_is_not_known_is_drift_too(bench: Bench, causes: list[Any], path: str) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="2"))
    bench.api.refuse["PATCH", WEB] = [status(422, "Invalid", "it is immutable", causes=causes)]
    [drift] = bench.find()
    assert (drift.path, drift.found) == (path, "cannot be changed in place")


def test_what_can_be_compared_is_told_where_other_objects_cannot(bench: Bench) -> None:
    for name in ("bad", "worse", "web"):
        bench.record(config_map(name, a="1"))
        bench.live(f"{CORE}/configmaps/{name}", config_map(name, a="2"))
    refusal = status(400, "BadRequest", "the webhook has side effects")
    bench.api.refuse["PATCH", f"{CORE}/configmaps/bad"] = [refusal]
    bench.api.refuse["PATCH", f"{CORE}/configmaps/worse"] = [refusal]
    with pytest.raises(IncompleteError, match=r"ConfigMap shop/bad: .*side effects.*\(1 more") as failed:
        bench.find()
    assert failed.value.code == 69
    assert [drift.name for drift in failed.value.found] == ["web"]


@pytest.mark.parametrize("answer", [{"hello": "world"}, {"metadata": 5}, {"metadata": {}, "data": None}])
def test_a_server_that_is_no_kubernetes(bench: Bench, answer: JsonObject) -> None:
    bench.record(config_map(a="1"))
    bench.api.refuse["GET", WEB] = [(200, answer)]
    bench.api.refuse["PATCH", WEB] = [(200, {"hello": "world"})]
    with pytest.raises(IncompleteError, match="is no Kubernetes object") as failed:
        bench.find()
    assert failed.value.code == 69


def test_a_proxy_that_is_no_url_is_not_quoted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://me:hush#hush@proxy:1")
    file = bench.stack.project / "kubeconfig"
    file.write_text(file.read_text().replace(bench.api.url, "https://far.invalid"))
    bench.record(config_map(a="1"))
    with pytest.raises(IncompleteError, match=r"far\.invalid', or a proxy that the environment names") as failed:
        bench.find()
    assert "hush" not in str(failed.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # lightkube leaves its plugin behind
def test_a_plugin_without_end_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "LIMIT", 0.5)
    file = bench.stack.project / "kubeconfig"
    config = json.loads(file.read_text())
    version = "client.authentication.k8s.io/v1"
    config["users"][0]["user"] = {"exec": {"apiVersion": version, "command": "sleep", "args": ["1"]}}
    file.write_text(json.dumps(config))
    bench.record(config_map(a="1"))
    with pytest.raises(DeployError, match=r"not found within 0\.5 s.*context 'fake'.*`users`, hangs") as failed:
        bench.find()
    assert failed.value.code == 69
    for thread in threading.enumerate():
        if "waitpid" in thread.name:  # asyncio's, which holds the plugin's pipes until it ends
            thread.join()
    del failed  # its traceback holds them, too
    gc.collect()  # here, and not in whatever test comes next


def test_an_object_that_changes_meanwhile_is_looked_at_again(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="1"))
    changed = config_map(a="1", by_controller="x")
    changed["metadata"]["resourceVersion"] = "99"
    bench.api.refuse["PATCH", WEB] = [(200, changed)]
    assert bench.find() == []
    assert len(bench.api.made("PATCH")) == 2


def test_a_missing_right_is_named(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="1"))
    right = 'User "me" cannot patch resource "configmaps" in API group "" in the namespace "shop"'
    bench.api.refuse["PATCH", WEB] = [status(403, "Forbidden", f'configmaps "web" is forbidden: {right}')]
    with pytest.raises(DeployError, match=right) as failed:
        bench.find()
    assert failed.value.code == 69
    assert "RBAC" in str(failed.value)


def test_a_cluster_that_is_away_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.kubernetes.client.AGAIN_SECONDS", 0.0)
    bench.record(config_map(a="1"))
    bench.api.stop()
    with pytest.raises(DeployError, match=r"context 'fake'.*refused") as failed:
        bench.find()
    assert failed.value.code == 69
    assert bench.api.url.partition("//")[2] in str(failed.value)
