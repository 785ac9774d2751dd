"""The pod of an AppDeployment: fit for Pod Security `restricted`, and for a rollout that loses no request."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from components.deployment_args import AppDeploymentArgs, Resources

core = k8s.core.v1


def pod_spec(args: AppDeploymentArgs) -> k8s.core.v1.PodSpecArgs:
    """The pod's spec.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    return core.PodSpecArgs(
        containers=[_container(args)],
        volumes=_volumes(args),
        security_context=core.PodSecurityContextArgs(
            run_as_non_root=True,
            run_as_user=args.user,
            run_as_group=args.user,
            fs_group=args.user,
            seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
        ),
        service_account_name=args.service_account,
        automount_service_account_token=args.mount_service_account_token,
        # Or every Service of the namespace lands in the environment, under names that may mean something to the app.
        enable_service_links=False,
        image_pull_secrets=[core.LocalObjectReferenceArgs(name=name) for name in args.image_pull_secrets] or None,
        termination_grace_period_seconds=args.grace_period,
        topology_spread_constraints=[
            core.TopologySpreadConstraintArgs(
                max_skew=1,
                topology_key="kubernetes.io/hostname",
                when_unsatisfiable="ScheduleAnyway",
                label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=args.labels.selector),
                # Counts only the pods of one revision, so that a rollout ends evenly spread too.
                match_label_keys=["pod-template-hash"],
            )
        ],
    )


def _container(args: AppDeploymentArgs) -> k8s.core.v1.ContainerArgs:
    return core.ContainerArgs(
        name="app",
        image=args.image,
        image_pull_policy="IfNotPresent",
        ports=[core.ContainerPortArgs(name="http", container_port=args.port, protocol="TCP")],
        env=args.env_vars,
        env_from=_env_from(args),
        volume_mounts=_mounts(args),
        resources=_resources(args.resources),
        startup_probe=_probe(args, args.probes.live_path, 1, args.probes.startup_seconds),
        readiness_probe=_probe(args, args.probes.ready_path, args.probes.ready_period, 2),
        liveness_probe=_probe(args, args.probes.live_path, args.probes.live_period, 3),
        lifecycle=_lifecycle(args.pre_stop_seconds),
        # A crash loop's last words are then in the pod's status.
        termination_message_policy="FallbackToLogsOnError",
        security_context=core.SecurityContextArgs(
            allow_privilege_escalation=False,
            privileged=False,
            read_only_root_filesystem=args.read_only_root,
            run_as_non_root=True,
            capabilities=core.CapabilitiesArgs(drop=["ALL"]),
            seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
        ),
    )


def _lifecycle(seconds: int) -> k8s.core.v1.LifecycleArgs | None:
    """A sleep by the kubelet itself: needs no `sleep` in the image (Kubernetes 1.30 or later)."""
    if seconds == 0:
        return None
    sleep = core.SleepActionArgs(seconds=seconds)
    return core.LifecycleArgs(pre_stop=core.LifecycleHandlerArgs(sleep=sleep))


def _probe(args: AppDeploymentArgs, path: str, period: int, failures: int) -> k8s.core.v1.ProbeArgs:
    return core.ProbeArgs(
        http_get=core.HTTPGetActionArgs(path=path, port="http"),
        period_seconds=period,
        timeout_seconds=args.probes.timeout,
        failure_threshold=failures,
    )


def _resources(given: Resources) -> k8s.core.v1.ResourceRequirementsArgs:
    limits: Mapping[str, pulumi.Input[str] | None] = {"cpu": given.cpu_limit, "memory": given.memory_limit}
    return core.ResourceRequirementsArgs(
        requests={"cpu": given.cpu_request, "memory": given.memory_request},
        limits={name: limit for name, limit in limits.items() if limit is not None} or None,
    )


def _env_from(args: AppDeploymentArgs) -> list[k8s.core.v1.EnvFromSourceArgs]:
    sources = []
    if args.config_map is not None:
        reference = core.ConfigMapEnvSourceArgs(name=args.config_map)
        sources.append(core.EnvFromSourceArgs(config_map_ref=reference))
    if args.secret is not None:
        sources.append(core.EnvFromSourceArgs(secret_ref=core.SecretEnvSourceArgs(name=args.secret)))
    return sources


def _volumes(args: AppDeploymentArgs) -> list[k8s.core.v1.VolumeArgs]:
    volumes = [core.VolumeArgs(name="tmp", empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=args.tmp_size))]
    if args.config_map is not None:
        source = core.ConfigMapVolumeSourceArgs(name=args.config_map)
        volumes.append(core.VolumeArgs(name="config", config_map=source))
    if args.secret is not None:
        # Read by owner and group only; fsGroup makes the app's group theirs.
        secret = core.SecretVolumeSourceArgs(secret_name=args.secret, default_mode=0o440)
        volumes.append(core.VolumeArgs(name="secrets", secret=secret))
    return volumes


def _mounts(args: AppDeploymentArgs) -> list[k8s.core.v1.VolumeMountArgs]:
    mounts = [core.VolumeMountArgs(name="tmp", mount_path="/tmp")]  # noqa: S108  (a mount of the pod's own)
    for volume, wanted in (("config", args.config_map), ("secrets", args.secret)):
        if wanted is not None:
            path = f"{args.mount_path}/{volume}"
            mounts.append(core.VolumeMountArgs(name=volume, mount_path=path, read_only=True))
    return mounts
