"""Putting drift back, on a fake API server."""

from __future__ import annotations

import json

import pytest

from deploy.drift.fix import fix
from deploy.errors import DeployError
from tests.deploy.drift.conftest import CIPHERTEXT, CORE, MANAGER, Bench, JsonObject, config_map
from tests.engine.kubernetes.fake_api import status

WEB = f"{CORE}/configmaps/web"


def mend(bench: Bench) -> None:
    fix(bench.stack, bench, bench.said.append)


def test_a_changed_object_is_applied_again_by_its_own_manager(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="2"), ("kubectl-edit", "Update", {"f:data": {"f:a": {}}}))
    mend(bench)
    assert bench.api.objects[WEB]["data"] == {"a": "1"}
    assert {"fieldManager": MANAGER, "force": "true"} in [call.query for call in bench.api.made("PATCH")]
    assert bench.asked == [("stack", "export", "--stack", "dev")], "without a secret nothing is decrypted"
    assert bench.said == ["ConfigMap shop/web: putting it back"]


def test_what_is_missing_is_made_again_after_what_it_depends_on(bench: Bench) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
    urn = bench.record(namespace)
    bench.record(config_map(a="1"), dependencies=[urn])
    mend(bench)
    assert [call.path for call in bench.api.made("POST")] == ["/api/v1/namespaces", f"{CORE}/configmaps"]
    managed = bench.api.objects[WEB]["metadata"]["managedFields"]
    assert [entry["operation"] for entry in managed if entry["manager"] == MANAGER] == ["Apply"]


def test_a_missing_secret_is_made_again_with_its_values(bench: Bench) -> None:
    meta = {"name": "web", "namespace": "shop"}
    bench.record({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": CIPHERTEXT})
    bench.plaintext = json.dumps({"token": "canary"})
    mend(bench)
    assert bench.api.objects[f"{CORE}/secrets/web"]["stringData"] == {"token": "canary"}
    assert bench.asked[1:] == [("stack", "export", "--show-secrets", "--stack", "dev")]
    assert "canary" not in "".join(bench.said)


def test_what_drifts_again_at_once_fails_with_its_author(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="2"))
    entry = {"manager": "a-controller", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}

    def change(written: JsonObject) -> None:
        written["data"] = {"a": "2"}
        written["metadata"]["managedFields"] = [entry]
        bench.api.on_write = lambda written: None

    def say(line: str) -> None:
        bench.api.on_write = change

    with pytest.raises(DeployError, match=r"web of dev differs again: data\.a, by a-controller") as failed:
        fix(bench.stack, bench, say)
    assert failed.value.code == 1


def test_what_cannot_be_put_back_in_place_is_to_be_deleted(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="2"))
    bench.api.refuse["PATCH", WEB] = [status(422, "Invalid", "data: field is immutable")] * 2
    with pytest.raises(DeployError, match=r"ConfigMap shop/web.*immutable.*delete it, and run this again") as failed:
        mend(bench)
    assert failed.value.code == 1


def test_what_can_be_put_back_is_when_another_object_fails(bench: Bench) -> None:
    bench.record(config_map("bad", a="1"))
    bench.record(config_map(a="1"))
    bench.api.refuse["POST", f"{CORE}/configmaps"] = [status(403, "Forbidden", "not allowed")]
    with pytest.raises(DeployError, match="cannot create ConfigMap shop/bad: not allowed"):
        mend(bench)
    assert list(bench.api.objects) == [WEB]


def test_an_update_that_runs_is_left_alone(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    lock = bench.lock()
    with pytest.raises(DeployError, match="someone@elsewhere") as failed:
        mend(bench)
    assert failed.value.code == 75
    assert bench.api.made("POST") == []
    lock.unlink()
    mend(bench)
    assert list(lock.parent.iterdir()) == []


def test_an_update_without_a_lock_of_ours_is_left_alone(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.pending = [{"type": "updating", "resource": bench.resources[0]}]
    with pytest.raises(DeployError, match="dev: an update is under way, or was killed half way") as failed:
        mend(bench)
    assert failed.value.code == 75
    assert bench.api.calls == []


def test_what_an_update_just_made_stays(bench: Bench) -> None:
    bench.record(config_map(a="1"))
    bench.live(WEB, config_map(a="2"))
    assert bench.find()
    bench.resources[0]["inputs"]["data"]["a"] = "2"
    assert fix(bench.stack, bench, bench.said.append) == []
    assert [call for call in bench.api.made("PATCH") if "dryRun" not in call.query] == []


def test_the_rest_is_put_back_where_an_object_cannot_be_compared(bench: Bench) -> None:
    bench.record(config_map("bad", a="1"))
    bench.record(config_map(a="1"))
    bad = f"{CORE}/configmaps/bad"
    bench.live(bad, config_map("bad", a="1"))
    bench.api.refuse["PATCH", bad] = [status(400, "BadRequest", "the webhook has side effects")] * 2
    with pytest.raises(DeployError, match="side effects") as failed:
        mend(bench)
    assert failed.value.code == 69
    assert WEB in bench.api.objects
