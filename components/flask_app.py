"""FlaskApp: image, namespace, ConfigMap, Secret, Deployment and Service of one application, joined."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pulumi

from components.config_map import AppConfigMap, AppConfigMapArgs
from components.deployment import AppDeployment, AppDeploymentArgs, Resources
from components.image import AppImage, AppImageArgs
from components.labels import AppLabels
from components.namespace import AppNamespace, AppNamespaceArgs
from components.secret import AppSecret, AppSecretArgs
from components.service import AppService, AppServiceArgs, ServiceType


@dataclass(frozen=True)
class FlaskAppArgs:
    """What a FlaskApp takes."""

    name: str
    """The name of the Deployment and the Service, and the first part of the other objects' names."""

    instance: str
    """The installation's name, for the label `app.kubernetes.io/instance`."""

    image: AppImageArgs
    """The image: pinned, or built and pushed."""

    namespace: AppNamespaceArgs
    """The namespace: new, or existing."""

    version: str | None = None
    """What runs, such as a commit; a label of the Deployment and its pods. Default: none."""

    config: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Entries of the ConfigMap. Default: none."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict, repr=False)
    """Entries of the Secret. Default: none."""

    hash_key: pulumi.Input[str] = field(kw_only=True, repr=False)
    """The key of the HMAC in the names of Secrets; see AppSecretArgs."""

    replicas: pulumi.Input[int] | None = 3
    """How many pods. Default: 3. None leaves it to an autoscaler."""

    resources: Resources = field(default_factory=Resources)
    """Requests and limits of a pod. Default: those of Resources."""

    service_type: ServiceType = "LoadBalancer"
    """Default: LoadBalancer."""

    service_port: int = 80
    """The Service's port; the pods' is 5000. Default: 80."""

    external_name: pulumi.Input[str] | None = None
    """For ExternalName, and required there: the DNS name that the Service stands for."""

    image_pull_secrets: Sequence[pulumi.Input[str]] = ()
    """Names of more Secrets with registry credentials, beside the one made from those of `image`. Default: none."""

    rollout_timeout: int = 300
    """Seconds a rollout may take. Default: 300."""

    protect: bool = False
    """Refuses to delete or replace the namespace, the Deployment and the Service. Not the ConfigMap and the Secrets:
    new content makes new ones, and the old ones go. Default: False.
    https://www.pulumi.com/docs/iac/concepts/options/protect/"""

    adjust_deployment: Callable[[AppDeploymentArgs], AppDeploymentArgs] = field(default=lambda args: args)
    """Last word on the Deployment's arguments: `lambda args: replace(args, pre_stop_seconds=10)`. Default: as is."""

    adjust_service: Callable[[AppServiceArgs], AppServiceArgs] = field(default=lambda args: args)
    """Last word on the Service's arguments. Default: as is."""


class FlaskApp(pulumi.ComponentResource):
    """A web application, from its source (or its pinned image) to its URL."""

    url: pulumi.Output[str]
    """Where it answers; see AppService."""
    image: pulumi.Output[str]
    """The image by digest."""
    namespace: pulumi.Output[str]
    """The namespace it runs in."""
    name: pulumi.Output[str]
    """The Deployment's name."""
    replicas: pulumi.Output[int]
    """How many pods are wanted."""
    config_map: pulumi.Output[str]
    """The ConfigMap's name, with its hash."""
    secret: pulumi.Output[str]
    """The Secret's name, with its hash."""

    def __init__(self, name: str, args: FlaskAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:FlaskApp", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect or None)
        labels = AppLabels(args.name, args.instance)
        self.image = AppImage(name, args.image, child).reference
        self.namespace = AppNamespace(name, args.namespace, kept).name
        self.config_map = AppConfigMap(
            f"{name}-config",
            AppConfigMapArgs(f"{args.name}-config", self.namespace, args.config, labels.all),
            child,
        ).name
        self.secret = self._secret(f"{name}-secret", args, labels, args.secrets)
        pull = list(args.image_pull_secrets)
        if args.image.username is not None:
            login = _docker_login(args.image)
            pull.append(self._secret(f"{name}-pull", args, labels, login, type="kubernetes.io/dockerconfigjson"))
        deployment = AppDeployment(
            name,
            args.adjust_deployment(
                AppDeploymentArgs(
                    name=args.name,
                    namespace=self.namespace,
                    labels=labels,
                    image=self.image,
                    version=args.version,
                    config_map=self.config_map,
                    secret=self.secret,
                    replicas=args.replicas,
                    resources=args.resources,
                    image_pull_secrets=pull,
                    rollout_timeout=args.rollout_timeout,
                )
            ),
            kept,
        )
        self.name, self.replicas = deployment.name, deployment.replicas
        self.url = AppService(name, self._service(args, labels), kept).url
        self.register_outputs(
            {
                "url": self.url,
                "image": self.image,
                "namespace": self.namespace,
                "name": self.name,
                "replicas": self.replicas,
                "configMap": self.config_map,
                "secret": self.secret,
            }
        )

    def _secret(
        self,
        name: str,
        args: FlaskAppArgs,
        labels: AppLabels,
        data: Mapping[str, pulumi.Input[str]],
        type: str = "Opaque",
    ) -> pulumi.Output[str]:
        base = f"{args.name}-{name.rsplit('-', 1)[1]}"
        secret = AppSecretArgs(base, self.namespace, data, args.hash_key, type, labels.all)
        return AppSecret(name, secret, pulumi.ResourceOptions(parent=self)).name

    def _service(self, args: FlaskAppArgs, labels: AppLabels) -> AppServiceArgs:
        service = args.adjust_service(
            AppServiceArgs(
                name=args.name,
                namespace=self.namespace,
                labels=labels,
                type=args.service_type,
                port=args.service_port,
                external_name=args.external_name,
                timeout=args.rollout_timeout,
            )
        )
        if args.replicas == 0:
            # Without pods there are never any endpoints to wait for.
            service = replace(service, annotations={**service.annotations, "pulumi.com/skipAwait": "true"})
        return service


def _docker_login(image: AppImageArgs) -> dict[str, pulumi.Input[str]]:
    """The one entry of a Secret of type kubernetes.io/dockerconfigjson."""
    server, _, rest = str(image.repository or image.pinned).partition("/")
    named = rest and ("." in server or ":" in server or server == "localhost")  # else it is a name at Docker Hub
    if server == "docker.io" or not named:
        server = "https://index.docker.io/v1/"

    def entry(user: str, password: str) -> str:
        token = base64.b64encode(f"{user}:{password}".encode()).decode()
        return json.dumps({"auths": {server: {"auth": token, "password": password, "username": user}}})

    if isinstance(image.username, str) and isinstance(image.password, str):
        return {".dockerconfigjson": entry(image.username, image.password)}
    known = pulumi.Output.all(user=image.username, password=image.password)
    return {".dockerconfigjson": known.apply(lambda its: entry(its["user"], its["password"]))}
