"""The Pulumi program: from the stack's configuration to the application. Wiring only."""

from dataclasses import replace
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from components import AppImageArgs, AppNamespaceArgs, FlaskApp, FlaskAppArgs, Resources
from config import ConfigError
from config.load import load
from config.revision import revision

try:
    config = load()
except ConfigError as err:
    raise pulumi.RunError(str(err)) from None
commit = revision(Path("app"))
# The kubeconfig is given even when empty: else the SDK copies $KUBECONFIG into the state.
provider = k8s.Provider(
    "kubernetes", kubeconfig=config.kubeconfig, context=config.context, cluster_identifier=config.cluster_identifier
)
app = FlaskApp(
    "flask-k8s",
    FlaskAppArgs(
        name=config.name,
        instance=config.instance,
        image=AppImageArgs(
            pinned=config.image,
            repository=config.repository,
            tag=config.stack,
            build_args={"BASE_IMAGE": config.base_image, "REVISION": commit},
            network=config.build_network,
            platform=config.platform,
            username=config.registry_username,
            password=config.registry_password,
        ),
        version=None if config.image else commit,
        namespace=AppNamespaceArgs(config.namespace, create=config.create_namespace),
        protect=config.protect,
        config=config.config_entries,
        secrets=config.secret_entries,
        hash_key=config.hash_key,
        replicas=config.replicas,
        resources=Resources(config.cpu_request, config.cpu_limit, config.memory_request, config.memory_limit),
        service_type=config.service_type,
        service_port=config.service_port,
        external_name=config.external_name,
        image_pull_secrets=config.image_pull_secrets,
        rollout_timeout=config.rollout_timeout,
        adjust_deployment=lambda it: replace(it, max_surge=config.max_surge, pre_stop_seconds=config.pre_stop_seconds),
        adjust_service=lambda it: replace(it, node_port=config.node_port, node_host=config.node_host),
    ),
    pulumi.ResourceOptions(providers=[provider]),
)
for output in ("url", "image", "namespace", "name", "replicas"):
    pulumi.export(output, getattr(app, output))
