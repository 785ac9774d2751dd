"""The effective difference of two stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from deploy.errors import DeployError
from deploy.objects.diff import Change, Difference, difference
from deploy.stack import Stack
from tests.deploy.objects.conftest import PINNED, SEALED

Make = Callable[..., Stack]


@pytest.fixture(scope="module")
def found(make: Make) -> Difference:
    common = {"image": PINNED, "cpuRequest": "100m"}
    left = make("left", **common, replicas=2, env={"A": "1", "B": "2"}, secrets={"TOKEN": SEALED, "OLD": SEALED})
    right = make(
        "right",
        **common,
        greeting="Hello, you",
        env={"A": "1", "C": "3"},
        secrets={"TOKEN": {"secure": "v1:BBBB:canary"}},
        registryUsername="robot",
        registryPassword=SEALED,
    )
    return difference(left, right)


def by_path(changes: list[Change], what: str) -> dict[str, tuple[Any, Any]]:
    return {change.path: (change.left, change.right) for change in changes if change.object == what}


def test_configuration_after_defaults(found: Difference) -> None:
    assert by_path(found.config, "") == {
        "env.B": ("2", None),
        "env.C": (None, "3"),
        "greeting": ("Hello from Kubernetes!", "Hello, you"),
        "registryPassword": (None, "[secret]"),
        "registryUsername": ("", "robot"),
        "replicas": ("2", "3"),
        "secrets.OLD": ("[secret]", None),
    }


def test_objects_by_property(found: Difference) -> None:
    assert {change.object for change in found.objects} == {
        "ConfigMap flask-k8s-config",
        "Deployment flask-k8s",
        "Secret flask-k8s-pull",
        "Secret flask-k8s-secret",
    }
    deployment = by_path(found.objects, "Deployment flask-k8s")
    assert deployment.pop("spec.replicas") == (2, 3)
    ((path, (left, right)),) = deployment.items()
    assert path == "spec.template.spec.imagePullSecrets[0].name"
    assert left is None
    assert right.startswith("flask-k8s-pull-")
    assert by_path(found.objects, "ConfigMap flask-k8s-config") == {
        "data.B": ("2", None),
        "data.C": (None, "3"),
        "data.ENVIRONMENT": ("left", "right"),
        "data.GREETING": ("Hello from Kubernetes!", "Hello, you"),
    }
    assert by_path(found.objects, "Secret flask-k8s-secret") == {"stringData.OLD": ("[secret]", None)}
    assert by_path(found.objects, "Secret flask-k8s-pull") == {"": (None, right)}


def test_a_change_reads_as_one_line(found: Difference) -> None:
    lines = [str(change) for change in (*found.config, *found.objects)]
    assert "greeting: 'Hello from Kubernetes!' -> 'Hello, you'" in lines
    assert "spec.replicas: 2 -> 3" in lines
    assert str(Change("Deployment app", "spec.paused", True, None)) == "spec.paused: true -> (not set)"
    assert "secrets.OLD: [secret] -> (not set)" in lines
    assert "canary" not in str(lines)


def test_the_same_configuration_is_no_difference(make: Make) -> None:
    one, two = (make(name, image=PINNED, secrets=SEALED) for name in ("one", "two"))
    assert difference(one, two) == Difference(
        [], [Change("ConfigMap flask-k8s-config", "data.ENVIRONMENT", "one", "two")]
    )


def test_an_environment_is_compared_before_its_first_promotion(make: Make) -> None:
    fresh, builds = make("fresh", secretKey="", hashKey=""), make("builds", registry="registry.test", secrets=SEALED)
    found = difference(fresh, builds)
    assert by_path(found.config, "") == {
        "hashKey": (None, "[secret]"),
        "secretKey": (None, "[secret]"),
        "secrets": (None, "[secret]"),
        "registry": ("", "registry.test"),
    }
    image = by_path(found.objects, "Deployment flask-k8s")["spec.template.spec.containers[0].image"]
    assert image == ("flask-k8s@no-digest-yet", "registry.test/flask-k8s@no-digest-yet")


def test_a_stack_that_is_wrong_is_named(make: Make) -> None:
    with pytest.raises(DeployError, match="of stack 'broken' is wrong"):
        difference(make("well", image=PINNED), make("broken", image=PINNED, replicas=-1))
