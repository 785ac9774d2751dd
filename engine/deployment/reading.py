"""Steps that read: a resource that the stack does not own, and one whose record is brought up to date.

Source: ReadStep and RefreshStep in pkg/resource/deploy/step.go.
"""

from __future__ import annotations

from dataclasses import replace

from engine.backend.checkpoint import now
from engine.deployment import step as ops
from engine.deployment.executor import Executor
from engine.deployment.planner import as_resource, ignoring
from engine.deployment.results import with_outputs
from engine.deployment.step import Step
from engine.errors import EngineError
from engine.provider import Diff, Provider, ProviderError
from engine.resource import wire
from engine.resource.marks import mark_secrets
from engine.resource.state import State
from engine.resource.urn import name_of


async def read(executor: Executor, step: Step, provider: Provider) -> State:
    """Reads a resource that the stack does not own; its inputs stay what the program gave."""

    async def body(notes: list[str]) -> State:
        new, old = step.state, step.old
        failure: ProviderError | None = None
        if new.id != wire.UNKNOWN_TEXT:
            try:
                found = await provider.read(as_resource(new), new.id, new.inputs)
            except ProviderError as err:
                if err.state is None:
                    raise
                failure, found = err, (err.id or new.id, {}, err.state)
                new = replace(new, init_errors=err.reasons or (str(err),))
            if found is None:
                raise EngineError(f"resource '{new.id}' does not exist")
            new = with_outputs(new, found[0] or new.id, found[2])
        if old is not None:
            changed = new.inputs != old.inputs or new.outputs != old.outputs
            new = replace(new, created=old.created, modified=now() if changed else old.modified)
        _record(executor, step, new)
        if failure is not None:
            raise failure
        return new

    return await executor.run(step, "reading", body, report=lambda new: replace(step, state=new))


def _record(executor: Executor, step: Step, new: State) -> None:
    snapshot, old = executor.snapshot, step.old
    if step.op == ops.READ_REPLACEMENT and old is not None:
        snapshot.swap(old, replace(old, delete=True))
        snapshot.append(new, was=old.urn)
    else:
        snapshot.append(new, replaces=old)
    snapshot.touch()


async def refreshed(executor: Executor, old: State, provider: Provider, *, alone: bool) -> State | None:
    """The state of a resource as it is now, which nothing has recorded yet; None where it is gone.

    An error is noted, but lets other steps go on. `alone`: the step is reported as what was found, as `refresh` does.
    """
    step = Step(ops.REFRESH, old, old)

    async def body(notes: list[str]) -> Step:
        reasons: tuple[str, ...] = ()
        try:
            found = await provider.read(as_resource(old), old.id, old.inputs)
        except ProviderError as err:
            if err.state is None:
                raise
            found = (err.id or old.id, old.inputs if err.inputs is None else err.inputs, err.state)
            reasons = err.reasons or (str(err),)
            executor.warn(old.urn, "the resource is there, but not healthy:\n" + "\n".join(f"* {r}" for r in reasons))
        if found is None:
            return replace(step, found=ops.DELETE)
        new = with_outputs(replace(old, inputs=mark_secrets(found[1], old.inputs)), found[0] or old.id, found[2])
        changed = new.inputs != old.inputs or new.outputs != old.outputs
        if not changed and new.id == old.id and reasons == old.init_errors and not old.extra.get("refreshBeforeUpdate"):
            return replace(step, found=ops.SAME)
        extra = {key: value for key, value in old.extra.items() if key != "refreshBeforeUpdate"}
        new = replace(new, init_errors=reasons, modified=now() if changed else old.modified, extra=extra)
        if old.external:
            diff = Diff(changes=new.outputs != old.outputs)
        else:  # what an `up` of the same program would change, seen from the other side
            seen = replace(as_resource(new), urn=old.urn, name=name_of(old.urn))
            diff = ignoring(await provider.diff(seen, old.inputs), old.urn, old.ignore_changes)
        return replace(step, state=new, diff=diff, found=ops.UPDATE if diff.changes else ops.SAME)

    def report(done: Step) -> Step:
        return replace(done, op=done.found) if alone else done

    done = await executor.run(step, "", body, report=report, closes=False)
    return None if done.found == ops.DELETE else done.state
