"""The everyday commands, each one function of a stack, an engine and the command line's options."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import time
from contextlib import nullcontext
from dataclasses import replace

import cluster
from deploy import environment, preflight, release, session
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.image import pinned
from deploy.promotion import due, rollback
from deploy.say import say
from deploy.stack import Stack

IMAGE = "docker:index/image:Image"
IMAGE_AND_ITS_PARENTS = ("flask-k8s:index:FlaskApp", "**flask-k8s:index:AppImage", f"**{IMAGE}")
"""The types that `build` targets: a resource is only made together with its parents."""


def preview(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Shows what `up` would change."""
    with pinned(stack, args.image) as run:
        preflight.check_config(run)
        session.enter(run, start=False)
        session.init(run, engine)
        return engine.run("preview", *run.words, *(["--diff"] if args.diff else []))


def up(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Deploys, and runs the smoke test; ends with the URL, or with the last good version put back."""
    begun = time.monotonic()
    say(f"engine: {engine.name} (choose with ENGINE=pulumi|embedded)")
    stage = release.stage_of(stack)
    release.refuse_frozen(stage)
    if args.push and (newer := due.overtaken(stack)):
        print(f"{stack.name} is not deployed: overtaken by {newer}, which has another {stack.file.name}")
        return os.EX_OK
    way = rollback.way_back(stack, args.rollback_on_failure, push=args.push, image=args.image or "")
    with way.repo.lock() if way else nullcontext(), pinned(stack, args.image) as run:
        run = session.prepared(run, engine)  # noqa: PLW2901 - the same, made ready
        if way:
            way = replace(way, newest=rollback.newest(stack, engine))
        outcome = release.release(run, engine, stage, yes=args.yes)
        if outcome.code:
            return rollback.automatic(stack, engine, way, outcome, push=args.push) if way else outcome.code
    print(f"{stack.name} is up after {time.monotonic() - begun:.1f} s: {outcome.url}")
    return os.EX_OK


def destroy(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Deletes what the stack deployed."""
    if stack.get("protect") == "true":
        raise DeployError(
            f"The stack {stack.name!r} is protected (`protect` in {stack.file.name} is true), so nothing is deleted. "
            "Set it to false, run `up`, then `destroy`."
        )
    session.enter(stack, start=True)
    # With its preview: only there does the CLI refuse, before it deletes anything, what is protected.
    return engine.run("destroy", *stack.words, *(["--yes"] if args.yes else []))


def outputs(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the outputs, secrets hidden."""
    session.enter(stack, start=False)
    found = session.outputs(stack, engine)
    if args.json:
        print(json.dumps(found, indent=2))
    else:
        for key, value in found.items():
            print(f"{key}: {value}")
    return os.EX_OK


def url(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints the URL alone."""
    session.enter(stack, start=False)
    print(session.outputs(stack, engine).get("url", ""))
    return os.EX_OK


def build(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Builds and pushes the image; prints `repository@sha256:...`."""
    if not stack.builds:
        print(stack.get("image"))
        return os.EX_OK
    stack = session.prepared(stack, engine)
    targets = [
        word
        for kind in IMAGE_AND_ITS_PARENTS
        for word in ("--target", f"urn:pulumi:{stack.name}::{stack.project_name}::{kind}::*")
    ]
    if code := engine.run("up", *stack.words, "--yes", "--skip-preview", *targets):
        return code
    deployment = json.loads(engine.read("stack", "export", "--stack", stack.name))["deployment"]
    for resource in deployment.get("resources", []):
        if resource["type"] == IMAGE and not resource.get("delete"):
            print(resource["outputs"]["repoDigest"])
    return os.EX_OK


def env(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Prints `export` lines."""
    handout = cluster.handout(environment.profile(stack)) if stack.is_local else None
    if stack.is_local and handout is None:
        raise DeployError("The local cluster is not running: `make up` starts it.", os.EX_UNAVAILABLE)
    wanted = {**environment.wanted(stack, handout), "PULUMI_STACK": stack.name}
    if "PULUMI_CONFIG_PASSPHRASE_FILE" in wanted and os.environ.get("PULUMI_CONFIG_PASSPHRASE"):
        print("unset PULUMI_CONFIG_PASSPHRASE")  # dev's, which would come first
    for key, value in wanted.items():
        # As in `enter`: what the user has set stays, so that both work on the same thing.
        print(f"export {key}={shlex.quote(value if key == 'PATH' else os.environ.get(key) or value)}")
    return os.EX_OK


def cancel(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Frees the stack's lock."""
    session.enter(stack, start=False)
    return engine.run("cancel", stack.name, "--yes")


def clean(stack: Stack, engine: Engine, args: argparse.Namespace) -> int:
    """Deletes the local cluster and, with it, the state of what ran there."""
    if not stack.is_local:
        raise DeployError(f"{stack.name} runs on no local cluster; `destroy` is its way.", os.EX_USAGE)
    cluster.clean(environment.profile(stack), say=say)
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
    environment.enter(stack, cluster.handout(environment.profile(stack)) if stack.is_local else None)
    session.init(stack, engine)
    text = [args.value] if args.action == "set" and args.value is not None else []
    flags = ["--secret"] if args.secret and args.action == "set" else []
    flags += ["--path"] if args.path else []
    return engine.run("config", args.action, args.key, *text, "--stack", stack.name, *flags)
