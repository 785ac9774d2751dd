"""Checks the objects of a stack against Kubernetes' schemas by kubeconform: no cluster, no passphrase."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cluster import build
from deploy.errors import DeployError
from deploy.objects.offline import NO_DIGEST, objects
from deploy.stack import Stack

LOCATION: Final = "KUBECONFORM_SCHEMA_LOCATION"
"""The environment variable with kubeconform's `-schema-location`; empty: its own, which is on the internet."""
TIMEOUT: Final = 120.0
"""Seconds."""


@dataclass(frozen=True)
class Checked:
    """What was found of a stack."""

    count: int
    """Its objects."""
    problems: tuple[str, ...] = ()
    """One line for each object that is wrong, and of what is wrong with it."""


def check(stack: Stack, location: str = "") -> Checked:
    """Checks the stack's objects; placeholders stand for its secrets, and for an image that is not there yet.

    Args:
        stack: is looked at.
        location: of the schemas, as kubeconform takes it. Default: its own.

    Raises:
        DeployError: the program refuses the configuration (78), or kubeconform is missing or fails (69).
    """
    unset = not stack.get("image") and not stack.get("registry")
    found = objects(stack, image=f"{stack.project_name}@{NO_DIGEST}" if unset else "")
    version = build.version().removeprefix("v")
    words = ["kubeconform", "-strict", "-summary", "-output", "json", "-kubernetes-version", version]
    answer = _run([*words, *(("-schema-location", location) if location else ()), "-"], [it.manifest for it in found])
    try:
        told = json.loads(answer.stdout)
        problems = [f"{it['kind']} {it['name']}: {line}" for it in told["resources"] for line in _lines(it["msg"])]
        counted = sum(told["summary"][key] for key in ("valid", "invalid", "errors"))
    except (KeyError, TypeError, ValueError) as err:
        raise DeployError(f"kubeconform failed: {_one(answer.stderr or answer.stdout)}", os.EX_UNAVAILABLE) from err
    if counted != len(found):
        raise DeployError(f"kubeconform looked at {counted} of {len(found)} objects.", os.EX_UNAVAILABLE)
    return Checked(len(found), tuple(problems))


def _run(words: Sequence[str], manifests: Sequence[object]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words,
            input="\n---\n".join(map(json.dumps, manifests)),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except FileNotFoundError as err:
        raise DeployError(
            "kubeconform is not on PATH, and checks the objects here. Install it: "
            "`go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0`.",
            os.EX_UNAVAILABLE,
        ) from err
    except subprocess.TimeoutExpired as err:
        raise DeployError(
            f"kubeconform took more than {TIMEOUT:g} s and was stopped. Can it reach its schemas? {LOCATION} names "
            "others.",
            os.EX_UNAVAILABLE,
        ) from err


def _lines(message: str) -> list[str]:
    """What is wrong with an object, each on a line with its path; or the message as it is.

    The JSON's own list of errors has only the uppermost ones, which say nothing where a schema refers to another.
    """
    found = re.findall(r"- at '([^']*)': (.*?)(?=\s+- at '|$)", message, re.S)
    told = sorted({(path, text) for path, text in found if text != "validation failed"})
    lines = [f"{path.strip('/').replace('/', '.')}: {_one(text)}".removeprefix(": ") for path, text in told]
    return lines or [_one(message)]


def _one(message: str) -> str:
    """A message on one line."""
    return " ".join(message.split())[:500]
