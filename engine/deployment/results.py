"""What a provider answered, as it goes into the state, and what it failed with, as the user reads it."""

from __future__ import annotations

import traceback
from dataclasses import replace

from engine.errors import EngineError
from engine.provider import ProviderError
from engine.resource.marks import mark_secrets, redact, secret, secret_texts
from engine.resource.state import State
from engine.resource.values import Properties, Secret


def with_outputs(state: State, id_: str, outputs: Properties) -> State:
    """The state with an answer; secret inputs and additionalSecretOutputs make secret outputs."""
    marked: Properties = mark_secrets(outputs, state.inputs)
    for key in state.additional_secret_outputs:
        if key in marked and not isinstance(marked[key], Secret):
            marked[key] = secret(marked[key])
    return replace(state, id=id_, outputs=marked)


def describe(err: BaseException, about: State | None = None) -> str:
    """What to tell the user about an error: never a secret of the resource it is about; a bug says where it is."""
    if isinstance(err, ProviderError | EngineError):
        return redact(str(err), secret_texts([about.inputs, about.outputs]) if about is not None else frozenset())
    frames = traceback.extract_tb(err.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"internal error: {type(err).__name__}{where}; this is a bug in the embedded engine"


def is_bug(err: BaseException) -> bool:
    """Whether an error is the engine's own fault."""
    return not isinstance(err, ProviderError | EngineError)
