"""What counts as a change, and which changes need a new object."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine.kubernetes.diff import compare
from engine.resource.values import UNKNOWN, Secret
from tests.engine.kubernetes.samples import config_map, deployment, service


def changed(manifest: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the field at a dotted path set."""
    result = copy.deepcopy(manifest)
    *parents, last = path.split(".")
    target = result
    for key in parents:
        target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
    target[last] = value
    return result


POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "a", "image": "a:1"}]},
}
JOB: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "j"},
    "spec": {"template": {"spec": {"containers": []}}, "backoffLimit": 1},
}


def test_a_namespace_means_nothing_to_a_kind_that_lives_in_none() -> None:
    role: dict[str, Any] = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    old, new = ({**role, "metadata": {"name": "r", **where}} for where in ({"namespace": "a"}, {"namespace": "b"}))
    assert not compare(old, new).changes
    assert not compare(old, {**role, "metadata": {"name": "r"}}, {**role, "metadata": {"name": "r"}}).changes


@pytest.mark.parametrize(
    ("kind", "fields", "live", "changed"),
    [
        ("rbac.authorization.k8s.io/v1/ClusterRole", {"rules": []}, {"rules": None}, ["rules"]),
        ("v1/LimitRange", {"spec": {"limits": []}}, {"spec": {"limits": None}}, ["spec.limits"]),
        ("v1/Service", {"spec": {"sessionAffinityConfig": {}}}, {"spec": {}}, ["spec.sessionAffinityConfig"]),
        ("v1/Secret", {"data": {}}, {}, ["data"]),
        ("example.com/v1/Widget", {"spec": {"a": [], "b": {}}}, {"spec": {"b": {}}}, ["spec.a"]),
        ("networking.k8s.io/v1/Ingress", {"spec": {"rules": [], "tls": []}}, {"spec": {}}, []),
        ("storage.k8s.io/v1/StorageClass", {"parameters": {}}, {}, []),
        ("v1/Pod", {"spec": {"overhead": {}}}, {"spec": {}}, []),
        ("v1/PersistentVolume", {"spec": {"storageClassName": ""}}, {"spec": {}}, []),
    ],
)
def test_an_empty_value_that_the_server_left_out_is_a_change_where_the_provider_has_it_so(
    kind: str, fields: dict[str, Any], live: dict[str, Any], changed: list[str]
) -> None:
    version, _, name = kind.rpartition("/")
    named = {"apiVersion": version, "kind": name, "metadata": {"name": "a", "namespace": "default"}}
    assert list(compare({**named, **fields}, {**named, **fields}, {**named, **live}).changed) == changed


def test_equal_inputs_are_no_change() -> None:
    diff = compare(deployment(), deployment())
    assert (diff.changes, diff.changed, diff.replaces) == (False, (), ())


@pytest.mark.parametrize(
    ("old", "path", "value", "replaces"),
    [
        (deployment(), "spec.replicas", 3, False),
        (deployment(), "spec.template.spec.containers.0.image", "app:2", False),
        (deployment(), "spec.selector.matchLabels.app", "other", True),
        (deployment(), "metadata.labels", {"a": "b"}, False),
        (deployment(), "metadata.name", "other", True),
        (deployment(), "metadata.namespace", "other", True),
        (service(), "spec.type", "NodePort", False),
        (service(), "spec.clusterIP", "None", True),
        (config_map(), "data.color", "red", True),
        (config_map(), "metadata.annotations", {"a": "b"}, False),
        (POD, "spec.containers.0.image", "a:2", True),
        (POD, "spec.activeDeadlineSeconds", 5, False),
        (JOB, "spec.template.spec.restartPolicy", "Never", True),
        (JOB, "spec.backoffLimit", 2, False),
    ],
)
def test_a_field_is_changed_in_place_or_by_a_new_object(old: Any, path: str, value: Any, replaces: bool) -> None:
    diff = compare(old, changed(old, path, value))
    assert diff.changes
    assert bool(diff.replaces) is replaces
    assert [part.replace("[", ".").replace("]", "") for part in diff.changed] == [path]


def test_data_may_change_in_place_where_the_provider_allows_it_unless_the_object_is_sealed() -> None:
    new = config_map(color="red")
    assert compare(config_map(), new, config_maps=True).replaces == ()
    assert compare({**config_map(), "immutable": True}, {**new, "immutable": True}, config_maps=True).replaces == (
        "data.color",
    )


def test_a_replacement_under_the_same_name_deletes_first() -> None:
    assert compare(config_map(), config_map(color="red")).delete_before_replace
    assert not compare(config_map("a"), config_map("b")).delete_before_replace
    autonamed = config_map()
    autonamed["metadata"]["annotations"] = {"pulumi.com/autonamed": "true"}
    assert not compare(autonamed, {**autonamed, "data": {"color": "red"}}).delete_before_replace


def test_the_spelling_of_a_quantity_a_number_or_a_namespace_makes_no_difference() -> None:
    old, new = deployment(), deployment()
    del old["metadata"]["namespace"]
    new["metadata"]["namespace"] = "default"
    old["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "0.5"}}
    new["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "500m"}}
    new["spec"]["replicas"] = 2.0
    assert not compare(old, new).changes


def test_a_secret_is_compared_by_its_value() -> None:
    old = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": Secret({"a": "Yg=="})}
    assert not compare(old, {**old, "data": {"a": "Yg=="}}).changes
    assert compare(old, {**old, "data": Secret({"a": "Yw=="})}).replaces == ("data.a",)


def test_an_unknown_value_is_a_change() -> None:
    diff = compare(config_map(), config_map() | {"data": UNKNOWN})
    assert diff.changed == ("data",)
    assert diff.replaces == ("data",)


def test_a_removed_list_element_and_an_odd_key_are_named() -> None:
    old = deployment()
    old["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "b"})
    old["metadata"]["labels"] = {"example.com/team": "a"}
    new = deployment()
    new["metadata"]["labels"] = {"example.com/team": "b"}
    assert set(compare(old, new).changed) == {
        "spec.template.spec.containers[1]",
        'metadata.labels["example.com/team"]',
    }


def test_an_empty_rule_is_not_the_same_as_no_rule() -> None:
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "n"}}
    assert compare({**policy, "spec": {"ingress": []}}, {**policy, "spec": {"ingress": [{}]}}).changes
    assert not compare({**policy, "spec": {"ingress": []}}, {**policy, "spec": {}}).changes


LIVE = {
    **config_map(color="red"),
    "metadata": {"name": "settings", "namespace": "shop", "uid": "1", "labels": {"a": "b"}},
}


def test_a_value_that_was_recorded_otherwise_than_it_was_set_is_a_change_as_with_the_cli() -> None:
    diff = compare(config_map(), config_map(), LIVE)
    assert (diff.changed, diff.replaces) == (("data.color",), ("data.color",))
    assert not compare(config_map(), config_map(color="red"), LIVE).changes, "the program has come to it"
    assert not compare(config_map(), config_map(), config_map(color="blue", added="x")).changes
    assert compare(config_map(color="blue", gone="x"), config_map(color="blue", gone="x"), config_map()).changed == (
        "data.gone",
    )


@pytest.mark.parametrize(
    ("path", "mine", "live"),
    [
        ("spec.template.spec.containers.0.resources", {"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}),
        ("spec.template.spec.unknownToTheServer", True, None),
        ("spec.template.spec.tolerations", [{"key": "a"}], [{"key": "a"}, {"key": "added by admission"}]),
        ("spec.template.spec.securityContext", {}, {"runAsUser": 5}),
        ("spec.replicas", None, 1),
        ("metadata.annotations", {"a": "b"}, {"a": "b", "deployment.kubernetes.io/revision": "1"}),
    ],
)
def test_what_the_server_spells_in_its_way_leaves_out_or_adds_is_no_change(path: str, mine: Any, live: Any) -> None:
    inputs = changed(deployment(), path, mine)
    recorded = deployment() if live is None else changed(deployment(), path, live)
    assert not compare(inputs, inputs, {**recorded, "status": {}, "__inputs": inputs}).changes


def test_items_of_a_list_are_compared_by_their_place_and_missing_ones_are_changes() -> None:
    path = "spec.template.spec.tolerations"
    inputs = changed(deployment(), path, [{"key": "a"}])
    assert compare(inputs, inputs, changed(deployment(), path, [{"key": "b"}, {"key": "a"}])).changed == (
        f"{path}[0].key",
    )
    two = changed(deployment(), path, [{"key": "a"}, {"key": "b"}])
    assert compare(two, two, inputs).changed == (f"{path}[1]",)


def test_a_custom_resource_has_no_spelling_of_its_own() -> None:
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"a": 1, "b": "2"}}
    assert compare(thing, thing, {**thing, "spec": {"b": "2"}}).changed == ("spec.a",)
    assert not compare(thing, thing, {**thing, "spec": {"a": 1, "b": "2", "c": 3}}).changes
