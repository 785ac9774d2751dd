"""AppImage: the image of an application, built and pushed, or one that exists and is pinned by its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi

from components.rules import check_pinned, check_repository, check_tag
from components.validate import check

if TYPE_CHECKING:
    import pulumi_docker as docker


@dataclass(frozen=True)
class AppImageArgs:
    """What an AppImage takes: `pinned`, or `repository` and what a build needs."""

    pinned: str | None = None
    """`repository@sha256:<digest>` of an image that exists: nothing is built, and no Docker daemon is needed."""

    repository: str | None = None
    """Where a built image is pushed, such as `localhost:5001/flask-k8s`."""

    tag: str = "latest"
    """The tag it is pushed under, for people; nothing refers to it. Default: latest."""

    context: str = "app"
    """The build context, a folder; relative to the program's. Default: app."""

    dockerfile: str | None = None
    """The Dockerfile. Default: `Dockerfile` in the build context."""

    build_args: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Build arguments. They stay in the image's history: no secrets here. Default: none."""

    network: str | None = None
    """Network of the build's RUN steps, such as `host`. Default: the Docker daemon's own."""

    platform: str | None = None
    """Such as `linux/arm64`. Default: the Docker daemon's own."""

    username: pulumi.Input[str] | None = None
    """User name at the registry. Default: what `docker login` stored, else none."""

    password: pulumi.Input[str] | None = field(default=None, repr=False)
    """Password at the registry; treated as secret. Goes with `username`."""

    def __post_init__(self) -> None:
        owner = "AppImageArgs"
        if (self.pinned is None) == (self.repository is None):
            given = "neither" if self.pinned is None else f"both {self.pinned!r} and {self.repository!r}"
            raise ValueError(
                f"{owner}: pinned and repository: {given} given, exactly one is due; "
                "set pinned to deploy an image that exists, or repository to build one and push it there"
            )
        check(owner, "pinned", self.pinned, check_pinned)
        check(owner, "repository", self.repository, check_repository)
        check(owner, "tag", self.tag, check_tag)
        if (self.username is None) != (self.password is None):
            given = "username" if self.password is None else "password"
            raise ValueError(f"{owner}: {given} given alone; set both username and password, or neither")


class AppImage(pulumi.ComponentResource):
    """Deploys refer to `reference`, which changes when the content changes and only then."""

    reference: pulumi.Output[str]
    """`repository@sha256:<digest>`, as the registry answered to the push."""

    def __init__(self, name: str, args: AppImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("flask-k8s:index:AppImage", name, {}, opts)
        if args.pinned is not None:
            self.reference = pulumi.Output.from_input(args.pinned)
        else:
            self.reference = self._build(name, args).repo_digest
        self.register_outputs({"reference": self.reference})

    def _build(self, name: str, args: AppImageArgs) -> docker.Image:
        # Here, so that a pinned image loads no Docker SDK.
        import pulumi_docker as docker  # noqa: PLC0415

        registry = None
        if args.username is not None:
            registry = docker.RegistryArgs(
                server=str(args.repository).split("/", 1)[0],
                username=args.username,
                password=pulumi.Output.secret(args.password),
            )
        return docker.Image(
            name,
            image_name=f"{args.repository}:{args.tag}",
            build=docker.DockerBuildArgs(
                context=args.context,
                dockerfile=args.dockerfile or f"{args.context}/Dockerfile",
                args=args.build_args,
                network=args.network,
                platform=args.platform,
            ),
            registry=registry,
            opts=pulumi.ResourceOptions(parent=self),
        )
