"""Quantities have one canonical text, that of Kubernetes."""

from __future__ import annotations

from typing import Any

import pytest

from engine.kubernetes.normalize import normalize, quantity


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("1000m", "1"), ("0.5", "500m"), (1, "1"), (0.1, "100m"), ("100m", "100m"), ("1500m", "1500m"), ("2", "2"),
        ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("512Mi", "512Mi"), ("0.5Gi", "512Mi"), ("1000Mi", "1000Mi"),
        ("128974848", "128974848"), ("129e6", "129e6"), ("2000000", "2M"), ("1000k", "1M"), ("0", "0"), ("0Mi", "0"),
        ("100u", "100u"), ("1E", "1E"), ("-1", "-1"), ("12 bananas", "12 bananas"), (True, True), (None, None),
    ],
)  # fmt: skip
def test_quantity(given: Any, canonical: Any) -> None:
    assert quantity(given) == canonical


def test_the_quantities_of_an_autoscalers_metric_are_spelt_so_and_no_other_value_is() -> None:
    def scaler(amount: str) -> dict[str, Any]:
        target = {"type": "AverageValue", "averageValue": amount, "value": amount}
        metric = {"type": "External", "external": {"target": target, "metric": {"selector": {"value": "1000m"}}}}
        return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {"metrics": [metric]}}

    assert normalize(scaler("1000m")) == scaler("1")


@pytest.mark.parametrize(
    ("kind", "spec", "kept"),
    [
        ("policy/v1/PodDisruptionBudget", {"selector": {}}, {"selector": {}}),
        (
            "v1/PersistentVolumeClaim",
            {"selector": {}, "storageClassName": ""},
            {"selector": {}, "storageClassName": ""},
        ),
        ("v1/Service", {"selector": {}}, {}),
        ("v1/PersistentVolume", {"storageClassName": ""}, {}),
        ("v1/LimitRange", {"limits": [{"default": {}, "max": {"a": ""}}]}, {"limits": [{"max": {"a": ""}}]}),
        ("networking.k8s.io/v1/Ingress", {"tls": [{"secretName": ""}]}, {"tls": [{}]}),
    ],
)
def test_an_empty_value_is_left_out_where_kubernetes_own_types_do_so(
    kind: str, spec: dict[str, Any], kept: dict[str, Any]
) -> None:
    version, _, name = kind.rpartition("/")
    assert normalize({"apiVersion": version, "kind": name, "spec": spec})["spec"] == kept
