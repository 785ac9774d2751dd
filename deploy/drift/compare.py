"""One object: what its next update would change if the program stayed the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from deploy.drift.wanted import inputs_for, place
from engine.kubernetes.apply import CREATOR
from engine.kubernetes.drift import find, read
from engine.kubernetes.errors import ApiError, refused
from engine.kubernetes.kinds import from_manifest
from engine.kubernetes.objects import FIELD_MANAGER
from engine.provider import ProviderError
from engine.resource.marks import secret_texts
from engine.resource.state import State
from engine.resource.values import Properties, unwrap

if TYPE_CHECKING:
    from engine.kubernetes.client import Api


@dataclass(frozen=True)
class Drift:
    """One field of a live object that is not what the last update made it."""

    kind: str
    namespace: str
    """Empty for what lives in no namespace."""
    name: str
    path: str
    """Such as `spec.replicas`; empty where the whole object is missing."""
    wanted: str
    """What the program says, as text or JSON; empty where it says nothing."""
    found: str
    """What is there; empty where nothing is."""
    by: str = ""
    """The field manager that wrote it; empty where that is not recorded, as of what was removed."""
    at: str = ""
    """When that manager last wrote, ISO 8601."""
    operation: str = ""
    """How: Update or Apply, with the subresource, as `Update (scale)`."""


async def look(api: Api, state: State) -> list[Drift]:
    """Compares the live object with what the server would make of it by the recorded inputs, in a dry run.

    Raises `ProviderError` where the server cannot be asked or refuses.
    """
    where = place(state)
    manager = str(unwrap(state.outputs.get(FIELD_MANAGER)) or CREATOR)
    hidden: frozenset[str] = frozenset()

    async def wanted(live: dict[str, Any]) -> Properties:
        nonlocal hidden
        inputs = await inputs_for(api, state, live)
        hidden = secret_texts(inputs)
        return inputs

    try:
        endpoint = await api.endpoint(from_manifest(str(state.inputs["apiVersion"]), where[0]))
        if endpoint is None:
            return [Drift(*where, path="", wanted="there", found="")]
        reading = partial(read, api, endpoint.path(*where[1:]))
        found = await find(api, endpoint, manager, reading, wanted)
    except ApiError as err:
        raise refused("compare", f"{where[0]} {state.id}", err, hidden) from err
    except (AttributeError, LookupError, TypeError) as err:
        raise ProviderError(
            f"cannot compare {where[0]} {state.id}: what {api.cluster.server} answers is no Kubernetes object. "
            "See that it is an API server, and what stands before it."
        ) from err
    return [Drift(*where, **vars(drift)) for drift in found]
