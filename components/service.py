"""AppService: how an application is reached; all four kinds of Service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_kubernetes as k8s

from components.labels import AppLabels
from components.rules import check_host, check_port, check_service_name, check_service_type
from components.validate import check, is_plain

ServiceType = Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]


@dataclass(frozen=True)
class AppServiceArgs:
    """What an AppService takes."""

    name: str
    """The Service's name, which is also its host name inside the namespace."""

    namespace: pulumi.Input[str]
    """The namespace it lives in."""

    labels: AppLabels
    """Labels of the Service; its selector is taken from them."""

    type: ServiceType = "LoadBalancer"
    """https://kubernetes.io/docs/concepts/services-networking/service/. Default: LoadBalancer."""

    port: int = 80
    """The port the Service listens on. Default: 80."""

    target_port: int | str = "http"
    """The pods' port, by number or name. Default: the port named `http`."""

    node_port: int | None = None
    """The port on every node, for NodePort and LoadBalancer. Default: the cluster picks one."""

    node_host: str | None = None
    """For NodePort: a node's address as the users see it, used in `url`. Default: the in-cluster URL is given."""

    external_name: pulumi.Input[str] | None = None
    """For ExternalName, and required there: the DNS name that the Service stands for."""

    cluster_domain: str = "cluster.local"
    """The cluster's DNS domain, used in in-cluster URLs. Default: cluster.local."""

    load_balancer_class: str | None = None
    """For LoadBalancer: which implementation serves it. Default: the cluster's own."""

    source_ranges: Sequence[str] = ()
    """For LoadBalancer: CIDRs that may reach it, where the implementation supports it. Default: all."""

    external_traffic_policy: Literal["Cluster", "Local"] | None = None
    """For NodePort and LoadBalancer. Default: the API server's, Cluster."""

    session_affinity: Literal["None", "ClientIP"] | None = None
    """Default: the API server's, None."""

    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Annotations, such as those of a cloud's load balancer. Default: none."""

    timeout: int = 300
    """Seconds to wait for an address and for endpoints. Default: 300."""

    def __post_init__(self) -> None:
        owner = "AppServiceArgs"
        check(owner, "name", self.name, check_service_name)
        check(owner, "type", self.type, check_service_type)
        check(owner, "port", self.port, check_port)
        check(owner, "node_port", self.node_port, check_port)
        check(owner, "external_name", self.external_name, check_host)
        if isinstance(self.target_port, int):
            check(owner, "target_port", self.target_port, check_port)
        self._only(self.external_name, "external_name", ("ExternalName",))
        self._only(self.node_port, "node_port", ("NodePort", "LoadBalancer"))
        self._only(self.node_host, "node_host", ("NodePort",))
        self._only(self.load_balancer_class, "load_balancer_class", ("LoadBalancer",))
        self._only(self.source_ranges or None, "source_ranges", ("LoadBalancer",))
        self._only(self.external_traffic_policy, "external_traffic_policy", ("NodePort", "LoadBalancer"))
        if self.type == "ExternalName" and self.external_name is None:
            raise ValueError(f"{owner}: external_name: must be given with type 'ExternalName', such as db.example.com")

    def _only(self, value: object, name: str, types: tuple[str, ...]) -> None:
        if value is not None and self.type not in types:
            shown = repr(value) if is_plain(value) else "(an output)"
            raise ValueError(
                f"AppServiceArgs: {name} {shown}: has no meaning with type {self.type!r}; "
                f"leave it out, or set type to {' or '.join(types)}"
            )


class AppService(pulumi.ComponentResource):
    """A Service; an ExternalName one has neither selector nor address, and stands for another host."""

    name: pulumi.Output[str]
    """The Service's name."""

    url: pulumi.Output[str]
    """Where it answers: for LoadBalancer from outside, for NodePort on `node_host` where that is given, for ClusterIP
    by its DNS name inside the cluster, for ExternalName at the host it stands for."""

    def __init__(self, name: str, args: AppServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:AppService", name, {}, opts)
        timeout = f"{args.timeout}s"
        service = k8s.core.v1.Service(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=args.name,
                namespace=args.namespace,
                labels=args.labels.all,
                annotations=args.annotations or None,
            ),
            spec=_spec(args),
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete=timeout),
            ),
        )
        self.name = service.metadata.name
        self.url = _url(args, service)
        self.register_outputs({"name": self.name, "url": self.url})


def _spec(args: AppServiceArgs) -> k8s.core.v1.ServiceSpecArgs:
    if args.type == "ExternalName":
        return k8s.core.v1.ServiceSpecArgs(type=args.type, external_name=args.external_name)
    port = k8s.core.v1.ServicePortArgs(
        name="http",
        port=args.port,
        target_port=args.target_port,
        node_port=args.node_port,
        protocol="TCP",
        app_protocol="http",
    )
    return k8s.core.v1.ServiceSpecArgs(
        type=args.type,
        selector=args.labels.selector,
        ports=[port],
        load_balancer_class=args.load_balancer_class,
        load_balancer_source_ranges=list(args.source_ranges) or None,
        external_traffic_policy=args.external_traffic_policy,
        session_affinity=args.session_affinity,
    )


def url_of(host: str, port: int) -> str:
    """An http URL; an IPv6 address gets its brackets, and port 80 is left out."""
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}" if port == 80 else f"http://{host}:{port}"


def _url(args: AppServiceArgs, service: k8s.core.v1.Service) -> pulumi.Output[str]:
    if args.type == "ExternalName":
        return service.spec.external_name.apply(lambda host: url_of(host, args.port))
    if args.type == "LoadBalancer":
        return service.status.apply(lambda status: url_of(host, args.port) if (host := _ingress(status)) else "")
    if args.type == "NodePort" and args.node_host is not None:
        node_host = args.node_host
        return service.spec.ports.apply(lambda ports: url_of(node_host, int(ports[0].node_port)))
    namespace = service.metadata.namespace
    return namespace.apply(lambda space: url_of(f"{args.name}.{space}.svc.{args.cluster_domain}", args.port))


def _ingress(status: Any) -> str:
    """The load balancer's first address: its host name, else its IP address; empty while it has none."""
    balancer = getattr(status, "load_balancer", None)
    ingress = getattr(balancer, "ingress", None) or []
    return str(ingress[0].hostname or ingress[0].ip) if ingress else ""
