"""Previews one stack with either engine, and reads what it says."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

from deploy import environment, preflight, session
from deploy import stack as stacks
from deploy.ci.plan import Plan, diagnostics, parse
from deploy.engines import Engine
from deploy.errors import DeployError
from deploy.observe.recorded import recorded
from deploy.promotion.checks import from_git
from deploy.say import say
from engine.errors import INTERRUPTED


def plan(project: Path, name: str, engine: Engine) -> Plan:
    """The stack's preview; why there is none is said in it, and is no error."""
    try:
        # Each stack may have a passphrase of its own.
        with environment.restored():
            if own := os.environ.get(f"{name.upper().replace('-', '_')}_PASSPHRASE"):
                os.environ["PULUMI_CONFIG_PASSPHRASE"] = own
            return _plan(project, name, engine)
    except DeployError as err:
        if err.code == INTERRUPTED:
            raise KeyboardInterrupt from err
        say(f"{name}: {err}")
        return Plan(name, problem=str(err), code=err.code)


def _plan(project: Path, name: str, engine: Engine) -> Plan:
    stack = stacks.load(project, name)
    if not stack.get("image") and not stack.get("registry"):
        return Plan(name, skipped="no image yet; it comes with the first promotion")
    preflight.check_config(stack)
    session.enter(stack, start=False)
    preflight.check_context(stack)
    if from_git(stack, recorded(stack, engine)):
        return Plan(name, skipped="applied from git, so `up` has nothing to preview")
    say(f"previewing {name} ...")
    with _printed():
        session.init(stack, engine)
    with _printed() as file:
        code = engine.run("preview", "--json", "--non-interactive", *stack.words)
        file.seek(0)
        text = file.read()
    if code == 0:
        try:
            return parse(name, text, stack.get("image"))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as err:
            raise DeployError(
                f"What `{engine.name} preview --json` prints for {name} is no preview that is understood here.",
                os.EX_UNAVAILABLE,
            ) from err
    # They may quote a secret, so the log has them and no comment.
    for message in diagnostics(text):
        say(message)
    raise DeployError(f"`{engine.name} preview` failed with exit status {code}; the job's log says why.", code)


@contextmanager
def _printed() -> Iterator[TextIO]:
    """What is printed on standard output in the block, by this process and by those that it starts.

    `Engine.read` would lose it where the command fails, and there the CLI says why in its JSON alone.
    """
    sys.stdout.flush()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as file:
        own = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            with redirect_stdout(file):
                yield file
        finally:
            os.dup2(own, 1)
            os.close(own)
