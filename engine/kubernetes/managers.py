"""Who owns which field of an object, by its managed fields.

A path is a tuple of the tokens of FieldsV1: `f:spec`, `k:{"name":"app"}` for an item of a list, `v:"x"` of a set.
Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.kubernetes.apply import CREATOR

Fields = dict[str, Any]
"""A tree of tokens; "." says that the node itself is owned, beside its children."""
Path = tuple[str, ...]

BY_HAND = "kubectl"
"""How the managers begin whose fields an update takes over, and so takes away where the program has none of them."""
RESTARTED = "f:kubectl.kubernetes.io/restartedAt"
"""What `kubectl rollout restart` writes: it restarts, and changes nothing."""

_PLAIN = re.compile(r"[^.\[\]\"]+")


@dataclass(frozen=True)
class Manager:
    """One entry of `metadata.managedFields`."""

    name: str
    operation: str
    """Update or Apply, with the subresource if there is one: `Update (scale)`."""
    at: str
    """When it last wrote, ISO 8601."""
    fields: Fields

    @property
    def by_hand(self) -> bool:
        """Whether the provider takes this manager's fields for leftovers of a person's."""
        return self.name.startswith(BY_HAND) and " " not in self.operation


NOBODY = Manager("", "", "", {})


def managers(live: dict[str, Any]) -> list[Manager]:
    """The managers of an object, the last one to write first, and the program's own after all others."""
    found = []
    for entry in live["metadata"].get("managedFields") or []:
        part = f" ({entry['subresource']})" if entry.get("subresource") else ""
        operation = f"{entry.get('operation', '')}{part}"
        found.append(Manager(entry.get("manager", ""), operation, entry.get("time", ""), entry.get("fieldsV1") or {}))
    return sorted(found, key=lambda manager: (not manager.name.startswith(CREATOR), manager.at), reverse=True)


def owner(of: Iterable[Manager], path: Path) -> Manager:
    """The last one to write the field at `path`; `NOBODY` where it is gone, for who removed it is not recorded."""
    return next((manager for manager in of if _owns(manager.fields, path)), NOBODY)


def _owns(fields: Fields, path: Path) -> bool:
    for token in path:
        if token not in fields:
            return False
        fields = fields[token]
        if not fields:  # it owns all below
            return True
    return True


def union(of: Iterable[Manager]) -> Fields:
    """Every field that anyone owns."""
    merged: Fields = {}
    for manager in of:
        _merge(merged, manager.fields)
    return merged


def _merge(into: Fields, fields: Fields) -> None:
    for token, below in fields.items():
        _merge(into.setdefault(token, {}), below)


def added(of: Iterable[Manager]) -> Iterator[tuple[Path, Manager]]:
    """The fields that only a person set by kubectl; an item that was added to a list as a whole."""
    every = list(of)
    if not any(manager.by_hand for manager in every):
        return
    others = union(manager for manager in every if not manager.by_hand)
    for manager in every:
        if manager.by_hand:
            for path in _tops(_less(manager.fields, others), ()):
                if path[-1] != RESTARTED:
                    yield path, manager


def _less(fields: Fields, others: Fields) -> Fields:
    left: Fields = {}
    for token, below in fields.items():
        if token not in others:
            left[token] = below
        elif rest := _less({key: item for key, item in below.items() if key != "."}, others[token]):
            left[token] = rest
    return left


def _tops(fields: Fields, path: Path) -> Iterator[Path]:
    for token, below in fields.items():
        if (token.startswith("k:") and "." in below) or not below.keys() - {"."}:
            yield (*path, token)
        else:
            yield from _tops({key: item for key, item in below.items() if key != "."}, (*path, token))


def item(items: Any, token: str) -> Any:
    """What a token leads to: the value of a key, or the item of a list; None where there is none."""
    kind, _, rest = token.partition(":")
    if kind == "f":
        return items.get(rest) if isinstance(items, dict) else None
    wanted = json.loads(rest)
    for candidate in items if isinstance(items, list) else ():
        if candidate == wanted:
            return candidate
        if kind == "k" and isinstance(candidate, dict) and wanted.items() <= candidate.items():
            return candidate
    return None


def value_at(of: Any, path: Path) -> Any:
    """What a path leads to; None where there is nothing."""
    for token in path:
        of = item(of, token)
    return of


def readable(path: Path) -> str:
    """The path for a person: `spec.template.spec.containers[app].env[GREETING].value`."""
    text = ""
    for token in path:
        kind, _, rest = token.partition(":")
        if kind == "f":
            text += f".{rest}" if _PLAIN.fullmatch(rest) else f"[{json.dumps(rest)}]"
        else:
            keys = json.loads(rest)
            text += f"[{'/'.join(map(str, keys.values())) if isinstance(keys, dict) else keys}]"
    return text.removeprefix(".")
