"""AppDeployment: the pods of an application."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as k8s

from components.deployment_args import AppDeploymentArgs, Probes, Resources
from components.pod import pod_spec

__all__ = ["AppDeployment", "AppDeploymentArgs", "Probes", "Resources"]


class AppDeployment(pulumi.ComponentResource):
    """A Deployment that never runs fewer pods than asked for, and that has failed when it is not ready in time.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
    """

    name: pulumi.Output[str]
    """The Deployment's name."""

    replicas: pulumi.Output[int]
    """How many pods are wanted; with `replicas=None` what the API server or an autoscaler says."""

    def __init__(self, name: str, args: AppDeploymentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:AppDeployment", name, {}, opts)
        timeout = f"{args.rollout_timeout}s"
        deployment = k8s.apps.v1.Deployment(
            name,
            metadata=k8s.meta.v1.ObjectMetaArgs(name=args.name, namespace=args.namespace, labels=args.all_labels),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=args.replicas,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=args.labels.selector),
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(
                        max_unavailable=args.max_unavailable, max_surge=args.max_surge
                    ),
                ),
                progress_deadline_seconds=args.rollout_timeout,
                revision_history_limit=args.revision_history,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(labels=args.all_labels, annotations=args.annotations or None),
                    spec=args.adjust_pod(pod_spec(args)),
                ),
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete=timeout),
            ),
        )
        self.name = deployment.metadata.name
        self.replicas = deployment.spec.replicas
        self.register_outputs({"name": self.name, "replicas": self.replicas})
