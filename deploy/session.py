"""What comes before an engine runs: the environment entered, the parts looked at, the stack made."""

from __future__ import annotations

import json
import os

import cluster
from deploy import cli_checks, environment, local_registry, preflight
from deploy.backend import exists, file_backend
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.say import say
from deploy.stack import Stack


def enter(stack: Stack, *, start: bool) -> None:
    """Sets the engine's environment; `start` brings the local cluster up where the stack names it."""
    handout = None
    if stack.is_local:
        profile = environment.profile(stack)
        handout = cluster.up(profile, say=say) if start else cluster.handout(profile)
        if handout is None:
            raise DeployError(
                f"The local cluster is not running: `.venv/bin/python -m deploy up {stack.name}` starts it.",
                os.EX_UNAVAILABLE,
            )
    environment.enter(stack, handout)


def prepared(stack: Stack, engine: Engine) -> Stack:
    """The stack with everything ready for a command that changes something.

    Raises:
        DeployError: the configuration is wrong, or a part that is needed is away.
    """
    if local_registry.missing(stack):
        preflight.check_context(stack)
        if host := local_registry.announced(stack):
            init(stack, engine)
            stack = local_registry.write(stack, engine, host)
    preflight.check_config(stack)
    enter(stack, start=True)
    preflight.check_parts(stack)
    if engine.name == "pulumi":
        cli_checks.check(stack, file_backend(stack))
    init(stack, engine)
    return stack


def init(stack: Stack, engine: Engine) -> None:
    """Makes the stack in a file backend that does not have it; other backends are the user's to set up."""
    root = file_backend(stack)
    if root is None:
        return
    if exists(stack):
        return
    root.mkdir(parents=True, exist_ok=True)
    if code := engine.run("stack", "init", stack.name, "--no-select"):
        raise DeployError(f"The stack {stack.name!r} could not be made in {root}; see above.", code)


def outputs(stack: Stack, engine: Engine) -> dict[str, object]:
    """The stack's outputs, secrets hidden."""
    found = json.loads(engine.read("stack", "output", "--json", "--stack", stack.name))
    return dict(found)
