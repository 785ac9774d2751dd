"""Runs the project's program under mocks and collects the Kubernetes objects that it declares."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from deploy.errors import DeployError
from deploy.objects.placeholders import placeholders
from deploy.stack import Stack
from engine.errors import EngineError
from engine.program.process import entry_point, interpreter
from engine.workspace.project import load_project

NO_DIGEST: Final = f"sha256:{'0' * 64}"
"""The digest of an image that is not built yet."""

_CHILD: Final = Path(__file__).with_name("_child.py")
_TIMEOUT: Final = 120
"""Seconds that the program may take; it takes about one."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Object:
    """One object as the program declares it."""

    api_version: str
    kind: str
    namespace: str
    """Empty for an object of the whole cluster."""
    name: str
    role: str
    """Its resource name without a content hash: the same in every stack, and from one content to the next."""
    manifest: dict[str, Any] = field(repr=False)
    """The whole object, keys sorted; secrets are placeholders unless they were given."""

    @property
    def hashed(self) -> bool:
        """Whether its name ends in a hash of its content, which therefore never changes."""
        return _hashed(self.manifest) and without_hash(self.name) != self.name


@dataclass(frozen=True)
class Registered:
    """What the program registered."""

    objects: tuple[Object, ...]
    """By namespace (those without one first), kind and name."""
    images: tuple[dict[str, Any], ...] = field(repr=False)
    """The inputs of each image that `up` builds."""


def objects(stack: Stack, *, image: str = "", secrets: Mapping[str, str] = _NONE) -> list[Object]:
    """The objects alone; see `run`."""
    return list(run(stack, image=image, secrets=secrets).objects)


def run(stack: Stack, *, image: str = "", secrets: Mapping[str, str] = _NONE) -> Registered:
    """Runs the stack's program without cluster, Docker and passphrase.

    Args:
        stack: whose configuration the program gets.
        image: `repository@sha256:...` instead of the stack's own. Default: `image` of the stack; where it builds, the
            repository with NO_DIGEST.
        secrets: plain texts by full key, where they are known. Default: placeholders, also for those that must be given
            and are not; the hashes in names are those of the placeholders then.

    Raises:
        DeployError: the program refuses the configuration (78), fails (70), has no SDK (69), or does not end (1).
    """
    answer = _ask(stack, image, secrets)
    if "refused" in answer:
        raise DeployError(answer["refused"])
    if "missing" in answer:
        raise DeployError(
            f"The Pulumi SDK is not there for {answer['missing']}. Install requirements.txt.", os.EX_UNAVAILABLE
        )
    if "failed" in answer:
        quoted = "" if secrets else f": {answer['text']}"  # which may quote a secret
        raise DeployError(f"The program failed for {stack.name}: {answer['failed']}{quoted}", os.EX_SOFTWARE)
    found, images = [], []
    for resource in answer["resources"]:
        if resource["type"].startswith("kubernetes:"):
            found.append(_object(resource))
        else:
            images.append(resource["inputs"])
    found.sort(key=lambda it: (it.namespace, it.kind, it.name))
    return Registered(tuple(found), tuple(images))


def _ask(stack: Stack, image: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    hidden = {**placeholders(stack), **secrets}
    values = {**stack.values, **hidden}
    if image and not stack.get("registry"):
        values[f"{stack.project_name}:image"] = image
    given = {
        "project": stack.project_name,
        "stack": stack.name,
        "config": values,
        "secret_keys": sorted(hidden),
        "image": image,
        "digest": NO_DIGEST,
    }
    try:
        project = load_project(stack.project / "Pulumi.yaml")
        program, python = entry_point(project), interpreter(project)
    except EngineError as err:
        raise DeployError(str(err), err.code) from err
    try:
        done = subprocess.run(
            [python, str(_CHILD)],
            input=json.dumps({**given, "program": str(program)}),
            cwd=program.parent,
            # The passphrase is none of its business: one that is meant for another stack would be refused.
            env={key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise DeployError(f"The program did not end for {stack.name} within {_TIMEOUT} s.", 1) from None
    except ValueError:
        last = "" if secrets else "".join(f": {line}" for line in done.stderr.strip().splitlines()[-1:])
        raise DeployError(
            f"The program ended for {stack.name} with status {done.returncode}{last}", os.EX_SOFTWARE
        ) from None
    return answer


def _object(resource: dict[str, Any]) -> Object:
    manifest, kind = resource["inputs"], resource["type"].rpartition(":")[2]
    if manifest.get("kind") != kind:
        raise DeployError(
            f"{resource['type']} {resource['name']!r} is no single object: what it stands for only its provider knows. "
            "Declare its objects one by one.",
        )
    if path := _unknown(manifest):
        raise DeployError(
            f"{kind} {resource['name']!r}: {path} is known only after a deployment; give it a plain value."
        )
    metadata = manifest["metadata"]
    return Object(
        api_version=manifest["apiVersion"],
        kind=kind,
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        role=without_hash(resource["name"]) if _hashed(manifest) else resource["name"],
        manifest=manifest,
    )


def _hashed(manifest: dict[str, Any]) -> bool:
    """Whether the end of its name can be a hash; elsewhere ten digits are a part of the name."""
    return manifest.get("immutable") is True


def without_hash(name: str) -> str:
    """A name without the content hash at its end."""
    return re.sub("-[0-9a-f]{10}$", "", name)


def _unknown(value: Any, path: str = "") -> str:
    """The path of a value that is not known, or an empty text."""
    if value is None:
        return path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in items if (found := _unknown(item, f"{path}.{key}".lstrip(".")))), "")
