"""The inputs of an Image: the provider's defaults filled in, and read as a typed record.

Source: Check and dockerBuild of pulumi-docker 5.2.
"""

from __future__ import annotations

import os
import platform
import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

from engine.docker.context import Context
from engine.provider import CheckFailure, ProviderError
from engine.resource.marks import mark_secrets
from engine.resource.values import UNKNOWN, Properties, has_unknown, unwrap

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
BUILDERS = {"BuilderBuildKit": "2", "BuilderV1": "1"}

_NAME = re.compile(
    r"^(?P<repository>(?P<domain>[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)"
    r"(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+)(?::(?P<tag>[\w][\w.-]{0,127}))?$",
    re.ASCII,
)


@dataclass(frozen=True)
class Image:
    """What is to be built, and where it goes."""

    name: str
    """The full name with its tag, as given."""
    context: Context
    platform: str
    server: str = ""
    """The registry's address as given; empty: the name's own."""
    username: str = ""
    password: str = field(default="", repr=False)
    args: dict[str, str] = field(default_factory=dict, repr=False)
    target: str = ""
    network: str = ""
    hosts: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    builder: str = "2"
    """`2` for BuildKit, `1` for the classic builder."""
    push: bool = True

    @property
    def repository(self) -> str:
        """The name without its tag."""
        return split_name(self.name)[0]

    @property
    def tag(self) -> str:
        """The tag, `latest` where none is given."""
        return split_name(self.name)[1]


def split_name(name: str) -> tuple[str, str]:
    """Repository and tag of an image name."""
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")


def checked(news: Properties) -> tuple[Properties, list[CheckFailure]]:
    """The inputs with build paths, contextDigest, platform and buildOnPreview filled in.

    Raises `ProviderError` for a Dockerfile or context that cannot be read.
    """
    plain = {key: value for key, value in unwrap(news).items() if value is not None}
    preview = plain.get("buildOnPreview")
    plain["buildOnPreview"] = False if preview is UNKNOWN or preview is None else bool(preview)
    build = plain.get("build", {})
    if build is UNKNOWN:
        return mark_secrets(plain, news), []
    if not isinstance(build, dict):
        return news, [CheckFailure("build", f"is {build!r}, and must be a map such as {{context: ./app}}")]
    build = {key: value for key, value in build.items() if value is not None}
    failures = [*_name_failures(plain), *_builder_failures(build)]
    root = build.setdefault("context", ".")
    if root is not UNKNOWN:
        file = build.setdefault("dockerfile", go_join(root, "Dockerfile"))
        if file is not UNKNOWN:
            _must_exist(root, file)
            build["contextDigest"] = Context(root, file).digest()
    build.setdefault("platform", f"linux/{ARCHITECTURES.get(platform.machine(), platform.machine())}")
    plain["build"] = build
    return mark_secrets(plain, news), failures


def read(inputs: Properties) -> Image:
    """The record of checked inputs, all of them known."""
    plain: dict[str, Any] = unwrap(inputs)
    build, registry = plain["build"], plain.get("registry") or {}
    return Image(
        name=plain["imageName"],
        context=Context(build["context"], build["dockerfile"]),
        platform=build.get("platform") or "",
        server=registry.get("server") or "",
        username=registry.get("username") or "",
        password=registry.get("password") or "",
        args={key: str(value) for key, value in (build.get("args") or {}).items()},
        target=build.get("target") or "",
        network=build.get("network") or "",
        hosts=tuple(build.get("addHosts") or ()),
        cache_from=tuple((build.get("cacheFrom") or {}).get("images") or ()),
        builder=BUILDERS[build.get("builderVersion") or "BuilderBuildKit"],
        push=not plain.get("skipPush"),
    )


def go_join(root: str, name: str) -> str:
    """As Go's path.Join: `./app` and `Dockerfile` make `app/Dockerfile`."""
    return posixpath.normpath(posixpath.join(root, name))


def buildable(inputs: Properties) -> bool:
    """Whether all that a build needs is known."""
    return not has_unknown(inputs.get("imageName")) and not has_unknown(inputs.get("build"))


def _name_failures(plain: dict[str, Any]) -> list[CheckFailure]:
    name = plain.get("imageName")
    if name is UNKNOWN:
        return []
    if not isinstance(name, str) or not name:
        return [CheckFailure("imageName", "is missing. Give the full name, such as registry.example.com/team/app:tag")]
    cached = (plain.get("build") or {}).get("cacheFrom")
    if plain.get("skipPush") and not cached:
        return []
    match = _NAME.match(name)
    domain = match.group("domain") if match else ""
    if not match or not ("." in domain or ":" in domain or domain == "localhost"):
        return [
            CheckFailure(
                "imageName",
                f"is {name!r}, and must be a full name in lower case: registry, repository and tag, such as "
                "registry.example.com/team/app:tag",
            )
        ]
    return []


def _builder_failures(build: dict[str, Any]) -> list[CheckFailure]:
    version = build.get("builderVersion")
    if version in (None, UNKNOWN) or version in BUILDERS:
        return []
    return [CheckFailure("build.builderVersion", f"is {version!r}, and must be one of {', '.join(BUILDERS)}")]


def _must_exist(root: str, file: str) -> None:
    if not os.path.isdir(root):
        raise ProviderError(
            f"the build context {root!r} is no folder (looked for in {os.getcwd()!r}). Correct build.context."
        )
    if os.path.isfile(file):
        return
    within = posixpath.join(root, file)
    hint = f"Set build.dockerfile to {within!r}" if os.path.isfile(within) else "Correct build.dockerfile"
    raise ProviderError(
        f"there is no Dockerfile {file!r} (looked for from {os.getcwd()!r}, not from the build context). {hint}."
    )
