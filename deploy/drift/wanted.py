"""What the objects of a stack should be, as its state tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.observe.recorded import Recorded
from engine.kubernetes.scaled import as_scaled
from engine.resource.state import State, from_json
from engine.resource.values import Properties, Secret

if TYPE_CHECKING:
    from engine.kubernetes.client import Api

ENCRYPTED = Secret(None)
"""Stands for a value that only the passphrase opens."""

Place = tuple[str, str, str]
"""Kind, namespace (empty where there is none) and name of an object."""


def objects(recorded: Recorded) -> dict[Place, State]:
    """The objects that the stack deployed, dependencies first; encrypted values are `ENCRYPTED`."""
    states = [from_json(raw, lambda *_: "null") for raw in recorded.resources if raw["type"].startswith("kubernetes:")]
    return {
        place(state): state
        for state in states
        # Not what was only read, what is between its deletion and its creation, or a provider.
        if state.id and "apiVersion" in state.inputs and not state.external and not state.pending_replacement
    }


def place(state: State) -> Place:
    """Where the object of a resource is."""
    namespace, _, name = state.id.rpartition("/")
    return str(state.inputs["kind"]), namespace, name


async def inputs_for(api: Api, state: State, live: dict[str, Any]) -> Properties:
    """The resource's inputs, but for what is not the state's to say: that is taken as it is live.

    These are encrypted values, and the replicas of what an autoscaler scales.
    Raises `ApiError` where the autoscalers may not be listed.
    """
    inputs = dict(state.inputs)
    if inputs["kind"] == "Secret" and inputs.keys() & {"data", "stringData"}:
        inputs.pop("stringData", None)
        inputs["data"] = ENCRYPTED
    return await as_scaled(api, _filled(inputs, live), live)


def _filled(value: Any, live: Any) -> Any:
    if value == ENCRYPTED:
        return Secret(live)
    if isinstance(value, dict):
        there = live if isinstance(live, dict) else {}
        filled = {key: _filled(item, there.get(key)) for key, item in value.items()}
        return {key: item for key, item in filled.items() if item != ENCRYPTED}
    if isinstance(value, list):
        items = live if isinstance(live, list) else []
        return [_filled(item, _counterpart(items, index, item)) for index, item in enumerate(value)]
    return value


def _counterpart(items: list[Any], index: int, item: Any) -> Any:
    if isinstance(item, dict) and "name" in item:
        return next((other for other in items if isinstance(other, dict) and other.get("name") == item["name"]), None)
    return items[index] if index < len(items) else None
