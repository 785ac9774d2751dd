"""The everyday commands, each one function of a stack, an engine and the command line's options."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import cluster
from deploy import cli_checks, environment, local_registry, preflight
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.stack import Stack

IMAGE = "docker:index/image:Image"
IMAGE_AND_ITS_PARENTS = ("flask-k8s:index:FlaskApp", "**flask-k8s:index:AppImage", f"**{IMAGE}")
"""The types that `build` targets: a resource is only made together with its parents."""


def say(line: str) -> None:
    """One line of progress, at once, apart from what a command prints as its result."""
    print(line, file=sys.stderr, flush=True)


def preview(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Shows what `up` would change."""
    preflight.check_config(stack)
    _enter(stack, start=False)
    _init(stack, engine)
    return engine.run("preview", "--stack", stack.name, *(["--diff"] if args.diff else []))


def up(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Deploys; ends with the URL."""
    begun = time.monotonic()
    say(f"engine: {engine.name} (choose with ENGINE=pulumi|embedded)")
    if local_registry.missing(stack):
        preflight.check_context(stack)
        if host := local_registry.announced(stack):
            _init(stack, engine)
            stack = local_registry.write(stack, engine, host)
    preflight.check_config(stack)
    _enter(stack, start=True)
    _prepare(stack, engine)
    code = engine.run("up", "--stack", stack.name, *(["--yes", "--skip-preview"] if args.yes else []))
    if code:
        return code
    address = _outputs(stack, engine).get("url", "")
    print(f"{stack.name} is up after {time.monotonic() - begun:.1f} s: {address}")
    return os.EX_OK


def destroy(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Deletes what the stack deployed."""
    _enter(stack, start=True)
    return engine.run("destroy", "--stack", stack.name, *(["--yes", "--skip-preview"] if args.yes else []))


def outputs(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the outputs, secrets hidden."""
    _enter(stack, start=False)
    found = _outputs(stack, engine)
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            print(f"{key}: {value}")
    return os.EX_OK


def url(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the URL alone."""
    _enter(stack, start=False)
    print(_outputs(stack, engine).get("url", ""))
    return os.EX_OK


def build(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Builds and pushes the image; prints `repository@sha256:...`."""
    if not stack.builds:
        print(stack.get("image"))
        return os.EX_OK
    preflight.check_config(stack)
    _enter(stack, start=True)
    _prepare(stack, engine)
    targets = [
        word
        for kind in IMAGE_AND_ITS_PARENTS
        for word in ("--target", f"urn:pulumi:{stack.name}::{stack.project_name}::{kind}::*")
    ]
    code = engine.run("up", "--stack", stack.name, "--yes", "--skip-preview", *targets)
    if code:
        return code
    deployment = json.loads(engine.read("stack", "export", "--stack", stack.name))["deployment"]
    for resource in deployment.get("resources", []):
        if resource["type"] == IMAGE and not resource.get("delete"):
            print(resource["outputs"]["repoDigest"])
    return os.EX_OK


def env(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints `export` lines."""
    handout = cluster.handout(_profile(stack)) if stack.is_local else None
    if stack.is_local and handout is None:
        raise DeployError("The local cluster is not running: `make up` starts it.", os.EX_UNAVAILABLE)
    wanted = {**environment.wanted(stack, handout), "PULUMI_STACK": stack.name}
    for key, value in wanted.items():
        # As in `enter`: what the user has set stays, so that both work on the same thing.
        print(f"export {key}={shlex.quote(value if key == 'PATH' else os.environ.get(key) or value)}")
    return os.EX_OK


def cancel(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Frees the stack's lock."""
    _enter(stack, start=False)
    return engine.run("cancel", stack.name, "--yes")


def clean(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Deletes the local cluster and, with it, the state of what ran there."""
    if not stack.is_local:
        raise DeployError(f"{stack.name} runs on no local cluster; `destroy` is its way.", os.EX_USAGE)
    cluster.clean(_profile(stack), say=say)
    return os.EX_OK


def config(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Shows the configuration as the program gets it, or changes one key of the stack's file."""
    if args.action is None:
        for name, value in sorted(stack.values.items()):
            print(f"{name}: {value}")
        return os.EX_OK
    if args.key is None:
        raise DeployError(f"`config {stack.name} {args.action}` needs a key.", os.EX_USAGE)
    if args.secret and args.value is not None:
        raise DeployError("A secret on the command line is seen by every user: give it on standard input.", os.EX_USAGE)
    environment.enter(stack, cluster.handout(_profile(stack)) if stack.is_local else None)
    _init(stack, engine)
    text = [args.value] if args.action == "set" and args.value is not None else []
    flags = ["--secret"] if args.secret and args.action == "set" else []
    flags += ["--path"] if args.path else []
    return engine.run("config", args.action, args.key, *text, "--stack", stack.name, *flags)


def _profile(stack: Stack) -> str:
    return stack.get("context").removeprefix("flask-k8s-")


def _enter(stack: Stack, *, start: bool) -> None:
    """Sets the engine's environment; `start` brings the local cluster up where the stack names it."""
    handout = None
    if stack.is_local:
        handout = cluster.up(_profile(stack), say=say) if start else cluster.handout(_profile(stack))
        if handout is None:
            raise DeployError(
                f"The local cluster is not running: `.venv/bin/python -m deploy up {stack.name}` starts it.",
                os.EX_UNAVAILABLE,
            )
    environment.enter(stack, handout)


def _prepare(stack: Stack, engine: Engine) -> None:
    """What comes before each command that changes something."""
    preflight.check_parts(stack)
    if engine.name == "pulumi":
        cli_checks.check(stack, _file_backend(stack))
    _init(stack, engine)


def _file_backend(stack: Stack) -> Path | None:
    """The folder of the stack's file backend; None for any other backend."""
    backend = urlsplit(stack.backend or os.environ.get("PULUMI_BACKEND_URL", ""))
    return Path(backend.netloc + backend.path).expanduser() if backend.scheme == "file" else None


def _init(stack: Stack, engine: Engine) -> None:
    """Makes the stack in a file backend that does not have it; other backends are the user's to set up."""
    root = _file_backend(stack)
    if root is None:
        return
    if (root / ".pulumi" / "stacks" / stack.project_name / f"{stack.name}.json").is_file():
        return
    root.mkdir(parents=True, exist_ok=True)
    if code := engine.run("stack", "init", stack.name):
        raise DeployError(f"The stack {stack.name!r} could not be made in {root}; see above.", code)


def _outputs(stack: Stack, engine: Engine) -> dict[str, object]:
    found = json.loads(engine.read("stack", "output", "--json", "--stack", stack.name))
    return dict(found)
