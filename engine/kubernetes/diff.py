"""Compares the recorded inputs of an object with the wanted ones.

Source: pulumi-kubernetes 4.34. Unlike it, the recorded inputs are the base and not the recorded live object: what only
the server or another controller changed shows no difference until a refresh records it as inputs.
"""

from __future__ import annotations

import re
from typing import Any

from engine.kubernetes.immutable import immutable_fields
from engine.kubernetes.normalize import normalize
from engine.kubernetes.objects import AUTONAMED, annotation, name_of, namespace_of, without_read_only
from engine.provider import Diff
from engine.values import Properties, unwrap


class _Missing:
    pass


_MISSING = _Missing()
_PLAIN_KEY = re.compile(r'[."\[\]]')


def compare(olds: Properties, news: Properties, *, config_maps: bool = False, secrets: bool = False) -> Diff:
    """The difference; `config_maps` and `secrets` say whether their data may change in place."""
    old, new = _plain(olds), _plain(news)
    for manifest in (old, new):
        if isinstance(manifest.get("metadata"), dict) and not manifest["metadata"].get("namespace"):
            manifest["metadata"]["namespace"] = "default"  # what the server takes an absent one for
    found: list[tuple[str, Any, Any]] = []
    _walk("", old, new, found)
    fields = immutable_fields(new, config_maps=config_maps, secrets=secrets)
    replaces = tuple(path for path, before, after in found if _forces(path, before, after, fields))
    same_place = name_of(new) == name_of(old) != "" and namespace_of(new) == namespace_of(old)
    return Diff(
        changes=bool(found),
        replaces=replaces,
        delete_before_replace=bool(replaces) and same_place and annotation(new, AUTONAMED) != "true",
        changed=tuple(path for path, _, _ in found),
    )


def _plain(properties: Properties) -> dict[str, Any]:
    plain: dict[str, Any] = without_read_only(unwrap(normalize(properties)))
    if isinstance(plain.get("metadata"), dict):
        plain["metadata"] = dict(plain["metadata"])
    return plain


def _walk(path: str, old: Any, new: Any, found: list[tuple[str, Any, Any]]) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            _walk(_join(path, key), old.get(key, _MISSING), new.get(key, _MISSING), found)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else _MISSING
            after = new[index] if index < len(new) else _MISSING
            if before is _MISSING or after is _MISSING:
                found.append((f"{path}[{index}]", before, after))
            else:
                _walk(f"{path}[{index}]", before, after, found)
    elif _empty(old) and _empty(new):
        return
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        found.append((path, old, new))


def _empty(value: Any) -> bool:
    """Whether the server sees nothing there: absent, null and an empty list are the same to it; `{}` often is not."""
    return value is _MISSING or value is None or value == []


def _join(path: str, key: str) -> str:
    if _PLAIN_KEY.search(key):
        quoted = key.replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{key}" if path else key


def _forces(path: str, before: Any, after: Any, fields: tuple[str, ...]) -> bool:
    """Whether a change at `path` touches one of the fields: it lies within one, or one lies within what changed."""
    general = re.sub(r"\[\d+\]", "[*]", path)
    for field in fields:
        if general == field or general.startswith((field + ".", field + "[")):
            return True
        if field.startswith((general + ".", general + "[")):
            rest = field[len(general) :]
            if _holds(before, rest) or _holds(after, rest):
                return True
    return False


def _holds(value: Any, rest: str) -> bool:
    if not rest:
        return True
    if rest.startswith("[*]"):
        return isinstance(value, list) and any(_holds(item, rest[3:]) for item in value)
    key, dot, tail = rest.lstrip(".").partition(".")
    key, bracket, more = key.partition("[")
    rest = (("[" + more) if bracket else "") + (("." + tail) if dot else "")
    return isinstance(value, dict) and key in value and _holds(value[key], rest)
