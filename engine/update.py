"""preview, up and destroy: lock, preview, question, run, history.

Source: PreviewThenPromptThenExecute in pkg/backend/apply.go.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from typing import Any, Final, TextIO, TypeVar

from engine.backend.checkpoint import path_of
from engine.backend.lock import locked
from engine.deployment import refresh
from engine.deployment import step as ops
from engine.deployment.context import Settings
from engine.deployment.targets import NO_TARGETS, Targets
from engine.display import choose
from engine.errors import FAILED, UNEXPECTED, USAGE, EngineError
from engine.program.process import Program
from engine.resource.urn import STACK_TYPE
from engine.resource.values import Properties
from engine.run import Outcome, hidden_texts, run_once
from engine.stack import vcs
from engine.stack.stackref import Stack

_T = TypeVar("_T")

_TITLES: Final = {
    ("update", True): "Previewing update", ("update", False): "Updating",
    ("destroy", True): "Previewing destroy", ("destroy", False): "Destroying", ("preview", True): "Previewing update",
    ("refresh", True): "Previewing refresh", ("refresh", False): "Refreshing",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The flags of the three commands."""

    kind: str
    """preview, update, destroy or refresh."""
    yes: bool = False
    skip_preview: bool = False
    preview_only: bool = False
    refresh: bool = False
    """Whether to bring the state up to date first (for `refresh`: always)."""
    clear_pending_creates: bool = False
    json: bool = False
    diff: bool = False
    interactive: bool = True
    expect_no_changes: bool = False
    targets: Targets = NO_TARGETS
    parallel: int = 32
    colour: str = "auto"
    message: str = ""
    """For the history; empty: the title of the newest commit."""
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def told(self) -> TextIO:
        """Where what is no result goes."""
        return sys.stderr if self.json else sys.stdout


async def run(stack: Stack, options: Options, program: Program | None) -> int:
    """Runs a command to its end; `program` is already started for the first run (None: destroy, refresh)."""
    path_of(stack.backend, stack.name)
    if options.clear_pending_creates:
        await asyncio.to_thread(_clear_pending_creates, stack, options.told)
    if options.kind == "preview" or options.preview_only:
        await asyncio.to_thread(stack.prepare, writing=False)
        outcome = await _once(stack, options, program, preview=True)
        return _code(options, outcome)
    _refuse_unasked(options)
    with locked(stack.backend.locks(stack.name), lambda text: print(text, file=options.told, flush=True)):
        await asyncio.to_thread(stack.reread)
        await asyncio.to_thread(stack.ensure_salt)
        await asyncio.to_thread(stack.prepare, writing=True)
        if not options.skip_preview:
            return await _preview_then_run(stack, options, program)
        return _code(options, await _once(stack, options, program, preview=False))


def _clear_pending_creates(stack: Stack, told: TextIO) -> None:
    with locked(stack.backend.locks(stack.name), lambda text: print(text, file=told, flush=True)):
        stack.reread()
        stack.prepare(writing=True)
        refresh.clear_pending_creates(stack)


async def _preview_then_run(stack: Stack, options: Options, program: Program | None) -> int:
    started: list[Program] = []

    def start_next() -> None:
        if options.yes and program is not None:  # its interpreter loads the SDK while the preview ends
            started.append(Program(stack.project))

    try:
        outcome = await _once(stack, options, program, preview=True, on_ended=start_next)
        # a refresh that was not expected to change anything fails after it did, as the CLI's does
        if code := outcome.code if options.kind == "refresh" else _code(options, outcome):
            return code
        if not options.yes and not _confirm(options, stack.name):
            return FAILED
        if program is not None and not started:
            started.append(Program(stack.project))
        again = started[0] if started else None
        return _code(options, await _once(stack, options, again, preview=False))
    finally:
        for left in started:
            left.close()


def _code(options: Options, outcome: Outcome) -> int:
    """The exit code, with --expect-no-changes."""
    if outcome.code or not options.expect_no_changes or not outcome.changed:
        return outcome.code
    counts = ", ".join(
        f"{count} {op}" for op, count in sorted(outcome.display.counts.items()) if op != ops.SAME and count
    )
    print(f"error: no changes were expected but changes occurred: {counts}", file=sys.stderr)
    return UNEXPECTED


def _refuse_unasked(options: Options) -> None:
    if not options.yes and (not options.interactive or not sys.stdin.isatty()):
        flags = "--yes or --skip-preview" + (" or --preview-only" if options.kind in ("destroy", "refresh") else "")
        raise EngineError(f"{flags} must be passed in to proceed when running in non-interactive mode", USAGE)


def _confirm(options: Options, stack: str) -> bool:
    verb = {"destroy": "Destroy", "refresh": "Write what was found to the state of"}.get(
        options.kind, "Perform this update on"
    )
    print(f"{verb} stack {stack}? Type yes or no: ", end="", file=options.told, flush=True)
    answer = sys.stdin.readline()
    if answer.strip().lower() in ("yes", "y"):
        return True
    print("confirmation declined, nothing was changed", file=sys.stderr)
    return False


async def _once(
    stack: Stack, options: Options, program: Program | None, *, preview: bool, on_ended: Any = None
) -> Outcome:
    """One run, its summary, and its entry in the history."""
    settings = Settings(
        project=stack.project.name,
        stack=stack.name,
        config=stack.config(validate=options.kind not in ("destroy", "refresh")),
        preview=preview,
        seed=options.seed,
        parallel=options.parallel,
        refresh=options.refresh,
        refresh_only=options.kind == "refresh",
        targets=options.targets,
    )
    display = choose(
        preview, json=options.json, diff=options.diff, colour=options.colour, hidden=hidden_texts(settings)
    )
    display.begin(settings.config)
    title = display.paint(f"{_TITLES[options.kind, preview]} ({stack.name}):", "1")
    began = int(time.time())
    # what is deployed is what is there now: the next commit may come before the end
    commit = None if preview else _aside(partial(vcs.describe, stack.project.root))
    try:
        outcome = await run_once(stack, settings, display, program, title=title, on_ended=on_ended)
        _summarize(options, outcome)
    finally:
        display.close()
    if commit is not None:
        facts, title = await asyncio.wrap_future(commit)
        about = {
            "startTime": began,
            "message": options.message or title,
            "environment": {"exec.kind": "embedded", **dict(sorted(facts.items()))},
        }
        await asyncio.to_thread(_record, stack, options, outcome, about)
    return outcome


def _aside(call: Callable[[], _T]) -> Future[_T]:
    """Runs it in a thread that nobody waits for where its result is not needed: after an error."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as err:
            future.set_exception(err)

    Thread(target=run, daemon=True).start()
    return future


def _summarize(options: Options, outcome: Outcome) -> None:
    display = outcome.display
    display.diagnostics([message for message in outcome.executor.errors if message])
    old: Properties = next((state.outputs for state in outcome.base.resources if state.type == STACK_TYPE), {})
    outputs = old
    if not outcome.code and not (options.kind == "destroy" and options.targets):
        outputs = outcome.outputs  # none after a destroy
    display.summary(outputs, old)
    if outcome.code:
        what = "interrupted" if outcome.interrupted else "failed"
        display.say(display.paint(f"{'preview' if display.preview else options.kind} {what}", "1;31"))
    display.end("canceled" if outcome.interrupted else "failed" if outcome.code else "succeeded")


def _record(stack: Stack, options: Options, outcome: Outcome, about: dict[str, Any]) -> None:
    config: dict[str, Any] = {key: value.text for key, value in stack.config(validate=False).items()}
    config.update(stack.settings.values)  # secrets as they are in the file: encrypted
    entry = {
        "kind": options.kind,
        **about,
        "config": dict(sorted(config.items())),
        "version": 0,
        "result": "failed" if outcome.code else "succeeded",
        "endTime": int(time.time()),
        "resourceChanges": {op: count for op, count in sorted(outcome.display.counts.items()) if count},
    }
    stack.backend.record(stack.name, entry)
