"""What a push leads to: for each stage the commands that CI runs too. Whatever did not change is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from deploy import stack as stacks
from deploy.errors import DeployError
from deploy.pipeline import load
from deploy.pipeline.record import Pipeline
from deploy.webhook.process import Ended
from deploy.webhook.record import Progress, Run, State, Step
from deploy.webhook.spool import moment
from deploy.webhook.tree import Tree

BUSY: Final = (69, 75)
"""Exit statuses that may be gone with the next try: a part is away, another update is under way."""
PASSING: Final = (1, *BUSY)
"""Those of a promotion that comes to pass by waiting; what configuration or command line lack does not."""
WAITS: Final = (5.0, 20.0, 60.0)
"""Seconds before each other try."""


class Command(Protocol):
    """Runs a command of `python -m deploy`."""

    def __call__(self, *words: str) -> Ended: ...


@dataclass
class Jobs:
    """One run's jobs, stage by stage in the pipeline's order; so no stack has two at a time."""

    tree: Tree
    run: Run
    progress: dict[str, Progress]
    command: Command
    keep: Callable[[], None]
    """Writes the run and the progress down."""
    sleep: Callable[[float], None]

    def all(self, *, push: bool) -> None:
        """Every stage's jobs. Where one fails, the stages after it still get what waits for them.

        Args:
            push: False for a try to promote what was held back, no more.
        """
        pipeline = load.load(self.tree.project)
        for stage in pipeline.stages:
            done = self.progress.setdefault(stage.stack, Progress())
            if push:
                try:
                    self._deploy(pipeline, stage.stack, done)
                except DeployError as err:
                    self._note(stage.stack, f"up {stage.stack}", "failed", str(err))
            if done.promote:
                self._promote(pipeline, stage.stack, done)

    def _deploy(self, pipeline: Pipeline, name: str, done: Progress) -> None:
        stack, words = stacks.load(self.tree.project, name), ["up", name, "--yes", "--push"]
        if name == pipeline.names[0]:
            words = ["up", name, "--yes"]  # which builds
        elif stack.builds:
            return self._note(name, f"up {name}", "skipped", f"{stack.file.name} names no image yet")
        elif not self.tree.changed(done.commit, stack.file.name):
            return self._note(name, f"up {name}", "skipped", f"{stack.file.name} is as it was deployed")
        done.promote = False  # what fails now is not to be offered
        if not self._step(name, *words).code:
            done.commit, done.promote = self.run.commit, True
        return self.keep()

    def _promote(self, pipeline: Pipeline, name: str, done: Progress) -> None:
        index = pipeline.names.index(name) + 1
        if index == len(pipeline.names):
            done.promote = False
            return self.keep()
        words = ("promote", name, pipeline.names[index], "--pr", "--yes")
        done.promote = self._step(name, *words).code in PASSING
        return self.keep()

    def _step(self, stack: str, *words: str) -> Ended:
        step = Step(stack=stack, command=" ".join(words), began=moment())
        self.run.steps.append(step)
        self.keep()
        ended = self.command(*words)
        for wait in WAITS:
            if ended.code not in BUSY:
                break
            step.detail = f"to be tried again in {wait:.0f} s: {ended.reason}"
            self.keep()
            self.sleep(wait)
            ended = self.command(*words)
        held = words[0] == "promote" and ended.code in PASSING
        step.state = "succeeded" if not ended.code else "held back" if held else "failed"
        step.detail = ended.reason if ended.code else ""
        step.ended = moment()
        self.keep()
        return ended

    def _note(self, stack: str, command: str, state: State, detail: str) -> None:
        now = moment()
        self.run.steps.append(Step(stack=stack, command=command, state=state, detail=detail, began=now, ended=now))
        self.keep()
