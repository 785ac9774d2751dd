"""Compares what is recorded of an object with the wanted inputs.

Source: Diff of pulumi-kubernetes 4.34. As there, a field that was recorded otherwise than the program set it, such as
one that admission rewrote, is a change too.
"""

from __future__ import annotations

import re
from typing import Any

from engine.kubernetes.immutable import immutable_fields
from engine.kubernetes.kinds import built_in_endpoint, from_manifest
from engine.kubernetes.normalize import TYPED_GROUPS, normalize, quantity
from engine.kubernetes.objects import AUTONAMED, annotation, name_of, namespace_of, without_read_only
from engine.provider import Diff
from engine.resource.paths import find, parse_path
from engine.resource.values import Properties, unwrap

FREE = frozenset(
    {"annotations", "binaryData", "data", "hard", "labels", "limits", "matchLabels", "nodeSelector", "parameters",
     "requests", "selector"}
)  # fmt: skip
"""Fields of built-in kinds whose keys are the user's own."""


REPLACE_UNREADY = "pulumi.com/replaceUnready"


class _Missing:
    pass


_MISSING = _Missing()
_PLAIN_KEY = re.compile(r'[."\[\]]')


def compare(
    olds: Properties,
    news: Properties,
    live: Properties | None = None,
    *,
    config_maps: bool = False,
    secrets: bool = False,
    unready: bool = False,
) -> Diff:
    """The difference; `config_maps` and `secrets` say whether their data may change in place.

    `live` is the object as it was recorded; None where it isn't. `unready`: it is to be replaced at any rate.
    """
    old, new = _plain(olds), _plain(news)
    kind = from_manifest(str(new.get("apiVersion")), str(new.get("kind")))
    namespaced = not kind.built_in or built_in_endpoint(kind).namespaced
    for manifest in (old, new):
        if isinstance(manifest.get("metadata"), dict):  # what the server takes an absent one for, or does not look at
            manifest["metadata"]["namespace"] = (
                (manifest["metadata"].get("namespace") or "default") if namespaced else ""
            )
    found: list[tuple[str, Any, Any]] = []
    _walk("", as_recorded(old, _plain(live)) if live else old, new, found)
    fields = immutable_fields(new, config_maps=config_maps, secrets=secrets)
    replaces = tuple(path for path, before, after in found if _forces(path, before, after, fields))
    if unready:
        replaces = (*replaces, f'metadata.annotations["{REPLACE_UNREADY}"]')
    same_place = name_of(new) == name_of(old) != "" and namespace_of(new) == namespace_of(old)
    return Diff(
        changes=bool(found or replaces),
        replaces=replaces,
        delete_before_replace=bool(replaces) and same_place and annotation(new, AUTONAMED) != "true",
        changed=tuple(path for path, _, _ in found),
        added=tuple(path for path, before, _ in found if find(live or {}, parse_path(path), before) is _MISSING),
        removed=tuple(path for path, _, after in found if after is _MISSING or after is None),
    )


def ignored(manifest: dict[str, Any]) -> list[str]:
    """Warnings about annotations that do nothing on an object of this kind."""
    kind = from_manifest(str(manifest.get("apiVersion")), str(manifest.get("kind")))
    if annotation(manifest, REPLACE_UNREADY) != "true" or (kind.group, kind.kind) == ("batch", "Job"):
        return []
    return [f"the annotation {REPLACE_UNREADY} is for Jobs only, and does nothing on a {kind.kind}"]


def as_recorded(inputs: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """The inputs with the values that the recorded object has instead.

    Another spelling of the same is no other value. A field that the server left out, for it is empty or unknown to it,
    is taken to be there, but for what is the user's to name: a label, a key of the data.
    """
    typed = from_manifest(str(inputs.get("apiVersion")), "").group in TYPED_GROUPS
    base: dict[str, Any] = _based(inputs, live, "", typed=typed)
    kept: dict[str, Any] = {key: inputs[key] for key in ("apiVersion", "kind") if key in inputs}
    if isinstance(inputs.get("metadata"), dict) and isinstance(base.get("metadata"), dict):
        own = {key: inputs["metadata"][key] for key in ("name", "namespace") if key in inputs["metadata"]}
        kept["metadata"] = {**base["metadata"], **own}
    return {**base, **kept}


def _based(inputs: Any, live: Any, field: str, *, typed: bool) -> Any:
    if isinstance(inputs, dict) and isinstance(live, dict):
        kept = [key for key in inputs if key in live or (typed and field not in FREE and inputs[key] not in ([], {}))]
        return {key: _based(inputs[key], live[key], key, typed=typed) if key in live else inputs[key] for key in kept}
    if isinstance(inputs, list) and isinstance(live, list):
        return [_based(one, other, "", typed=typed) for one, other in zip(inputs, live, strict=False)]
    if _empty(inputs) or (typed and inputs == "") or _spelt_alike(inputs, live):
        return inputs
    return live


def _spelt_alike(one: Any, other: Any) -> bool:
    if not isinstance(one, str | int | float) or not isinstance(other, str | int | float):
        return False
    return bool(quantity(one) == quantity(other)) or "".join(str(one).split()) == "".join(str(other).split())


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
    """Whether there is nothing: absent and null are the same; an empty list or map is not."""
    return value is _MISSING or value is None


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
