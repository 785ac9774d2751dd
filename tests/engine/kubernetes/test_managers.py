"""Managed fields: who owns a path, what a person added, and paths as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kubernetes.managers import NOBODY, Manager, Path, added, item, managers, owner, readable, value_at

REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
APP = 'k:{"name":"app"}'


def manager(name: str, fields: dict[str, Any], operation: str = "Update") -> Manager:
    return Manager(name, operation, "", fields)


def test_a_field_is_ascribed_to_the_last_to_write_it_beside_the_program() -> None:
    entries = [
        {"manager": "pulumi-kubernetes-1a2b", "operation": "Apply", "time": "2026-01-04T00:00:00Z",
         "fieldsV1": REPLICAS},
        {"manager": "old", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": REPLICAS},
        {"manager": "new", "operation": "Update", "time": "2026-01-02T00:00:00Z", "subresource": "scale",
         "fieldsV1": REPLICAS},
        {"manager": "other", "operation": "Update", "time": "2026-01-03T00:00:00Z", "fieldsV1": {"f:data": {}}},
    ]  # fmt: skip
    found = owner(managers({"metadata": {"managedFields": entries}}), ("f:spec", "f:replicas"))
    assert (found.name, found.operation, found.at) == ("new", "Update (scale)", "2026-01-02T00:00:00Z")


@pytest.mark.parametrize(
    ("path", "owned"),
    [
        (("f:spec",), True),
        (("f:spec", "f:selector", "f:app"), True),  # an atomic field is owned with all that is in it
        (("f:spec", "f:paused"), False),
        (("f:metadata",), False),
    ],
)
def test_a_field_belongs_to_whoever_owns_it_or_all_of_its_parent(path: Path, owned: bool) -> None:
    mine = manager("mine", {"f:spec": {"f:selector": {}}})
    assert owner([mine], path) == (mine if owned else NOBODY)


@pytest.mark.parametrize(
    ("by_hand", "others", "paths"),
    [
        ({"f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}}}, {}, ["metadata.labels.a", "metadata.labels.b"]),
        ({"f:metadata": {"f:labels": {"f:a": {}}}}, {"f:metadata": {"f:labels": {"f:a": {}}}}, []),
        ({"f:env": {".": {}, APP: {".": {}, "f:value": {}}}}, {}, ["env[app]"]),
        ({"f:env": {APP: {".": {}, "f:value": {}}}}, {"f:env": {APP: {".": {}}}}, ["env[app].value"]),
        ({"f:volume": {".": {}}}, {}, ["volume"]),
        ({"f:a": {"f:kubectl.kubernetes.io/restartedAt": {}}}, {}, []),
    ],
)
def test_only_what_nobody_else_owns_was_added(
    by_hand: dict[str, Any], others: dict[str, Any], paths: list[str]
) -> None:
    found = added([manager("kubectl-edit", by_hand), manager("pulumi-kubernetes", others, "Apply")])
    assert [readable(path) for path, _ in found] == paths


@pytest.mark.parametrize("operation", ["Update (status)", "Update (scale)"])
def test_what_kubectl_wrote_to_a_subresource_was_not_added(operation: str) -> None:
    assert not list(added([manager("kubectl", REPLICAS, operation), manager("kubelet", {"f:status": {}})]))


@pytest.mark.parametrize(
    ("source", "token", "found"),
    [
        ({"a": 1}, "f:a", 1),
        ({"a": 1}, "f:b", None),
        ("text", "f:a", None),
        ([{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "TCP"}], 'k:{"port":2,"protocol":"TCP"}',
         {"port": 2, "protocol": "TCP"}),
        ([{"port": 1}], 'k:{"port":2}', None),
        (["a", "b"], 'v:"b"', "b"),
        (None, 'v:"b"', None),
    ],
)  # fmt: skip
def test_a_token_leads_to_a_value(source: Any, token: str, found: Any) -> None:
    assert item(source, token) == found
    assert value_at({"list": source}, ("f:list", token)) == found


def test_a_path_is_readable() -> None:
    path = ("f:metadata", "f:annotations", "f:example.com/note")
    assert readable(path) == 'metadata.annotations["example.com/note"]'
    ports = ("f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name")
    assert readable(ports) == "ports[80/TCP].name"
    assert readable(("f:finalizers", 'v:"example.com/held"')) == "finalizers[example.com/held]"
