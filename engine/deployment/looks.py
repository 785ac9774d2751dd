"""Looks at live objects in a preview, beside everything else: what became of them since their last step.

The program waits for none of it, and none of it is a change: what an update would do is the steps alone.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from engine.deployment.executor import Executor, Reporter
from engine.deployment.planner import as_resource
from engine.deployment.step import Step
from engine.provider import Inspector, Provider
from engine.resource.state import State


class Looks:
    """The looks of one preview."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._running: dict[asyncio.Task[None], State] = {}

    def start(self, step: Step, provider: Provider) -> None:
        """Looks at the object that a step is about, as its old state has it.

        Not after an update that failed: its record has the inputs before it, beside which all that it did is drift.
        """
        if step.old is not None and not step.old.init_errors and isinstance(provider, Inspector):
            self._running[asyncio.create_task(self._look(step, step.old, provider))] = step.state

    async def _look(self, step: Step, old: State, provider: Inspector) -> None:
        drift, why = await provider.inspect(as_resource(old), step.state.ignore_changes)
        self._reporter.inspected(step, drift, why)

    async def end(self, executor: Executor) -> None:
        """Returns when all is seen, or the run is ending; what would be refused fails the run."""
        tasks: set[asyncio.Task[Any]] = {*self._running}
        closed = asyncio.create_task(executor.closed.wait())
        try:
            while tasks and not executor.closed.is_set():
                done, _ = await asyncio.wait({*tasks, closed}, return_when=asyncio.FIRST_COMPLETED)
                tasks -= done
        finally:
            for task in (*tasks, closed):
                task.cancel()
            await asyncio.gather(*tasks, closed, return_exceptions=True)
        for task, state in self._running.items():
            with suppress(asyncio.CancelledError):
                if (err := task.exception()) is not None:
                    executor.fail(err, state)
        self._running.clear()
