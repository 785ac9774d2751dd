"""The effective difference of two stacks: their configuration, and the objects that come of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from config.errors import show
from config.schema import FIELDS
from deploy.objects.offline import NO_DIGEST, Object, objects, without_hash
from deploy.objects.placeholders import placeholders
from deploy.stack import HIDDEN, Stack
from engine.resource.paths import Path, format_path


@dataclass(frozen=True)
class Change:
    """One value that differs; None stands for one that is not there."""

    object: str
    """Kind and role, such as `Deployment flask-k8s`; empty for the configuration."""
    path: str
    """Such as `spec.replicas`; empty for a whole object, whose name is then the value."""
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{self.path or self.object}: {text(self.left)} -> {text(self.right)}"


@dataclass(frozen=True)
class Difference:
    """What to change to make the left stack like the right one."""

    config: list[Change]
    """Keys after defaults, sorted; of secrets which are there, and never whether two are equal."""
    objects: list[Change]
    """Of the objects by kind and role, sorted. Left out: names that differ by a content hash or by the stack's own
    name alone."""


def text(value: Any) -> str:
    """A value for people."""
    if value is None:
        return "(not set)"
    if value == HIDDEN:
        return HIDDEN
    return show(value) if isinstance(value, str) else json.dumps(value)


def difference(left: Stack, right: Stack) -> Difference:
    """Compares two stacks, offline and without a passphrase.

    Raises:
        DeployError: the program of one of them refuses its configuration, or fails.
    """
    with ThreadPoolExecutor(2) as pool:
        lefts, rights = pool.map(_by_role, (left, right))
    found = [change for key in sorted({*lefts, *rights}) for change in _object(key, lefts.get(key), rights.get(key))]
    return Difference(list(_changes("", _config(left), _config(right))), found)


@dataclass(frozen=True)
class _Side:
    """One object, and how its stack names things."""

    object: Object
    suffix: str
    """What the stack's own name adds to a name, such as `-dev`."""
    hashed: frozenset[str]
    """The names of the stack's objects that end in a content hash."""

    def leaves(self) -> dict[Path, Any]:
        hidden = ("data", "stringData") if self.object.kind == "Secret" else ()
        return {path: HIDDEN if path[0] in hidden else _readable(leaf) for path, leaf in _leaves(self.object.manifest)}

    def stable(self, value: Any) -> Any:
        """The value without what differs between any two stacks."""
        if not isinstance(value, str):
            return value
        if value in self.hashed:
            return without_hash(value)
        stem = value.removesuffix(self.suffix)
        return value if stem == value else f"{stem}-*"


def _by_role(stack: Stack) -> dict[tuple[str, str], _Side]:
    # Before its first promotion an environment has no image, and is compared all the same.
    unset = not stack.get("image") and not stack.get("registry")
    found = objects(stack, image=f"{stack.project_name}@{NO_DIGEST}" if unset else "")
    hashed = frozenset(it.name for it in found if it.hashed)
    return {(it.kind, it.role): _Side(it, f"-{stack.name}", hashed) for it in found}


def _object(key: tuple[str, str], left: _Side | None, right: _Side | None) -> Iterator[Change]:
    what = " ".join(key)
    if left is None or right is None:
        yield Change(what, "", left and left.object.name, right and right.object.name)
        return
    for change in _changes(what, left.leaves(), right.leaves()):
        if left.stable(change.left) != right.stable(change.right):
            yield change


def _config(stack: Stack) -> dict[Path, Any]:
    """Every value that is set, by its path."""
    found: dict[Path, Any] = {}
    secrets = placeholders(stack)
    for full, value in stack.values.items():
        key = full.removeprefix(f"{stack.project_name}:")
        structured = key in FIELDS and FIELDS[key].kind in ("array", "object")
        content = json.loads(secrets.get(full, value)) if structured else value
        leaves = {path: leaf for path, leaf in _leaves(content, (key,)) if leaf not in ({}, [])}
        if full in stack.secret_keys:
            leaves = dict.fromkeys(leaves or ((key,),), HIDDEN)
        elif key in FIELDS and FIELDS[key].secret:
            continue  # the default, which is empty
        found.update(leaves)
    return found


def _changes(what: str, left: Mapping[Path, Any], right: Mapping[Path, Any]) -> Iterator[Change]:
    for path in sorted({*left, *right}, key=str):
        if left.get(path) != right.get(path):
            yield Change(what, format_path(path), left.get(path), right.get(path))


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    if not value or not isinstance(value, dict | list):
        yield path, value
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(item, (*path, key))


def _readable(leaf: Any) -> Any:
    return leaf.replace(NO_DIGEST, "no-digest-yet") if isinstance(leaf, str) else leaf
