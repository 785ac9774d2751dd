"""Whether an object that exists already was made by a run of ours that was killed before it could record it.

Taken over is only what the provider's own field manager created and what holds every value that the killed run wanted.
Anything else belongs to someone else and is left alone.
"""

from __future__ import annotations

from typing import Any

from engine.kubernetes.apply import CREATOR
from engine.kubernetes.normalize import normalize
from engine.kubernetes.objects import to_object
from engine.resource.values import Properties, has_unknown


def made_by_us(live: dict[str, Any], intended: Properties) -> bool:
    """Whether `live` is what a create with the inputs `intended` made."""
    creators = [
        entry
        for entry in live["metadata"].get("managedFields") or []
        if entry.get("manager") == CREATOR and entry.get("operation") == "Update" and not entry.get("subresource")
    ]
    if not creators or has_unknown(intended):
        return False
    return _covers(live, to_object(normalize(intended)))


def _covers(live: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        if not isinstance(live, dict):
            return False
        return all(_covers(live[key], item) if key in live else not item for key, item in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and len(live) == len(wanted) and all(map(_covers, live, wanted))
    return bool(live == wanted) or (not wanted and not live)
