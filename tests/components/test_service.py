from dataclasses import replace
from typing import Any

import pytest

from components import AppService, AppServiceArgs
from components.labels import AppLabels
from components.service import url_of
from tests.components.recorder import record

TYPE = "kubernetes:core/v1:Service"
ARGS = AppServiceArgs("app", "space", AppLabels("app", "app-dev"))
SELECTOR = {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "app-dev"}
PORT = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}


def spec(args: AppServiceArgs) -> Any:
    return record(lambda: AppService("app", args)).only(TYPE)["spec"]


def url(args: AppServiceArgs, *ingress: dict[str, str]) -> Any:
    return record(lambda: AppService("app", args), ingress=ingress).outputs_of("AppService").get("url")


def test_load_balancer_is_the_default() -> None:
    assert spec(ARGS) == {"type": "LoadBalancer", "selector": SELECTOR, "ports": [PORT]}


@pytest.mark.parametrize(
    ("ingress", "port", "expected"),
    [
        ({"hostname": "localhost"}, 8080, "http://localhost:8080"),
        ({"hostname": "lb.example.com"}, 80, "http://lb.example.com"),
        ({"ip": "192.0.2.7"}, 80, "http://192.0.2.7"),
        ({"ip": "192.0.2.7"}, 81, "http://192.0.2.7:81"),
        ({"ip": "2001:db8::7"}, 81, "http://[2001:db8::7]:81"),
        ({"hostname": "lb.example.com", "ip": "192.0.2.7"}, 80, "http://lb.example.com"),
    ],
)
def test_load_balancer_url(ingress: dict[str, str], port: int, expected: str) -> None:
    assert url(replace(ARGS, port=port), ingress) == expected


def test_load_balancer_without_an_address_has_no_url() -> None:
    assert url(ARGS) == ""


def test_cluster_ip() -> None:
    args = replace(ARGS, type="ClusterIP")
    assert spec(args) == {"type": "ClusterIP", "selector": SELECTOR, "ports": [PORT]}
    assert url(args) == "http://app.space.svc.cluster.local"
    assert url(replace(args, port=81, cluster_domain="corp.internal")) == "http://app.space.svc.corp.internal:81"


def test_node_port() -> None:
    args = replace(ARGS, type="NodePort", node_port=30080)
    assert spec(args) == {"type": "NodePort", "selector": SELECTOR, "ports": [{**PORT, "nodePort": 30080}]}
    assert url(args) == "http://app.space.svc.cluster.local"
    assert url(replace(args, node_host="192.0.2.7")) == "http://192.0.2.7:30080"
    assert url(replace(args, node_host="node1", node_port=None)) == "http://node1:30123"


def test_external_name_has_neither_selector_nor_ports() -> None:
    args = replace(ARGS, type="ExternalName", external_name="www.example.com")
    assert spec(args) == {"type": "ExternalName", "externalName": "www.example.com"}
    assert url(args) == "http://www.example.com"
    assert url(replace(args, port=8080)) == "http://www.example.com:8080"


def test_every_default_yields() -> None:
    args = replace(
        ARGS,
        target_port=8000,
        load_balancer_class="internal",
        source_ranges=["192.0.2.0/24"],
        external_traffic_policy="Local",
        session_affinity="ClientIP",
        annotations={"a": "b"},
        timeout=60,
    )
    recorded = record(lambda: AppService("app", args))
    inputs = recorded.only(TYPE)
    assert inputs["metadata"]["annotations"] == {"a": "b"}
    assert inputs["spec"]["ports"][0]["targetPort"] == 8000
    assert inputs["spec"]["loadBalancerClass"] == "internal"
    assert inputs["spec"]["loadBalancerSourceRanges"] == ["192.0.2.0/24"]
    assert inputs["spec"]["externalTrafficPolicy"] == "Local"
    assert inputs["spec"]["sessionAffinity"] == "ClientIP"
    assert recorded.timeouts[TYPE, "app"] == ("60s", "60s", "60s")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "1app"}, "name '1app': must be a DNS label that starts with a letter"),
        (
            {"type": "Loadbalancer"},
            "type 'Loadbalancer': must be one of ClusterIP, NodePort, LoadBalancer, ExternalName",
        ),
        ({"port": 0}, "port 0: must be a port, 1 to 65535"),
        ({"target_port": 65536}, "target_port 65536: must be a port"),
        ({"type": "NodePort", "node_port": 99999}, "node_port 99999: must be a port"),
        (
            {"type": "ClusterIP", "node_port": 30080},
            "node_port 30080: has no meaning with type 'ClusterIP'; leave it out, or set type to NodePort or",
        ),
        ({"node_host": "node1"}, "node_host 'node1': has no meaning with type 'LoadBalancer'"),
        ({"external_name": "a.b"}, "external_name 'a.b': has no meaning with type 'LoadBalancer'"),
        ({"type": "NodePort", "load_balancer_class": "x"}, "load_balancer_class 'x': has no meaning"),
        ({"type": "NodePort", "source_ranges": ["192.0.2.0/24"]}, "source_ranges .* has no meaning"),
        ({"type": "ClusterIP", "external_traffic_policy": "Local"}, "external_traffic_policy 'Local': has no meaning"),
        ({"type": "ExternalName"}, "external_name: must be given with type 'ExternalName'"),
        ({"type": "ExternalName", "external_name": "a_b"}, "external_name 'a_b': must be a DNS name"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(ARGS, **change)


def test_url_of() -> None:
    assert url_of("::1", 80) == "http://[::1]"
