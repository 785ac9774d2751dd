"""One preview or one real run of a stack's program (or of its destruction), from the old state to the new one."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from engine.backend.checkpoint import Checkpoint
from engine.backend.snapshot import Snapshot
from engine.deployment import ending
from engine.deployment import step as ops
from engine.deployment.builtin import Builtin
from engine.deployment.context import Context, Settings
from engine.deployment.deployment import Deployment
from engine.deployment.executor import AbortedError, Executor
from engine.deployment.providers import warm
from engine.deployment.refresh import refresh
from engine.deployment.registry import Registry
from engine.display import Display
from engine.errors import FAILED, INTERNAL, INTERRUPTED
from engine.program.monitor import EngineService, Monitor, serve
from engine.program.process import Program
from engine.resource.marks import SHORTEST
from engine.resource.urn import STACK_TYPE, package_of
from engine.resource.values import Properties
from engine.stack.stackref import Stack

_GRACE: Final = 5.0
"""Seconds that running steps get to end by themselves after a Ctrl-C."""
_EXIT: Final = 10.0
"""Seconds that the program gets to exit once it was told to."""
_NO_CHANGE: Final = frozenset({ops.SAME, ops.READ, ops.READ_REPLACEMENT, ops.DISCARD})
"""What --expect-no-changes allows, as HasChanges of the CLI does."""


@dataclass
class Outcome:
    """How a run ended."""

    display: Display
    executor: Executor
    base: Checkpoint
    """The state before the run."""
    outputs: Properties
    """The stack's outputs that the program registered."""
    interrupted: bool = False

    @property
    def code(self) -> int:
        """The exit code."""
        if self.interrupted:
            return INTERRUPTED
        if self.executor.bug:
            return INTERNAL
        return FAILED if self.executor.errors else 0

    @property
    def changed(self) -> bool:
        """Whether any step changes something."""
        return any(count for op, count in self.display.counts.items() if op not in _NO_CHANGE)


async def run_once(
    stack: Stack,
    settings: Settings,
    display: Display,
    program: Program | None,
    *,
    title: str,
    on_ended: Callable[[], None] | None = None,
) -> Outcome:
    """Runs the program, which is started already (None: destroys the stack, or only refreshes it).

    `title` is shown once an interrupt would be answered in the orderly way. `on_ended` is called when the program has
    registered all. When this returns, everything that ended is on disk and the program's process is gone.
    """
    gc.set_threshold(50_000, 20, 50)  # nearly all that is made stays to the end
    base = stack.checkpoint()
    serializer = stack.serializer()

    # a thread of its own: the others may all be busy with the work of providers
    writer = ThreadPoolExecutor(1, "checkpoint")

    async def save(checkpoint: Checkpoint) -> None:
        def write() -> None:
            stack.backend.save(stack.name, serializer.dump(checkpoint))

        await asyncio.get_running_loop().run_in_executor(writer, write)

    snapshot = Snapshot(base, None if settings.preview else save)
    executor = Executor(snapshot, display, preview=settings.preview, parallel=settings.parallel)
    builtin = Builtin(stack.backend.root, stack.project.name, stack.passphrase, partial(display.log, 1, ""))
    context = Context(settings, base, executor, display, Registry(builtin))
    outcome = Outcome(display, executor, base, {})
    if settings.preview and program is not None:
        used = {package_of(state.type) for state in base.resources if state.custom}
        asyncio.get_running_loop().run_in_executor(None, warm, used)
    with _Interrupts(outcome, program):
        display.say(title)
        _warn_interrupted(base, display, settled=not settings.refresh_only)
        try:
            await _guarded(context, refresh)
            if settings.refresh_only:
                outcome.outputs = next((state.outputs for state in base.resources if state.type == STACK_TYPE), {})
            elif executor.closed.is_set():
                pass
            elif program is None:
                await _guarded(context, ending.finish)
            else:
                outcome.outputs = await _run_program(stack, Deployment(context), program, display, on_ended)
        finally:
            if program is not None:
                program.close()
            await executor.idle()
            await context.looks.end(executor)
            await context.registry.close()
        await _guarded(context, lambda _: snapshot.flush())
        writer.shutdown()
    return outcome


def hidden_texts(settings: Settings) -> frozenset[str]:
    """The config's secrets, which no line of output may show."""
    texts = (text for value in settings.config.values() for text in value.hidden)
    return frozenset(part for text in texts for part in (text, *text.splitlines()) if len(part) >= SHORTEST)


def _warn_interrupted(base: Checkpoint, display: Display, *, settled: bool) -> None:
    fate = "it is taken over or deleted now" if settled else "the next `up` takes it over"
    for operation in base.pending:
        display.say(
            f"warning: the last update was interrupted while it was {operation.type} {operation.resource.urn}"
            + (f"; if it was made, {fate}" if operation.type == "creating" else "")
        )


class _Interrupts:
    """While entered, the first Ctrl-C (or SIGTERM) lets running steps end, the second one cancels them."""

    def __init__(self, outcome: Outcome, program: Program | None) -> None:
        self._outcome = outcome
        self._program = program
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)

    def __exit__(self, *_error: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def _interrupt(self) -> None:
        outcome = self._outcome
        again, outcome.interrupted = outcome.interrupted, True
        if not again:
            outcome.display.say(
                f"interrupted: no new step starts, running ones get {_GRACE:.0f} s to end; once more ends them now"
            )
        outcome.executor.close()
        self._tasks.add(asyncio.ensure_future(outcome.executor.idle(0 if again else _GRACE)))
        if self._program is not None:
            self._program.signal(signal.SIGTERM)


async def _guarded(context: Context, act: Callable[[Context], Awaitable[None]]) -> None:
    """Awaits one ending; its error is noted as one of the run."""
    try:
        await act(context)
    except AbortedError:
        pass
    except Exception as err:
        context.executor.fail(err)


async def _run_program(
    stack: Stack, deployment: Deployment, program: Program, display: Display, on_ended: Callable[[], None] | None
) -> Properties:
    """Runs the program to its end; the stack's outputs."""
    context = deployment.context
    executor, settings = context.executor, context.settings
    monitor = Monitor(deployment, stack.project.root)
    async with serve(monitor, EngineService(display)) as address:
        program.feed(_handover(stack, settings, address))
        exited = asyncio.ensure_future(program.wait(display.output))
        ended = asyncio.ensure_future(monitor.ended.wait())
        closed = asyncio.ensure_future(executor.closed.wait())
        try:
            await asyncio.wait({exited, ended, closed}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done() and exited.done():
                _judge(exited.result(), executor, display)
            if not executor.closed.is_set():
                if on_ended is not None:
                    on_ended()
                await _guarded(context, ending.finish)
            await executor.idle()
            monitor.release.set()
            _judge(await _exit(exited, program), executor, display)
        finally:
            monitor.release.set()
            for task in (exited, ended, closed):
                task.cancel()
    return deployment.outputs


def _judge(code: int, executor: Executor, display: Display) -> None:
    """A program that failed fails the run; what it said about it is shown already."""
    if code and not executor.closed.is_set():
        executor.fail("" if display.errors else f"the program exited with code {code}")


def _handover(stack: Stack, settings: Settings, address: str) -> dict[str, object]:
    return {
        "monitor": address,
        "engine": address,
        "project": settings.project,
        "stack": settings.stack,
        "parallel": settings.parallel,
        "dry_run": settings.preview,
        "organization": "organization",
        "root": str(stack.project.root),
        "config": {key: value.text for key, value in settings.config.items()},
        "secret_keys": [key for key, value in settings.config.items() if value.secret],
    }


async def _exit(exited: asyncio.Future[int], program: Program) -> int:
    """The program's exit code; one that doesn't exit is ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(exited), _EXIT)
        program.signal(number)
    return await exited
